import type { Default } from './default.ts';

export const noPrivilegeEscalation: Default = {
  id: 'no-privilege-escalation',
  notStored: 'reads other fields',
  summary: 'The container cannot gain more privileges than it starts with (allowPrivilegeEscalation: false).',
  apply({ spec }, added) {
    const context = spec.runtime?.security?.securityContext;
    if (context?.allowPrivilegeEscalation !== undefined) return;
    // Kubernetes refuses `false` together with either of these: who asks for them has answered the question.
    const escalates = context?.privileged === true || context?.capabilities?.add?.includes('CAP_SYS_ADMIN') === true;
    if (!escalates) added.container().allowPrivilegeEscalation = false;
  },
};
