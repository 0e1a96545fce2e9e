import type { MCPServer, SecurityContext } from '../../mcpserver/types.gen.ts';
import type { FieldPath } from '../../mcpserver/violation.ts';

/** What a pod and its container can both say; the container's value wins where it has one. */
export interface SecurityContextAt {
  readonly path: FieldPath;
  readonly context: Pick<
    SecurityContext,
    | 'appArmorProfile'
    | 'runAsGroup'
    | 'runAsNonRoot'
    | 'runAsUser'
    | 'seLinuxOptions'
    | 'seccompProfile'
    | 'windowsOptions'
  >;
}

const security = ['spec', 'runtime', 'security'] as const;
const podPath: FieldPath = [...security, 'podSecurityContext'];
const containerPath: FieldPath = [...security, 'securityContext'];

/**
 * The security contexts of the pod and of the container, in this order; one that is not there is empty. The Pod Security
 * Standards judge each by itself: a bad value of the pod is refused even if the container's own value hides it.
 */
export function securityContextsOf(server: MCPServer): readonly [SecurityContextAt, SecurityContextAt] {
  const { podSecurityContext = {}, securityContext = {} } = server.spec.runtime?.security ?? {};
  return [
    { path: podPath, context: podSecurityContext },
    { path: containerPath, context: securityContext },
  ];
}

/** The place of a field in the container's security context. */
export function containerSecurityPath(...fields: FieldPath): FieldPath {
  return [...containerPath, ...fields];
}
