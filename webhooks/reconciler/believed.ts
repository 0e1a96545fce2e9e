import { present } from '../core/mcpserver/record.ts';
import type { MCPServer, MCPServerStatus, VerificationStatus } from '../core/mcpserver/types.gen.ts';
import { conditionOf } from '../core/plan/condition.ts';
import type { AnsweredBy, OfferCounts, ProtocolEra, ServerInfo } from '../core/plan/observed.ts';
import { toolReasons } from '../core/plan/tool-reasons.ts';
import { toolsInStatus } from '../core/plan/tools-status.ts';
import { eraImage, eras } from '../core/plan/verification-status.ts';
import type { ProbeResult } from '../platform/mcp/probe.ts';
import { eraOfVersion } from '../platform/mcp/protocol-versions.ts';

export interface BelievedVerification {
  readonly verification: ProbeResult;
  readonly answeredBy: AnsweredBy;
  /** When it was given, RFC 3339; while the server asks not to be asked. */
  readonly lastVerdictTime?: string;
}

/**
 * What status says that an earlier reconciler found out, and of which generation. Believed until we have asked ourselves,
 * so that a restart writes nothing. Why it is so stands in the message of the condition, which stays as it is meanwhile and
 * is read by nobody but people.
 */
export function believedVerification(status: MCPServerStatus | undefined): BelievedVerification | undefined {
  const verified = conditionOf(status, 'Verified');
  if (verified?.observedGeneration === undefined) return undefined;
  const verification = believedResult(status, verified.reason);
  // Which pods they were is not in status.
  const answeredBy = { generation: verified.observedGeneration, podSet: '' };
  const { lastVerdictTime } = status?.extensions?.verification ?? {};
  return verification === undefined ? undefined : present({ verification, answeredBy, lastVerdictTime });
}

function believedResult(status: MCPServerStatus | undefined, reason: string): ProbeResult | undefined {
  switch (reason) {
    case 'Verified':
    case toolReasons.changed:
    case toolReasons.notAllowed:
      return status?.serverInfo === undefined ? undefined : believedSuccess(status, complete(status.serverInfo));
    case toolReasons.unknown:
      // Without credentials nobody tells what it is.
      return status?.serverInfo === undefined ? wantsCredentials : withoutTools(status, complete(status.serverInfo));
    case 'AuthSkipped':
      return wantsCredentials;
    case 'EndpointUnavailable':
      return believedFailure(status);
    default:
      return undefined;
  }
}

/** Which of 401 and 403 it was is not in status, and makes no difference to it. */
const wantsCredentials: ProbeResult = { state: 'auth-required', statusCode: 401, isBelieved: true };

function believedFailure({ handshakeRetryCount: failures, extensions }: MCPServerStatus = {}): ProbeResult {
  const failingPods = extensions?.verification?.failingPods;
  return present({ state: 'failed', message: '', isBelieved: true, failures, failingPods });
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
  const { era: said, notCounted } = status.extensions?.verification ?? {};
  const era = said === undefined ? eraOfVersion(serverInfo.protocolVersion) : toEra(said);
  const tools = toolsInStatus(status);
  return present({ state: 'verified', serverInfo, era, offers: believedOffers(status), tools, notCounted });
}

/** What status says of tools that could not be listed is of the time when they could. */
function withoutTools(status: MCPServerStatus, serverInfo: ServerInfo): ProbeResult {
  const believed = { ...believedSuccess(status, serverInfo) };
  if (status.extensions?.tools?.reason === undefined && believed.state === 'verified') delete believed.tools;
  return believed;
}

function believedOffers({ extensions }: MCPServerStatus): OfferCounts {
  const { toolCount, resourceCount, promptCount } = extensions?.verification ?? {};
  return present({ tools: toolCount, resources: resourceCount, prompts: promptCount });
}

function complete(info: NonNullable<MCPServerStatus['serverInfo']>): ServerInfo {
  const { name = '', version = '', protocolVersion = '', instructions, capabilities = {} } = info;
  const { tools = false, resources = false, prompts = false, logging = false, completions = false } = capabilities;
  const complete = { tools, resources, prompts, logging, completions };
  return present({ name, version, protocolVersion, instructions, capabilities: complete });
}
