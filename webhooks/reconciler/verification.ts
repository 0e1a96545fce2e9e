import { serviceUrl } from '../core/mcpserver/names.ts';
import type { MCPServer } from '../core/mcpserver/types.gen.ts';
import type { AnsweredBy, Verification } from '../core/plan/observed.ts';
import type { Ask } from '../core/plan/report.ts';
import { toolDemandsOf } from '../core/plan/tool-demands.ts';
import { eraImage } from '../core/plan/verification-status.ts';
import { believedEra, believedVerification } from './believed.ts';
import type { BelievedVerification } from './believed.ts';
import { timestamp } from '../platform/clock.ts';
import { tlsTrustOf } from '../platform/mcp/tls-trust.ts';
import type { KeptCaBundle } from '../platform/mcp/tls-trust.ts';
import type { Believed } from './verify/watched.ts';
import type { World } from './world.ts';

interface KeepAskingOptions {
  readonly ask: Ask | undefined;
  readonly address: string | undefined;
  readonly caBundle: KeptCaBundle | undefined;
}

/** Between two questions to a server that answered, if its spec does not say. */
const defaultPeriodSeconds = 60;

export interface LastVerification {
  readonly verification: Verification;
  /** Whose answer that is; absent when nothing was answered. */
  readonly answeredBy?: AnsweredBy;
  /** As status has it; RFC 3339. */
  readonly lastVerdictTime?: string;
}

/**
 * What was found out last, by us or, as status tells, by an earlier reconciler. What was learnt of how to ask is for status
 * whatever else is known: a question may have ended the server that it was asked.
 */
export function lastVerification(
  key: string,
  server: MCPServer,
  { verifier, clusterDomain }: Pick<World, 'verifier' | 'clusterDomain'>,
): LastVerification {
  // What the Secret of a CA bundle holds is nothing that the spec says.
  const asked = { url: serviceUrl(server, clusterDomain), tls: tlsTrustOf(server, undefined) };
  const { verification, of, lastVerdictMs } = verifier.current(key, asked);
  const dated = lastVerdictMs === undefined ? {} : { lastVerdictTime: timestamp(new Date(lastVerdictMs)) };
  if (of !== undefined) return { verification, answeredBy: of, ...dated };
  const believed = believedVerification(server.status);
  if (believed !== undefined) return believed;
  const image = eraImage(server.spec);
  const [era, gone] = [verifier.eraOf(key, image), verifier.goneOf(key, image)];
  const learnt = { ...(era === undefined ? {} : { era }), ...(gone === undefined ? {} : { gone }) };
  return { verification: verification.state === 'not-attempted' ? { ...verification, ...learnt } : verification };
}

/**
 * Has the endpoint asked for as long as something serves, and no longer. `caBundle` is what
 * spec.transport.tls.caBundleSecret holds now, `address` where status says that clients reach what serves.
 */
export function keepAsking(
  key: string,
  server: MCPServer,
  { ask, address, caBundle }: KeepAskingOptions,
  world: World,
): void {
  if (ask === undefined) {
    world.verifier.rest(key);
    return;
  }
  const { generation, podSet: pods } = ask;
  const { periodSeconds = defaultPeriodSeconds } = server.spec.extensions?.verification ?? {};
  const how = { image: eraImage(server.spec), era: believedEra(server), tls: tlsTrustOf(server, caBundle) };
  const isBehind = generation < (server.metadata.generation ?? 0);
  const url = (isBehind ? address : undefined) ?? serviceUrl(server, world.clusterDomain);
  const believed = believedVerification(server.status);
  const isOfThese = believed?.answeredBy.generation === generation;
  const tools = toolDemandsOf(server, server.status, { isOlder: isBehind });
  const followsOthers = believed !== undefined && !isOfThese;
  world.verifier.watch(
    key,
    { url, generation, isBehind, pods, periodMs: periodSeconds * 1_000, tools, followsOthers, ...how },
    isOfThese ? withItsTime(believed) : undefined,
  );
}

/** Where nobody can read the time, it is none. */
function withItsTime({ verification, lastVerdictTime }: BelievedVerification): Believed {
  const lastVerdictMs = Date.parse(lastVerdictTime ?? '');
  return Number.isNaN(lastVerdictMs) ? verification : { ...verification, lastVerdictMs };
}
