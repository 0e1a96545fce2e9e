import type { Fields } from '../../mcpserver/record.ts';
import type { CompatibilityProfile } from '../../mcpserver/compatibility.ts';
import type { MCPServer } from '../../mcpserver/types.gen.ts';

/** Until no kube-proxy leads to a pod any more that is on its way out, in seconds; meanwhile it serves as before. */
const farewellSeconds = 5;
/**
 * What a pod has in all if its spec does not say, in seconds: as the API server has it. Applied all the same: a shorter one that
 * somebody else wrote would leave no room for the sleep, and every apply would be refused.
 */
const defaultGraceSeconds = 30;

/** How a pod of the server ends. */
export interface Termination {
  /** Undefined where nobody says it, and the API server does. */
  readonly graceSeconds: number | undefined;
  /** Of the container that serves; undefined where there is no time for it, or it ends as the reference operator's do. */
  readonly lifecycle: Fields | undefined;
}

/** For processes that are told to end at last, two seconds (shim/README.md), and for the bridge after them, in seconds. */
const lastSeconds = 4;
/** Longer than that neither shim nor bridge waits, in seconds. */
const maxShimSeconds = 3600;

/** How long processes for stdio may go on with what they are at once their pod is to end, in seconds; at least one. */
export function shimGraceSeconds(server: MCPServer, compatibility?: CompatibilityProfile): number {
  const { graceSeconds = defaultGraceSeconds, lifecycle } = terminationOf(server, compatibility);
  const farewell = lifecycle === undefined ? 0 : farewellSeconds;
  return Math.min(Math.max(1, graceSeconds - farewell - lastSeconds), maxShimSeconds);
}

/**
 * Endpoints learn of a pod that goes at the same time as its containers do, and nodes a little later than both: who ends at
 * once refuses calls that are led to it still. So it sleeps first; the kubelet does that, the image needs no shell.
 * https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/#hook-handler-implementations
 */
export function terminationOf({ spec }: MCPServer, compatibility: CompatibilityProfile = 'default'): Termination {
  const said = spec.extensions?.rollout?.terminationGracePeriodSeconds;
  if (compatibility === 'reference') return { graceSeconds: said, lifecycle: undefined };
  const graceSeconds = said ?? defaultGraceSeconds;
  // The API server wants it to end before the pod has to.
  const seconds = Math.min(farewellSeconds, graceSeconds - 1);
  return { graceSeconds, lifecycle: seconds < 1 ? undefined : { preStop: { sleep: { seconds } } } };
}
