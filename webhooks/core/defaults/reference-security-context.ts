import type { Default } from './default.ts';

export const referenceSecurityContext: Default = {
  id: 'reference-security-context',
  profile: 'reference',
  notStored: 'is one whole',
  summary:
    'A container of which nothing is said has what the restricted Pod Security Standard asks for, and a read-only root.',
  apply({ spec }, added) {
    // Whoever says anything about it, be it nothing, replaces all of it.
    if (spec.runtime?.security?.securityContext !== undefined) return;
    const context = added.container();
    context.allowPrivilegeEscalation = false;
    context.capabilities = { drop: ['ALL'] };
    context.readOnlyRootFilesystem = true;
    context.runAsNonRoot = true;
    context.seccompProfile = { type: 'RuntimeDefault' };
  },
};
