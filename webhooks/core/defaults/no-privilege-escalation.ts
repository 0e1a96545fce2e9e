import type { Default } from './default.ts';
import { withContainerSecurity } from './security-context.ts';

export const noPrivilegeEscalation: Default = {
  id: 'no-privilege-escalation',
  notStored: 'reads other fields',
  summary: 'The container cannot gain more privileges than it starts with (allowPrivilegeEscalation: false).',
  apply(server) {
    const context = server.spec.runtime?.security?.securityContext;
    if (context?.allowPrivilegeEscalation !== undefined) return server;
    // Kubernetes refuses `false` together with either of these: who asks for them has answered the question.
    const escalates = context?.privileged === true || context?.capabilities?.add?.includes('CAP_SYS_ADMIN') === true;
    return escalates ? server : withContainerSecurity(server, { allowPrivilegeEscalation: false });
  },
};
