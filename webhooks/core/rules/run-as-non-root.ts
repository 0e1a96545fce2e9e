import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { pathTo, type Place } from '../mcpserver/place.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { eachSecurityContext, type AnySecurityContext } from './parts/security-contexts.ts';
import { asContainer, asPod } from './parts/example-specs.ts';

export const runAsNonRoot: Rule = {
  id: 'run-as-non-root',
  severity: 'deny',
  isAboutPrivileges: true,
  summary: 'The container must not run as root.',
  rationale:
    'A process that runs as user 0 is one kernel or runtime bug away from the node, and an MCP server executes what a ' +
    'model asks for. Servers get `runAsNonRoot: true` by default, so the kubelet refuses an image that would start as ' +
    'root; this rule refuses a spec that asks for root or takes that protection away. In a namespace that enforces the ' +
    '`restricted` Pod Security Standard such a pod would be refused anyway, later and in less clear words. As in the ' +
    "standard, root is refused for the pod even if the container's own user hides it.",
  remedy: 'Set runAsUser to an id above 0, or remove it.',
  examples: {
    accepts: [
      { title: 'a server that says nothing about its user' },
      { title: 'a container that runs as user 65532', spec: asContainer({ runAsUser: 65532 }) },
      {
        title: 'a group of 0, which gives no privilege by itself',
        spec: asContainer({ runAsUser: 1000, runAsGroup: 0 }),
      },
    ],
    rejects: [
      { title: 'a container that runs as user 0', spec: asContainer({ runAsUser: 0 }) },
      { title: 'a pod whose user 0 the container takes over', spec: asPod({ runAsUser: 0 }) },
      {
        title: 'root in the pod security context, even if the container has its own user',
        spec: { runtime: { security: { podSecurityContext: { runAsUser: 0 }, securityContext: { runAsUser: 1000 } } } },
      },
      {
        title: 'a container that may start as whatever user the image names',
        spec: asContainer({ runAsNonRoot: false }),
      },
    ],
  },
  check: (input) => eachSecurityContext(input, checkContext),
};

function checkContext({ runAsNonRoot: isNonRoot, runAsUser }: AnySecurityContext, place: Place): readonly Violation[] {
  if (isNonRoot !== false && runAsUser !== 0) return none;
  return [
    ...(isNonRoot === false
      ? [
          {
            path: pathTo(place, 'runAsNonRoot'),
            headline: 'container may run as root',
            detail: 'found runAsNonRoot: false',
            remedy: 'Set runAsNonRoot to true, or remove it.',
          },
        ]
      : []),
    ...(runAsUser === 0
      ? [{ path: pathTo(place, 'runAsUser'), headline: 'container would run as root', detail: 'found runAsUser: 0' }]
      : []),
  ];
}
