import type { Default } from './default.ts';
import { withContainerSecurity } from './security-context.ts';

export const readOnlyRootFilesystem: Default = {
  id: 'read-only-root-filesystem',
  summary: 'The container cannot write to its image (readOnlyRootFilesystem: true).',
  apply: (server) =>
    server.spec.runtime?.security?.securityContext?.readOnlyRootFilesystem === undefined
      ? withContainerSecurity(server, { readOnlyRootFilesystem: true })
      : server,
};
