import type { Default } from './default.ts';
import { withPodSecurity } from './security-context.ts';

export const podRunAsNonRoot: Default = {
  id: 'pod-run-as-non-root',
  summary: 'Every container of the pod, injected ones too, must not start as root (runAsNonRoot: true).',
  apply: (server) =>
    server.spec.runtime?.security?.podSecurityContext?.runAsNonRoot === undefined
      ? withPodSecurity(server, { runAsNonRoot: true })
      : server,
};
