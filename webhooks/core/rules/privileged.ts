import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { pathTo, type Place } from '../mcpserver/place.ts';
import type { SecurityContext } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { eachContainerContext } from './parts/security-contexts.ts';
import { asContainer } from './parts/example-specs.ts';

export const privileged: Rule = {
  id: 'privileged',
  severity: 'deny',
  isAboutPrivileges: true,
  summary: 'The container must not be privileged.',
  rationale:
    'A privileged container has every capability and every device of its node and no seccomp, AppArmor or SELinux ' +
    'confinement: whoever controls it controls the node and all that runs there. The `baseline` Pod Security Standard ' +
    'already refuses it. Kubernetes also refuses a pod that is privileged and forbids privilege escalation, which is ' +
    'what a stored server does by default.',
  remedy: 'Set privileged to false, or remove it.',
  examples: {
    accepts: [
      { title: 'a server that says nothing about it' },
      { title: 'a container that is not privileged', spec: asContainer({ privileged: false }) },
    ],
    rejects: [
      { title: 'a privileged container', spec: asContainer({ privileged: true }) },
      {
        title: 'a privileged container that forbids escalation',
        spec: asContainer({ privileged: true, allowPrivilegeEscalation: false }),
      },
    ],
  },
  check: (input) => eachContainerContext(input, checkContext),
};

function checkContext(context: SecurityContext | undefined, place: Place): readonly Violation[] {
  if (context?.privileged !== true) return none;
  return [
    { path: pathTo(place, 'privileged'), headline: 'the container is privileged', detail: 'found privileged: true' },
  ];
}
