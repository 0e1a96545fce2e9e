import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { inside, pathTo, type Place } from '../mcpserver/place.ts';
import type { SELinuxOptions } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { eachSecurityContext } from './parts/security-contexts.ts';
import { asContainer, asPod } from './parts/example-specs.ts';

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline ("SELinux"), as of Kubernetes 1.35 */
export const allowedSeLinuxTypes: ReadonlySet<string> = new Set([
  '',
  'container_t',
  'container_init_t',
  'container_kvm_t',
  'container_engine_t',
]);

export const seLinuxOptions: Rule = {
  id: 'se-linux-options',
  severity: 'deny',
  isAboutPrivileges: true,
  summary: 'SELinux options may name a container type and a level, no user and no role.',
  rationale:
    'A type such as `spc_t` takes the container out of its confinement, and so can a user or a role. The `baseline` Pod ' +
    'Security Standard refuses them on every node, also where SELinux is off and they would do nothing. ' +
    '`container_engine_t` is allowed since Kubernetes 1.31.',
  remedy: 'Remove the option.',
  examples: {
    accepts: [
      { title: 'a level', spec: asPod({ seLinuxOptions: { level: 's0:c123,c456' } }) },
      { title: 'a container type', spec: asContainer({ seLinuxOptions: { type: 'container_t' } }) },
    ],
    rejects: [
      { title: 'a type that confines nothing', spec: asContainer({ seLinuxOptions: { type: 'spc_t' } }) },
      { title: 'a user', spec: asPod({ seLinuxOptions: { user: 'system_u' } }) },
      { title: 'a role', spec: asPod({ seLinuxOptions: { role: 'system_r' } }) },
    ],
  },
  check: (input) =>
    eachSecurityContext(input, ({ seLinuxOptions }, place) =>
      seLinuxOptions === undefined ? none : checkOptions(seLinuxOptions, inside(place, 'seLinuxOptions')),
    ),
};

function checkOptions({ role = '', type = '', user = '' }: SELinuxOptions, place: Place): readonly Violation[] {
  const violation = (field: string, value: string, headline: string): Violation => ({
    path: pathTo(place, field),
    headline,
    detail: `found '${value}'`,
  });
  return [
    ...(role === '' ? [] : [violation('role', role, 'an SELinux role is set')]),
    ...(allowedSeLinuxTypes.has(type) ? [] : [violation('type', type, 'the SELinux type is none for containers')]),
    ...(user === '' ? [] : [violation('user', user, 'an SELinux user is set')]),
  ];
}
