import type { Default } from './default.ts';

export const podSeccompProfile: Default = {
  id: 'pod-seccomp-profile',
  summary: "Every container of the pod gets the runtime's seccomp profile (seccompProfile: RuntimeDefault).",
  apply({ spec }, added) {
    if (spec.runtime?.security?.podSecurityContext?.seccompProfile !== undefined) return;
    added.pod().seccompProfile = { type: 'RuntimeDefault' };
  },
};
