import type { Rule } from '../engine/rule.ts';

export const privilegeConsistent: Rule = {
  id: 'privilege-consistent',
  severity: 'deny',
  summary: 'A container that is privileged, or adds CAP_SYS_ADMIN, must also allow privilege escalation.',
  rationale:
    'Kubernetes refuses a pod that forbids privilege escalation and asks for these privileges at the same time. The ' +
    'restricted default `allowPrivilegeEscalation: false` is stored with the server, so adding `privileged: true` to an ' +
    'existing server contradicts it until the manifest says otherwise.',
  remedy: 'Remove the privilege, or set allowPrivilegeEscalation to true beside it.',
  examples: {
    accepts: [
      { title: 'a container without privileges' },
      {
        title: 'a privileged container that says nothing about escalation',
        spec: { runtime: { security: { securityContext: { privileged: true } } } },
      },
    ],
    rejects: [
      {
        title: 'a privileged container that forbids escalation',
        spec: { runtime: { security: { securityContext: { privileged: true, allowPrivilegeEscalation: false } } } },
      },
      {
        title: 'CAP_SYS_ADMIN in a container that forbids escalation',
        spec: {
          runtime: {
            security: {
              securityContext: { capabilities: { add: ['CAP_SYS_ADMIN'] }, allowPrivilegeEscalation: false },
            },
          },
        },
      },
    ],
  },
  check({ server }) {
    const context = server.spec.runtime?.security?.securityContext;
    if (context?.allowPrivilegeEscalation !== false) return [];
    const asks = [
      ...(context.privileged === true ? ['privileged: true'] : []),
      ...(context.capabilities?.add?.includes('CAP_SYS_ADMIN') === true ? ['capabilities.add: CAP_SYS_ADMIN'] : []),
    ];
    return asks.map((asked) => ({
      path: ['spec', 'runtime', 'security', 'securityContext', 'allowPrivilegeEscalation'],
      headline: 'the container asks for a privilege and forbids escalation to it',
      detail: `found allowPrivilegeEscalation: false with ${asked}`,
    }));
  },
};
