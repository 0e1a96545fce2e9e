import type { ResourceRequirements } from '../mcpserver/types.gen.ts';
import type { Default } from './default.ts';

/** Those of the reference operator, since its builds give any. */
export const defaultResources: ResourceRequirements = {
  requests: { cpu: '50m', memory: '64Mi' },
  limits: { cpu: '500m', memory: '256Mi' },
};

export const resources: Default = {
  id: 'resources',
  notStored: 'is one whole',
  summary: 'The container requests 50m CPU and 64Mi memory, and may use 500m CPU and 256Mi memory.',
  apply({ spec }, added) {
    // Whoever says anything about resources has said everything: half a default beside half a value helps nobody.
    if (spec.runtime?.resources !== undefined) return;
    added.setResources(defaultResources);
  },
};
