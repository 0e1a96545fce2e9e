import type { Default } from './default.ts';

export const podRunAsNonRoot: Default = {
  id: 'pod-run-as-non-root',
  summary: 'Every container of the pod, injected ones too, must not start as root (runAsNonRoot: true).',
  apply({ spec }, added) {
    if (spec.runtime?.security?.podSecurityContext?.runAsNonRoot !== undefined) return;
    added.pod().runAsNonRoot = true;
  },
};
