import { serviceUrl } from '../core/mcpserver/names.ts';
import { decideAvailability, isServing } from '../core/plan/availability.ts';
import type { Verification } from '../core/plan/observed.ts';
import type { WorkloadInput } from '../core/plan/status-input.ts';
import { believedVerification } from './believed.ts';
import type { World } from './world.ts';

/** Has the endpoint asked for as long as it serves, and no longer; says what is known about it. */
export function verifyWhileServing(key: string, workload: WorkloadInput, world: World): Verification {
  const { server, previous } = workload;
  const { generation = 0 } = server.metadata;
  if (!isServing(decideAvailability(workload))) {
    world.verifier.forget(key);
    return { state: 'not-attempted' };
  }
  const url = serviceUrl(server, world.clusterDomain);
  world.verifier.watch(key, { url, generation }, believedVerification(previous, generation));
  return world.verifier.current(key, generation);
}
