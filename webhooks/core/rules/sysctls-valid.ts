import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { pathTo } from '../mcpserver/place.ts';
import type { Sysctl } from '../mcpserver/types.gen.ts';
import { podSecurityPlace } from './parts/security-contexts.ts';
import { asPod } from './parts/example-specs.ts';

/** https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/ */
const form = /^(?=.{1,253}$)([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;

export const sysctlsValid: Rule = {
  id: 'sysctls-valid',
  severity: 'deny',
  summary: 'Every kernel parameter must have a usable name and be set once.',
  rationale:
    'The kernel parameters of the pod go into the Deployment as they are, and Kubernetes refuses it for one with a ' +
    'malformed name or one that is there twice.',
  remedy: 'Write the name as sysctl does, such as net.ipv4.tcp_syncookies.',
  examples: {
    accepts: [{ title: 'one parameter', spec: asPod({ sysctls: [{ name: 'net.ipv4.tcp_syncookies', value: '1' }] }) }],
    rejects: [
      { title: 'a name in upper case', spec: asPod({ sysctls: [{ name: 'NET.IPV4.TCP_SYNCOOKIES', value: '1' }] }) },
      {
        title: 'a parameter that is set twice',
        spec: asPod({
          sysctls: [
            { name: 'net.ipv4.tcp_syncookies', value: '0' },
            { name: 'net.ipv4.tcp_syncookies', value: '1' },
          ],
        }),
      },
    ],
  },
  check({ server }) {
    const { sysctls } = server.spec.runtime?.security?.podSecurityContext ?? {};
    if (sysctls === undefined || areUsual(sysctls)) return none;
    const firstOf = new Map(sysctls.map(({ name }, index) => [name, index] as const).reverse());
    return sysctls.flatMap(({ name }, index) => {
      const at = { path: pathTo(podSecurityPlace, 'sysctls', index, 'name'), detail: `found '${name}'` };
      if (!form.test(name)) return [{ ...at, headline: 'no kernel parameter has such a name' }];
      if (firstOf.get(name) === index) return [];
      return [{ ...at, headline: 'the kernel parameter is set twice', remedy: 'Keep one of them.' }];
    });
  },
};

/** Nearly every list: names as they have to be, and none of them twice. */
function areUsual(sysctls: readonly Sysctl[]): boolean {
  return (
    sysctls.every(({ name }) => form.test(name)) && new Set(sysctls.map(({ name }) => name)).size === sysctls.length
  );
}
