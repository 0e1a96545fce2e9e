import type { Default } from './default.ts';

export const containerRunAsNonRoot: Default = {
  id: 'container-run-as-non-root',
  notStored: 'reads other fields',
  summary: 'The container is refused when its image would start it as root (runAsNonRoot: true).',
  apply({ spec }, added) {
    const security = spec.runtime?.security;
    if (security?.securityContext?.runAsNonRoot !== undefined) return;
    // The container's value would hide the pod's, so it must not contradict what the author wrote there.
    if (security?.podSecurityContext?.runAsNonRoot === false) return;
    added.container().runAsNonRoot = true;
  },
};
