import { serviceUrl } from '../core/mcpserver/names.ts';
import { decideAvailability, isServing } from '../core/plan/availability.ts';
import type { Verification } from '../core/plan/observed.ts';
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
  const { server, previous } = workload;
  const { generation = 0 } = server.metadata;
  const image = eraImage(server.spec);
  if (!isServing(decideAvailability(workload))) {
    world.verifier.rest(key);
    return withLearnt({ state: 'not-attempted' }, { key, image }, world);
  }
  const url = serviceUrl(server, world.clusterDomain);
  const { periodSeconds = defaultPeriodSeconds } = server.spec.extensions?.verification ?? {};
  const asked = { era: believedEra(server), image, pods: describePods(workload) };
  const target = { url, generation, periodMs: periodSeconds * 1_000, tls: tlsTrustOf(server, caBundle), ...asked };
  world.verifier.watch(key, target, believedVerification(previous, generation));
  return withLearnt(world.verifier.current(key, generation), { key, image }, world);
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

/** A rollout has another generation, and a pod that fails or comes changes how many are ready. */
function describePods({ deployment }: WorkloadInput): string {
  return deployment === undefined ? '' : `${deployment.generation}/${deployment.readyReplicas}`;
}
