import type { Default } from './default.ts';

export const readOnlyRootFilesystem: Default = {
  id: 'read-only-root-filesystem',
  summary: 'The container cannot write to its image (readOnlyRootFilesystem: true).',
  apply({ spec }, added) {
    if (spec.runtime?.security?.securityContext?.readOnlyRootFilesystem !== undefined) return;
    added.container().readOnlyRootFilesystem = true;
  },
};
