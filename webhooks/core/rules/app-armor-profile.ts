import type { JudgedContainer } from '../engine/judged-container.ts';
import type { Rule, RuleInput } from '../engine/rule.ts';
import { join, none } from '../engine/violations.ts';
import { CONTAINER_NAME } from '../mcpserver/names.ts';
import { pathTo, type Place } from '../mcpserver/place.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { eachContainer, eachSecurityContext, type AnySecurityContext } from './parts/security-contexts.ts';
import { asContainer, asPod } from './parts/example-specs.ts';

/** How profiles were written before Kubernetes 1.30; the standard still judges it. */
export const appArmorAnnotationPrefix = 'container.apparmor.security.beta.kubernetes.io/';
const annotation = `${appArmorAnnotationPrefix}${CONTAINER_NAME}`;

export const appArmorProfile: Rule = {
  id: 'app-armor-profile',
  severity: 'deny',
  isAboutPrivileges: true,
  summary: 'The pod and its container must not switch AppArmor off.',
  rationale:
    'On nodes with AppArmor, containers run under the profile of their runtime. `Unconfined` takes it away, and the ' +
    '`baseline` Pod Security Standard refuses it on every node. That also holds for the annotation of older versions, ' +
    'which spec.extraAnnotations would copy to the pod.',
  remedy: 'Use RuntimeDefault or a profile of the node, or remove the setting.',
  examples: {
    accepts: [
      { title: 'the profile of the runtime', spec: asContainer({ appArmorProfile: { type: 'RuntimeDefault' } }) },
      {
        title: 'the profile of the runtime, by annotation',
        spec: { extraAnnotations: { [annotation]: 'runtime/default' } },
      },
    ],
    rejects: [
      { title: 'a container without a profile', spec: asContainer({ appArmorProfile: { type: 'Unconfined' } }) },
      { title: 'a pod without a profile', spec: asPod({ appArmorProfile: { type: 'Unconfined' } }) },
      {
        title: 'a container without a profile, by annotation',
        spec: { extraAnnotations: { [annotation]: 'unconfined' } },
      },
    ],
  },
  check: (input) => join(checkAnnotations(input), eachSecurityContext(input, checkContext)),
};

function checkAnnotations(input: RuleInput): readonly Violation[] {
  return input.server.spec.extraAnnotations === undefined ? none : eachContainer(input, checkAnnotation);
}

function checkAnnotation({ name }: JudgedContainer, { server }: RuleInput): readonly Violation[] {
  const key = `${appArmorAnnotationPrefix}${name}`;
  if (server.spec.extraAnnotations?.[key] !== 'unconfined') return none;
  return [
    {
      path: ['spec', 'extraAnnotations', key],
      headline: 'the annotation switches AppArmor off',
      detail: "found 'unconfined'",
      remedy: 'Remove the annotation.',
    },
  ];
}

function checkContext({ appArmorProfile }: AnySecurityContext, place: Place): readonly Violation[] {
  if (appArmorProfile?.type !== 'Unconfined') return none;
  return [
    {
      path: pathTo(place, 'appArmorProfile', 'type'),
      headline: 'the AppArmor profile confines nothing',
      detail: 'found type: Unconfined',
    },
  ];
}
