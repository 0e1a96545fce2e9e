import type { JudgedContainer } from '../../engine/judged-container.ts';
import type { RuleInput } from '../../engine/rule.ts';
import { none } from '../../engine/violations.ts';
import { placeOf, type Place } from '../../mcpserver/place.ts';
import type { SecurityContext } from '../../mcpserver/types.gen.ts';
import type { Violation } from '../../mcpserver/violation.ts';
import { podContainers } from '../../resources/pod/containers.ts';

/** What a pod and its containers can both say; a container's value wins where it has one. */
export type AnySecurityContext = Pick<
  SecurityContext,
  | 'appArmorProfile'
  | 'runAsGroup'
  | 'runAsNonRoot'
  | 'runAsUser'
  | 'seLinuxOptions'
  | 'seccompProfile'
  | 'windowsOptions'
>;

export const podSecurityPlace = placeOf('spec', 'runtime', 'security', 'podSecurityContext');

/** The containers that the pods of the server have. */
export function containersOf({ server, containers = podContainers }: RuleInput): readonly JudgedContainer[] {
  return containers.filter((container) => container.isOf(server));
}

/** What the check says about each container that the pods of the server have. */
export function eachContainer(
  input: RuleInput,
  check: (container: JudgedContainer, input: RuleInput) => readonly Violation[],
): readonly Violation[] {
  const { server, containers = podContainers } = input;
  let found = none;
  for (const container of containers) {
    if (container.isOf(server)) found = withMore(found, check(container, input));
  }
  return found;
}

/** What the check says about the security context of each container, which a container may not have. */
export function eachContainerContext(
  input: RuleInput,
  check: (context: SecurityContext | undefined, place: Place) => readonly Violation[],
): readonly Violation[] {
  const { server, containers = podContainers } = input;
  let found = none;
  for (const container of containers) {
    const { securityContext } = container;
    if (container.isOf(server)) found = withMore(found, check(securityContext.of(server), securityContext.place));
  }
  return found;
}

/**
 * What the check says about the security contexts of the pod and of its containers, in this order. The Pod Security
 * Standards judge each by itself: a bad value of the pod is refused even if the container's own value hides it.
 */
export function eachSecurityContext(
  input: RuleInput,
  check: (context: AnySecurityContext, place: Place) => readonly Violation[],
): readonly Violation[] {
  const { server, containers = podContainers } = input;
  const pod = server.spec.runtime?.security?.podSecurityContext;
  let found = pod === undefined ? none : check(pod, podSecurityPlace);
  for (const container of containers) {
    const context = container.isOf(server) ? container.securityContext.of(server) : undefined;
    if (context !== undefined) found = withMore(found, check(context, container.securityContext.place));
  }
  return found;
}

/** As join, without a list of lists. */
function withMore(found: readonly Violation[], more: readonly Violation[]): readonly Violation[] {
  return more.length === 0 ? found : [...found, ...more];
}
