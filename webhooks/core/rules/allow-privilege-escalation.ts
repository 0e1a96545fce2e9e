import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { pathTo, type Place } from '../mcpserver/place.ts';
import type { SecurityContext } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { eachContainerContext } from './parts/security-contexts.ts';
import { asContainer } from './parts/example-specs.ts';

export const allowPrivilegeEscalation: Rule = {
  id: 'allow-privilege-escalation',
  severity: 'deny',
  isAboutPrivileges: true,
  summary: 'The container must not be able to gain more privileges than it starts with.',
  rationale:
    'With `allowPrivilegeEscalation: true` a process can become more than its parent through a setuid program, so the ' +
    'user that the container starts as protects nothing. Servers get `false` by default. The `restricted` Pod Security ' +
    'Standard demands the same.',
  remedy: 'Set allowPrivilegeEscalation to false, or remove it.',
  examples: {
    accepts: [
      { title: 'a server that says nothing about it' },
      { title: 'a container that forbids it', spec: asContainer({ allowPrivilegeEscalation: false }) },
    ],
    rejects: [{ title: 'a container that allows it', spec: asContainer({ allowPrivilegeEscalation: true }) }],
  },
  check: (input) => eachContainerContext(input, checkContext),
};

function checkContext(context: SecurityContext | undefined, place: Place): readonly Violation[] {
  const value = context?.allowPrivilegeEscalation;
  if (value === false || (value === undefined && asksForMore(context))) return none;
  return [
    {
      path: pathTo(place, 'allowPrivilegeEscalation'),
      headline: 'the container may gain privileges',
      detail: value === undefined ? 'found no allowPrivilegeEscalation' : 'found allowPrivilegeEscalation: true',
    },
  ];
}

/**
 * Whether the container asks for a privilege that Kubernetes never combines with `false`, so that the default is not
 * set. Another rule refuses that privilege; without it the default is there, and there is nothing more to correct.
 */
function asksForMore(context: SecurityContext | undefined): boolean {
  return context?.privileged === true || context?.capabilities?.add?.includes('CAP_SYS_ADMIN') === true;
}
