import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { utf8Length } from '../mcpserver/utf8-length.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { isCopiedAnnotation } from '../resources/child-metadata.ts';

type Annotations = Readonly<Record<string, string>>;

/** What all annotations of an object may have together is 256 KiB; the rest is for ours and for controllers. */
const maxBytes = 255 * 1024;

const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';

/** Kubernetes reads these itself; what they configured has fields today, or is not ours to say. */
const reserved: readonly { readonly prefix: string; readonly instead: string }[] = [
  { prefix: 'container.seccomp.security.alpha.kubernetes.io/', instead: 'Use securityContext.seccompProfile.' },
  { prefix: 'deployment.kubernetes.io/', instead: 'Remove it: the Deployment controller writes it.' },
  { prefix: 'deprecated.deployment.rollback.to', instead: 'Remove it, and change the spec back instead.' },
  { prefix: 'kubernetes.io/config.mirror', instead: 'Remove it: it marks pods that a kubelet made.' },
  { prefix: 'scheduler.alpha.kubernetes.io/tolerations', instead: 'Remove it: it has no effect.' },
  { prefix: 'seccomp.security.alpha.kubernetes.io/pod', instead: 'Use podSecurityContext.seccompProfile.' },
  {
    prefix: 'service.beta.kubernetes.io/load-balancer-source-ranges',
    instead: 'Use spec.network.ingressFrom: the Service is no load balancer.',
  },
];

export const annotationsUsable: Rule = {
  id: 'annotations-usable',
  severity: 'deny',
  summary: 'Extra annotations must fit into the objects that they are copied to, and must not steer Kubernetes itself.',
  rationale:
    'They are copied to the Deployment, its pods, the Service and the NetworkPolicy. Kubernetes refuses these objects ' +
    'when their annotations are larger than 256 KiB together, and for some annotations that it reads itself: seccomp ' +
    'profiles and tolerations of old, marks of mirror pods, source ranges of load balancers. Those of the Deployment ' +
    'controller would be rewritten by it and by us in turn, for ever.',
  remedy: 'Remove the annotation.',
  examples: {
    accepts: [
      { title: 'an annotation of a team', spec: { extraAnnotations: { 'example.com/owner': 'search' } } },
      { title: 'a cost of deleting a pod', spec: { extraAnnotations: { [deletionCost]: '-10' } } },
    ],
    rejects: [
      {
        title: 'a seccomp profile of old',
        spec: { extraAnnotations: { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' } },
      },
      {
        title: 'a revision, which the Deployment controller counts',
        spec: { extraAnnotations: { 'deployment.kubernetes.io/revision': '7' } },
      },
      { title: 'a cost that is no number', spec: { extraAnnotations: { [deletionCost]: 'high' } } },
      { title: 'a quarter of a megabyte', spec: { extraAnnotations: { 'example.com/data': 'x'.repeat(maxBytes) } } },
    ],
  },
  check: ({ server: { spec } }) => {
    if (spec.extraAnnotations === undefined) return none;
    const tooLarge = checkSize(spec.extraAnnotations);
    return tooLarge.length > 0 ? tooLarge : checkReserved(spec.extraAnnotations);
  },
};

/** Nothing else is said about annotations that are too large: there may be a hundred thousand. */
function checkSize(annotations: Annotations): readonly Violation[] {
  if (countCharacters(annotations) * 3 <= maxBytes) return none;
  const bytes = countBytes(annotations);
  if (bytes <= maxBytes) return none;
  return [
    {
      path: ['spec', 'extraAnnotations'],
      headline: 'the annotations are too large together',
      detail: `found ${bytes} bytes`,
      remedy: `Keep them below ${maxBytes} bytes: mount large data from a ConfigMap.`,
    },
  ];
}

/** Each has three bytes at most, which says enough about nearly all annotations. */
function countCharacters(annotations: Annotations): number {
  let characters = 0;
  for (const key of Object.keys(annotations)) characters += key.length + (annotations[key]?.length ?? 0);
  return characters;
}

function countBytes(annotations: Annotations): number {
  let bytes = 0;
  for (const key of Object.keys(annotations)) {
    if (isCopiedAnnotation(key)) bytes += utf8Length(key) + utf8Length(annotations[key] ?? '');
  }
  return bytes;
}

/** What is in each of the keys that are judged: clears nearly every annotation with one search. */
const mayBeReserved = /kubernetes\.io\/|^deprecated\./;

function checkReserved(annotations: Annotations): readonly Violation[] {
  if (!Object.keys(annotations).some((key) => mayBeReserved.test(key))) return none;
  return Object.entries(annotations).flatMap(([key, value]) => {
    const path = ['spec', 'extraAnnotations', key];
    const found = reserved.find(({ prefix }) => (prefix.endsWith('/') ? key.startsWith(prefix) : key === prefix));
    if (found !== undefined) {
      return [
        { path, headline: 'Kubernetes reads this annotation itself', detail: `found ${key}`, remedy: found.instead },
      ];
    }
    if (key !== deletionCost || isInt32(value)) return [];
    return [
      {
        path,
        headline: 'the cost is no whole number',
        detail: `found '${value}'`,
        remedy: 'Use a number such as -10.',
      },
    ];
  });
}

/** As Kubernetes reads it: neither a plus sign nor leading zeros. */
function isInt32(text: string): boolean {
  const number = Number(text);
  return /^(0|-\d{1,10}|[1-9]\d{0,9})$/.test(text) && number >= -(2 ** 31) && number < 2 ** 31;
}
