import type { MCPServer } from '../mcpserver/types.gen.ts';

/** Why the field is worth a look: a server that reads the Kubernetes API and finds no token exits at once. */
const withoutToken =
  'no service account token is mounted: if the server uses the Kubernetes API, set spec.runtime.security.serviceAccountName';

/** What the spec leaves out on purpose, and a server that crashes may need; undefined when there is nothing. */
export function hintOnCrash({ spec }: MCPServer): string | undefined {
  return (spec.runtime?.security?.serviceAccountName ?? '') === '' ? withoutToken : undefined;
}
