import type { CompatibilityProfile } from '../mcpserver/compatibility.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';

/** The one place that always has the reason: exit codes are the server's own, and mostly 1. */
const seeLog = 'its log says why (kubectl logs --previous)';

const readOnlyRoot =
  'it writes files where it may not: the root file system is read-only, mount an EmptyDir with ReadWrite by spec.config.storage (often at /tmp)';

/** Why the field is worth a look: a server that reads the Kubernetes API and finds no token exits at once. */
const withoutToken =
  'it uses the Kubernetes API and no service account token is mounted: set spec.runtime.security.serviceAccountName';

/**
 * Where to look when a container ends with an error, and what the spec leaves out on purpose that it may need. None of that
 * is known to be the reason. `server` with every default applied.
 */
export function hintOnCrash({ spec }: MCPServer, compatibility: CompatibilityProfile = 'default'): string {
  const { serviceAccountName = '', securityContext = {} } = spec.runtime?.security ?? {};
  const reasons = [
    ...(securityContext.readOnlyRootFilesystem === true ? [readOnlyRoot] : []),
    ...(serviceAccountName === '' && compatibility === 'default' ? [withoutToken] : []),
  ];
  return reasons.length === 0 ? seeLog : `${seeLog}; it may be that ${reasons.join('; or that ')}`;
}
