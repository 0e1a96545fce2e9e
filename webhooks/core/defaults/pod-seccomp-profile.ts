import type { Default } from './default.ts';
import { withPodSecurity } from './security-context.ts';

export const podSeccompProfile: Default = {
  id: 'pod-seccomp-profile',
  summary: "Every container of the pod gets the runtime's seccomp profile (seccompProfile: RuntimeDefault).",
  apply: (server) =>
    server.spec.runtime?.security?.podSecurityContext?.seccompProfile === undefined
      ? withPodSecurity(server, { seccompProfile: { type: 'RuntimeDefault' } })
      : server,
};
