import { isRecord, listAt, metaOf, recordAt, stringAt } from '../../platform/kube/object.ts';
import type { FakeKubeApi } from '../../platform/kube/testing/fake-kube-api.ts';

const collections = [
  '/apis/mcp.x-k8s.io/v1beta1/mcpservers',
  '/apis/apps/v1/deployments',
  '/api/v1/services',
  '/apis/networking.k8s.io/v1/networkpolicies',
  '/apis/policy/v1/poddisruptionbudgets',
];

/** What depends on how often, when or in which order something was written, and not on what. */
const accidental = new Set([
  ...['uid', 'resourceVersion', 'generation', 'observedGeneration', 'managedFields', 'creationTimestamp'],
  ...[
    'lastTransitionTime',
    'changedAt',
    'since',
    'lastVerdictTime',
    'verifiedGeneration',
    'mcp-lifecycle/applied-hash',
    'deployment.kubernetes.io/revision',
  ],
]);

/** All that we write, events aside, without what is accidental; to be compared. For tests. */
export function whatStands(api: FakeKubeApi): unknown {
  const all = collections.flatMap((collection) => api.list(collection));
  const uids = new Set(all.map((object) => metaOf(object).uid));
  const objects = all.filter((object) => !isGarbage(object, uids)).map(essential);
  return objects.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** The garbage collector of a cluster also takes what is created after its owner has gone. */
function isGarbage(object: unknown, uids: ReadonlySet<string>): boolean {
  const owners = listAt(recordAt(object, 'metadata'), 'ownerReferences');
  return owners.length > 0 && !owners.some((owner) => uids.has(stringAt(owner, 'uid') ?? ''));
}

function essential(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(essential);
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).filter(([name]) => !accidental.has(name));
  return Object.fromEntries(kept.map(([name, part]) => [name, essential(part)] as const).toSorted());
}
