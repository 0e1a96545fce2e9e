import type { Default } from './default.ts';

export const containerSeccompProfile: Default = {
  id: 'container-seccomp-profile',
  notStored: 'reads other fields',
  summary: "The container gets the runtime's seccomp profile (seccompProfile: RuntimeDefault).",
  apply({ spec }, added) {
    const security = spec.runtime?.security;
    if (security?.securityContext?.seccompProfile !== undefined) return;
    // The container's value would hide the pod's, so it must not contradict what the author wrote there.
    const ofPod = security?.podSecurityContext?.seccompProfile?.type ?? 'RuntimeDefault';
    if (ofPod !== 'RuntimeDefault') return;
    added.container().seccompProfile = { type: 'RuntimeDefault' };
  },
};
