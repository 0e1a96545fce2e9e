import { join, none } from '../../engine/violations.ts';
import { pathTo, placeOf, type Place } from '../../mcpserver/place.ts';
import type { MCPServer, SecurityContext } from '../../mcpserver/types.gen.ts';
import type { FieldPath, Violation } from '../../mcpserver/violation.ts';

/** What a pod and its container can both say; the container's value wins where it has one. */
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
const containerPlace = placeOf('spec', 'runtime', 'security', 'securityContext');

/**
 * What the check says about the security contexts of the pod and of the container, in this order. The Pod Security
 * Standards judge each by itself: a bad value of the pod is refused even if the container's own value hides it.
 */
export function eachSecurityContext(
  { spec }: MCPServer,
  check: (context: AnySecurityContext, place: Place) => readonly Violation[],
): readonly Violation[] {
  const { podSecurityContext: pod, securityContext: container } = spec.runtime?.security ?? {};
  return join(
    pod === undefined ? none : check(pod, podSecurityPlace),
    container === undefined ? none : check(container, containerPlace),
  );
}

/** The path to a field in the container's security context. */
export function containerSecurityPath(...fields: FieldPath): FieldPath {
  return pathTo(containerPlace, ...fields);
}
