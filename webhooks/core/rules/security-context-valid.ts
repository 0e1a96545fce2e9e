import type { Rule, RuleInput } from '../engine/rule.ts';
import { each, join, none } from '../engine/violations.ts';
import { inside, pathTo, type Place } from '../mcpserver/place.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { eachSecurityContext, podSecurityPlace, type AnySecurityContext } from './parts/security-contexts.ts';
import { asContainer, asPod } from './parts/example-specs.ts';

const maxId = 2 ** 31 - 1;

/**
 * By field of the pod's security context. Not MountOption: it needs the feature gate SELinuxMount, and concerns kinds of
 * volumes that an MCPServer does not mount.
 */
const policies = {
  fsGroupChangePolicy: ['Always', 'OnRootMismatch'],
  seLinuxChangePolicy: ['Recursive'],
  supplementalGroupsPolicy: ['Merge', 'Strict'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export const securityContextValid: Rule = {
  id: 'security-context-valid',
  severity: 'deny',
  summary: 'User and group ids must be from 0 to 2147483647, and policies ones that Kubernetes has.',
  rationale:
    'The security contexts go into the Deployment as they are, and Kubernetes refuses it for one id out of range or one ' +
    'policy that it does not know.',
  remedy: `Use a number from 0 to ${maxId}.`,
  examples: {
    accepts: [
      { title: 'the default security contexts' },
      { title: 'the largest id', spec: asPod({ fsGroup: 2147483647, fsGroupChangePolicy: 'Always' }) },
    ],
    rejects: [
      { title: 'a negative user', spec: asContainer({ runAsUser: -5 }) },
      { title: 'a group beyond 31 bits', spec: asPod({ runAsGroup: 2147483648 }) },
      { title: 'a negative supplemental group', spec: asPod({ supplementalGroups: [1, -1] }) },
      { title: 'a policy that is none', spec: asPod({ fsGroupChangePolicy: 'Never' }) },
    ],
  },
  check: (input) => join(checkIds(input), checkPolicies(input.server)),
};

const groupsPlace = inside(podSecurityPlace, 'supplementalGroups');

function checkIds(input: RuleInput): readonly Violation[] {
  const { fsGroup, supplementalGroups } = input.server.spec.runtime?.security?.podSecurityContext ?? {};
  return join(
    eachSecurityContext(input, checkOwnIds),
    isId(fsGroup) ? none : checkId(fsGroup, inside(podSecurityPlace, 'fsGroup')),
    each(supplementalGroups, groupsPlace, checkId, isId),
  );
}

function checkOwnIds({ runAsGroup, runAsUser }: AnySecurityContext, place: Place): readonly Violation[] {
  if (isId(runAsGroup) && isId(runAsUser)) return none;
  return join(checkId(runAsGroup, inside(place, 'runAsGroup')), checkId(runAsUser, inside(place, 'runAsUser')));
}

function isId(id: number | undefined): boolean {
  return id === undefined || (id >= 0 && id <= maxId);
}

function checkId(id: number | undefined, place: Place): readonly Violation[] {
  if (id === undefined || isId(id)) return none;
  return [{ path: pathTo(place), headline: 'the id is out of range', detail: `found ${id}` }];
}

function checkPolicies(server: MCPServer): readonly Violation[] {
  const context = server.spec.runtime?.security?.podSecurityContext ?? {};
  return join(
    checkPolicy('fsGroupChangePolicy', context.fsGroupChangePolicy),
    checkPolicy('seLinuxChangePolicy', context.seLinuxChangePolicy),
    checkPolicy('supplementalGroupsPolicy', context.supplementalGroupsPolicy),
  );
}

function checkPolicy(field: keyof typeof policies, value: string | undefined): readonly Violation[] {
  const known: readonly string[] = policies[field];
  if (value === undefined || known.includes(value)) return none;
  return [
    {
      path: pathTo(podSecurityPlace, field),
      headline: 'the policy is unknown',
      detail: `found '${value}'`,
      remedy: `Use ${known.join(' or ')}, or remove it.`,
    },
  ];
}
