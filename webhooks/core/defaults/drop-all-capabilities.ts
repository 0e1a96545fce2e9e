import type { Default } from './default.ts';

export const dropAllCapabilities: Default = {
  id: 'drop-all-capabilities',
  summary: 'The container has no capabilities but those that the spec adds (capabilities.drop: [ALL]).',
  apply({ spec }, added) {
    const capabilities = spec.runtime?.security?.securityContext?.capabilities;
    if (capabilities?.drop !== undefined) return;
    added.container().capabilities = { ...capabilities, drop: ['ALL'] };
  },
};
