import type { Default } from './default.ts';

export const resources: Default = {
  id: 'resources',
  notStored: 'is one whole',
  summary: 'The container requests 50m CPU and 64Mi memory, and may use 500m CPU and 256Mi memory.',
  apply({ spec }, added) {
    // Whoever says anything about resources has said everything: half a default beside half a value helps nobody.
    if (spec.runtime?.resources !== undefined) return;
    added.setResources({
      requests: { cpu: '50m', memory: '64Mi' },
      limits: { cpu: '500m', memory: '256Mi' },
    });
  },
};
