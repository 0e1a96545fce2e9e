import { canonicalJson } from '../../core/engine/canonical-json.ts';
import { digest } from '../../platform/digest.ts';
import { metaOf, numberAt, recordAt } from '../../platform/kube/object.ts';
import type { FakeKubeApi } from '../../platform/kube/testing/fake-kube-api.ts';
import { ofReplicaSet } from './replica-set.ts';

const collection = '/apis/apps/v1/deployments';
const revisionAnnotation = 'deployment.kubernetes.io/revision';

/**
 * Says of each Deployment at once that its pods are there, as soon as it has another generation. `withPods`: there is one of
 * the newest template, ready, with its ReplicaSet. For tests.
 */
export function runDeploymentController(api: FakeKubeApi, { withPods = false } = {}): void {
  /** By Deployment: the templates that it had, the newest last. */
  const templates = new Map<string, readonly string[]>();
  void api.watch({ path: collection, idleTimeoutMs: Infinity, signal: new AbortController().signal }, (event) => {
    const { name, namespace } = metaOf(event.object);
    const of = { name, namespace };
    // Not while others are told of the same change.
    queueMicrotask(() => {
      const before = templates.get(name) ?? [];
      const deployment = api.get(pathOf('apps/v1', 'deployments', of));
      if (deployment === undefined) {
        templates.delete(name);
        for (const template of before) api.remove(pathOf('v1', 'pods', { ...of, name: `${name}-${template}` }));
        return;
      }
      if (numberAt(recordAt(deployment, 'status'), 'observedGeneration') === metaOf(deployment).generation) return;
      const wanted = recordAt(recordAt(deployment, 'spec'), 'template') ?? {};
      const template = digest(canonicalJson(wanted)).slice(0, 10);
      const all = [...before.filter((one) => one !== template), template];
      templates.set(name, all);
      const revision = before.at(-1) === template ? before.length : all.length;
      if (withPods) replacePod(api, of, { template, wanted, before, revision: String(revision) });
      complete(api, of, metaOf(deployment).generation, String(revision));
    });
  });
}

interface Named {
  readonly name: string;
  readonly namespace: string;
}

function pathOf(version: string, plural: string, { name, namespace }: Named): string {
  const root = version.includes('/') ? '/apis' : '/api';
  return `${root}/${version}/namespaces/${namespace}/${plural}/${name}`;
}

function replacePod(
  api: FakeKubeApi,
  { name, namespace }: Named,
  of: {
    readonly template: string;
    readonly wanted: Readonly<Record<string, unknown>>;
    readonly before: readonly string[];
    readonly revision: string;
  },
): void {
  const { template, wanted, before, revision } = of;
  const labels = { ...recordAt(recordAt(wanted, 'metadata'), 'labels'), 'pod-template-hash': template };
  const named = { name: `${name}-${template}`, namespace };
  const spec = recordAt(wanted, 'spec');
  api.put(pathOf('apps/v1', 'replicasets', named), {
    ...{ apiVersion: 'apps/v1', kind: 'ReplicaSet' },
    metadata: { ...named, labels, annotations: { [revisionAnnotation]: revision } },
    spec: { template: { metadata: { ...recordAt(wanted, 'metadata'), labels }, spec } },
  });
  api.put(pathOf('v1', 'pods', named), {
    ...{ apiVersion: 'v1', kind: 'Pod', spec },
    metadata: {
      ...{ ...named, labels, creationTimestamp: '2026-01-01T00:00:00Z' },
      ownerReferences: ofReplicaSet(name, template),
    },
    status: {
      podIP: `10.${[0, 2, 4].map((at) => Number.parseInt(template.slice(at, at + 2), 16)).join('.')}`,
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [{ image: 'x', restartCount: 0, ready: true, state: { running: {} } }],
    },
  });
  for (const former of before) {
    if (former !== template) api.remove(pathOf('v1', 'pods', { namespace, name: `${name}-${former}` }));
  }
}

function complete(api: FakeKubeApi, of: Named, generation: number, revision: string): void {
  api.put(pathOf('apps/v1', 'deployments', of), {
    metadata: { annotations: { [revisionAnnotation]: revision } },
    status: {
      ...{ observedGeneration: generation, replicas: 1, updatedReplicas: 1, readyReplicas: 1 },
      conditions: [
        { type: 'Available', status: 'True' },
        { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' },
      ],
    },
  });
}
