import type { Default } from './default.ts';
import { withContainerSecurity } from './security-context.ts';

export const dropAllCapabilities: Default = {
  id: 'drop-all-capabilities',
  summary: 'The container has no capabilities but those that the spec adds (capabilities.drop: [ALL]).',
  apply(server) {
    const capabilities = server.spec.runtime?.security?.securityContext?.capabilities;
    if (capabilities?.drop !== undefined) return server;
    return withContainerSecurity(server, { capabilities: { ...capabilities, drop: ['ALL'] } });
  },
};
