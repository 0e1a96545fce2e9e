import type { Rule } from '../engine/rule.ts';
import { join, none } from '../engine/violations.ts';
import { pathTo, type Place } from '../mcpserver/place.ts';
import type { SecurityContext } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import {
  eachContainerContext,
  eachSecurityContext,
  podSecurityPlace,
  type AnySecurityContext,
} from './parts/security-contexts.ts';
import { asContainer, asPod } from './parts/example-specs.ts';

export const seccompProfile: Rule = {
  id: 'seccomp-profile',
  severity: 'deny',
  isAboutPrivileges: true,
  summary: 'The pod and its container must run under a seccomp profile.',
  rationale:
    'Without a profile every system call of the kernel can be tried, also those in which the next hole is found. Servers ' +
    'get the profile of the container runtime by default, which leaves out calls that programs hardly need. ' +
    'The `restricted` Pod Security Standard demands the same, at both places: `Unconfined` for the pod is refused even ' +
    'if its container says otherwise.',
  remedy: 'Set the type to RuntimeDefault, or remove seccompProfile.',
  examples: {
    accepts: [
      { title: 'a server that says nothing about seccomp' },
      {
        title: 'a profile of the node',
        spec: asPod({ seccompProfile: { type: 'Localhost', localhostProfile: 'profiles/search.json' } }),
      },
    ],
    rejects: [
      { title: 'a container without a profile', spec: asContainer({ seccompProfile: { type: 'Unconfined' } }) },
      { title: 'a pod without a profile', spec: asPod({ seccompProfile: { type: 'Unconfined' } }) },
      {
        title: 'a pod without a profile whose container has one',
        spec: {
          runtime: {
            security: {
              podSecurityContext: { seccompProfile: { type: 'Unconfined' } },
              securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
            },
          },
        },
      },
    ],
  },
  check(input) {
    const isForAll = input.server.spec.runtime?.security?.podSecurityContext?.seccompProfile !== undefined;
    const lacking = isForAll ? none : eachContainerContext(input, checkPresence);
    return join(lacking.length === 0 ? none : missing, eachSecurityContext(input, checkContext));
  },
};

/** Said once, at the pod, which can speak for all of its containers. */
const missing: readonly Violation[] = [
  {
    path: pathTo(podSecurityPlace, 'seccompProfile'),
    headline: 'there is no seccomp profile',
    detail: 'found none for the pod and none for its container',
    remedy: 'Set the type to RuntimeDefault.',
  },
];

function checkPresence(context: SecurityContext | undefined): readonly Violation[] {
  return context?.seccompProfile === undefined ? missing : none;
}

/** A type that Kubernetes does not know is seccomp-valid's to refuse. */
function checkContext({ seccompProfile: profile }: AnySecurityContext, place: Place): readonly Violation[] {
  if (profile?.type !== 'Unconfined') return none;
  return [
    {
      path: pathTo(place, 'seccompProfile', 'type'),
      headline: 'the seccomp profile confines nothing',
      detail: 'found type: Unconfined',
    },
  ];
}
