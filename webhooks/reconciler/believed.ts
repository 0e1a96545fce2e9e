import type { MCPServer, MCPServerStatus, VerificationStatus } from '../core/mcpserver/types.gen.ts';
import type { OfferCounts, ProtocolEra, ServerInfo } from '../core/plan/observed.ts';
import { AUTH_SKIPPED, eraImage, eras, THROTTLED, TLS_CONFIGURATION_ERROR } from '../core/plan/status.ts';
import type { ProbeResult } from './verify/probe.ts';
import { eraOfVersion } from './verify/protocol-versions.ts';

/**
 * What status says that an earlier reconciler found out about this generation. Believed until we have asked ourselves,
 * so that a restart writes nothing.
 */
export function believedVerification(status: MCPServerStatus | undefined, generation: number): ProbeResult | undefined {
  const verified = status?.conditions?.find(({ type }) => type === 'Verified');
  if (verified?.observedGeneration !== generation) return undefined;
  switch (verified.reason) {
    case 'Verified':
      return status?.serverInfo === undefined ? undefined : believedSuccess(status, complete(status.serverInfo));
    case 'AuthSkipped':
      // which of 401 and 403 it was is not in status, and makes no difference to it
      return { state: 'auth-required', statusCode: 401, ...wordsIn(verified.message) };
    case 'NotVerified':
      return throttledBy(verified.message);
    case 'EndpointUnavailable':
      return failureOf(verified.message, status);
    default:
      return undefined;
  }
}

/**
 * The era in which status says that this image is asked. What an earlier release verified says it by its revision, and may
 * be another image's: then the first question is answered with an error, and the other one follows.
 */
export function believedEra({ spec, status }: MCPServer): ProtocolEra | undefined {
  const { era, image } = status?.extensions?.verification ?? {};
  if (era !== undefined) return image === eraImage(spec) ? toEra(era) : undefined;
  const version = status?.serverInfo?.protocolVersion;
  return version === undefined ? undefined : eraOfVersion(version);
}

function toEra(said: NonNullable<VerificationStatus['era']>): ProtocolEra {
  return said === eras.handshake ? 'handshake' : 'stateless';
}

function believedSuccess(status: MCPServerStatus, serverInfo: ServerInfo): ProbeResult {
  const { era: said, toolsDigest, notCounted } = status.extensions?.verification ?? {};
  return {
    state: 'verified',
    serverInfo,
    era: said === undefined ? eraOfVersion(serverInfo.protocolVersion) : toEra(said),
    offers: believedOffers(status),
    ...(toolsDigest === undefined ? {} : { toolsDigest }),
    ...(notCounted === undefined ? {} : { notCounted }),
  };
}

function wordsIn(message: string): { readonly said?: string } {
  const preamble = `${AUTH_SKIPPED}: `;
  return message.startsWith(preamble) ? { said: message.slice(preamble.length) } : {};
}

/** The other messages of this reason say that it was not asked. */
function throttledBy(message: string): ProbeResult | undefined {
  const preamble = `${THROTTLED}: `;
  return message.startsWith(preamble) ? { state: 'throttled', message: message.slice(preamble.length) } : undefined;
}

function failureOf(message: string, status: MCPServerStatus | undefined): ProbeResult {
  const { handshakeRetryCount: failures, extensions } = status ?? {};
  const failingPods = extensions?.verification?.failingPods;
  return {
    state: 'failed',
    message: withoutPreamble(message),
    ...(failures === undefined ? {} : { failures }),
    ...(failingPods === undefined ? {} : { failingPods }),
    ...(message.startsWith(TLS_CONFIGURATION_ERROR) ? { isTlsConfiguration: true } : {}),
  };
}

/** What status says before the first colon is the condition's; a message without one is somebody else's, and whole. */
function withoutPreamble(message: string): string {
  const colon = message.indexOf(': ');
  return colon === -1 ? message : message.slice(colon + 2);
}

function believedOffers({ extensions }: MCPServerStatus): OfferCounts {
  const { toolCount, resourceCount, promptCount } = extensions?.verification ?? {};
  return {
    ...(toolCount === undefined ? {} : { tools: toolCount }),
    ...(resourceCount === undefined ? {} : { resources: resourceCount }),
    ...(promptCount === undefined ? {} : { prompts: promptCount }),
  };
}

function complete(info: NonNullable<MCPServerStatus['serverInfo']>): ServerInfo {
  const { name = '', version = '', protocolVersion = '', instructions, capabilities = {} } = info;
  const { tools = false, resources = false, prompts = false, logging = false, completions = false } = capabilities;
  return {
    name,
    version,
    protocolVersion,
    ...(instructions === undefined ? {} : { instructions }),
    capabilities: { tools, resources, prompts, logging, completions },
  };
}
