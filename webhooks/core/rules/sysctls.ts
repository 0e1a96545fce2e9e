import type { Rule } from '../engine/rule.ts';
import { each } from '../engine/violations.ts';
import { inside, pathTo, type Place } from '../mcpserver/place.ts';
import type { Sysctl } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { podSecurityPlace } from './parts/security-contexts.ts';
import { asPod } from './parts/example-specs.ts';

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline ("Sysctls"), as of Kubernetes 1.35 */
export const safeSysctls: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_wmem',
]);

export const sysctls: Rule = {
  id: 'sysctls',
  severity: 'deny',
  isAboutPrivileges: true,
  summary: 'The pod may set only kernel parameters that Kubernetes calls safe.',
  rationale:
    'Other parameters reach beyond the pod: they weaken the node or take memory from its neighbours. The kubelet refuses ' +
    'a pod with one unless the node was set up for it, and the `baseline` Pod Security Standard refuses it everywhere. ' +
    'The list is that of Kubernetes 1.35; older versions know fewer of them. Names are written with dots: with slashes ' +
    'the same parameter is refused, as in the standard.',
  remedy: 'Remove the parameter.',
  examples: {
    accepts: [
      {
        title: 'a safe parameter',
        spec: asPod({ sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '80' }] }),
      },
    ],
    rejects: [{ title: 'an unsafe parameter', spec: asPod({ sysctls: [{ name: 'kernel.msgmax', value: '65536' }] }) }],
  },
  check: ({ server }) =>
    each(server.spec.runtime?.security?.podSecurityContext?.sysctls, sysctlsPlace, checkSysctl, isSafe),
};

const sysctlsPlace = inside(podSecurityPlace, 'sysctls');

function isSafe({ name }: Sysctl): boolean {
  return safeSysctls.has(name);
}

function checkSysctl({ name }: Sysctl, place: Place): readonly Violation[] {
  return [
    {
      path: pathTo(place, 'name'),
      headline: 'the pod sets a kernel parameter that is not safe',
      detail: `found '${name}'`,
    },
  ];
}
