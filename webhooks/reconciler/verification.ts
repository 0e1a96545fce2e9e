import { serviceUrl } from '../core/mcpserver/names.ts';
import type { MCPServerStatus } from '../core/mcpserver/types.gen.ts';
import { decideAvailability, isServing } from '../core/plan/availability.ts';
import type { Verification } from '../core/plan/observed.ts';
import { decideServing } from '../core/plan/serving.ts';
import { eraImage } from '../core/plan/status.ts';
import type { WorkloadInput } from '../core/plan/status-input.ts';
import { believedEra, believedVerification } from './believed.ts';
import { tlsTrustOf } from './verify/tls-trust.ts';
import type { KeptCaBundle } from './verify/tls-trust.ts';
import type { World } from './world.ts';

/** Between two questions to a server that answered, if its spec does not say. */
const defaultPeriodSeconds = 60;

/**
 * Has the endpoint asked for as long as it serves, and no longer; says what is known about it. `caBundle` is what
 * spec.transport.tls.caBundleSecret holds now.
 */
export function verifyWhileServing(
  key: string,
  workload: WorkloadInput,
  caBundle: KeptCaBundle | undefined,
  world: World,
): Verification {
  const { server, previous, deployment } = workload;
  const { generation = 0 } = server.metadata;
  const image = eraImage(server.spec);
  if (!isServing(decideAvailability(workload))) {
    world.verifier.rest(key);
    return withLearnt({ state: 'not-attempted' }, { key, image }, world);
  }
  const url = serviceUrl(server, world.clusterDomain);
  const { periodSeconds = defaultPeriodSeconds } = server.spec.extensions?.verification ?? {};
  const pods = world.pods.servingOf(key);
  const serving = decideServing({ pods, deployment, generation, isApplied: true });
  const running = pods.length === 0 ? generation : (serving.generation ?? saidGeneration(previous));
  const asked = { era: believedEra(server), image, pods: serving.podSet, generation: running };
  const target = { url, periodMs: periodSeconds * 1_000, tls: tlsTrustOf(server, caBundle), ...asked };
  world.verifier.watch(key, target, believedVerification(previous, running));
  const { verification, of } = world.verifier.current(key);
  const known: Verification = of?.generation === generation ? verification : { state: 'not-attempted' };
  return withLearnt(known, { key, image }, world);
}

/** Of which the pods were verified last; they still serve. */
function saidGeneration(status: MCPServerStatus | undefined): number {
  return status?.conditions?.find(({ type }) => type === 'Verified')?.observedGeneration ?? 0;
}

/** What was learnt is for status, whatever else is known: a question may have ended the server that it was asked. */
function withLearnt(
  verification: Verification,
  { key, image }: { readonly key: string; readonly image: string },
  { verifier }: World,
): Verification {
  if (verification.state !== 'not-attempted') return verification;
  const era = verifier.eraOf(key, image);
  const gone = verifier.goneOf(key, image);
  return { ...verification, ...(era === undefined ? {} : { era }), ...(gone === undefined ? {} : { gone }) };
}
