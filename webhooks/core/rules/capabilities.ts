import type { Rule } from '../engine/rule.ts';
import { each, join, none } from '../engine/violations.ts';
import { inside, pathTo, type Place } from '../mcpserver/place.ts';
import type { Capabilities, SecurityContext } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { eachContainerContext } from './parts/security-contexts.ts';
import { asContainer } from './parts/example-specs.ts';

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted ("Capabilities") */
const addable = 'NET_BIND_SERVICE';

export const capabilities: Rule = {
  id: 'capabilities',
  severity: 'deny',
  isAboutPrivileges: true,
  summary: 'The container must drop all Linux capabilities and may add only NET_BIND_SERVICE.',
  rationale:
    'A capability is a part of what root can do, and several of them are enough to take over the node. An MCP server that ' +
    'listens on a port needs none, except NET_BIND_SERVICE below port 1024. Servers get `drop: [ALL]` by default. The ' +
    '`restricted` Pod Security Standard demands the same, and like it this rule knows the names only as it writes them: ' +
    '`ALL` and `NET_BIND_SERVICE`, without `CAP_`.',
  remedy: 'Remove the capability.',
  examples: {
    accepts: [
      { title: 'a server that says nothing about capabilities' },
      {
        title: 'the capability to listen below port 1024',
        spec: asContainer({ capabilities: { add: ['NET_BIND_SERVICE'] } }),
      },
      {
        title: 'a container that drops all and one more',
        spec: asContainer({ capabilities: { drop: ['NET_RAW', 'ALL'] } }),
      },
    ],
    rejects: [
      { title: 'another capability', spec: asContainer({ capabilities: { add: ['NET_ADMIN'] } }) },
      {
        title: 'an allowed capability under a name that Kubernetes does not know',
        spec: asContainer({ capabilities: { add: ['CAP_NET_BIND_SERVICE'] } }),
      },
      { title: 'a container that drops nothing', spec: asContainer({ capabilities: { drop: [] } }) },
      {
        title: 'a container that drops one capability only',
        spec: asContainer({ capabilities: { drop: ['NET_RAW'] } }),
      },
    ],
  },
  check: (input) => eachContainerContext(input, checkContext),
};

function checkContext(context: SecurityContext | undefined, place: Place): readonly Violation[] {
  const found = context?.capabilities;
  return join(found?.add === undefined ? none : checkAdded(found.add, place), checkDropped(found, place));
}

function checkAdded(add: readonly string[], place: Place): readonly Violation[] {
  return each(add, inside(inside(place, 'capabilities'), 'add'), checkOne);
}

function checkOne(capability: string, place: Place): readonly Violation[] {
  if (capability === addable) return none;
  const headline = 'the container adds a capability that is not allowed';
  return [{ path: pathTo(place), headline, detail: `found '${capability}'` }];
}

function checkDropped(found: Capabilities | undefined, place: Place): readonly Violation[] {
  if (found?.drop?.includes('ALL') === true) return none;
  return [
    {
      path: pathTo(place, 'capabilities', 'drop'),
      headline: 'the container does not drop all capabilities',
      detail: found?.drop === undefined ? 'found no drop' : `found ${found.drop.length} dropped, and not ALL`,
      remedy: 'Set drop to [ALL], or remove it.',
    },
  ];
}
