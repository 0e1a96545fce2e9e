import { APP, LABELS } from '../../../webhooks/core/mcpserver/api.ts';
import { CANDIDATE_SUFFIX } from '../../../webhooks/core/mcpserver/names.ts';
import { objectPath } from '../../../webhooks/platform/kube/api.ts';
import { numbered } from '../cluster/servers.ts';

type Json = Readonly<Record<string, unknown>>;

/** Whether objects look like children of ours: by the labels that we look for, as any tenant may write them. */
export type Likeness = 'unlike ours' | 'with our labels';

const foreignNamespace = 'foreign';

/** One object, and its path. */
export interface ForeignObject {
  readonly path: string;
  readonly object: Json;
}

/** As many of each kind as are left for it: Deployments, ReplicaSets, pods, Services. The pods visibly fail. */
export function makeForeignObjects(count: number, likeness: Likeness): readonly ForeignObject[] {
  return numbered('foreign', count).map((name, index) => {
    const kind = kinds[index % kinds.length] ?? kinds[0];
    const { apiVersion, plural, build } = kind;
    const labels = likeness === 'unlike ours' ? { app: 'theirs', 'theirs/name': name } : ourLabels(name, index);
    const metadata = {
      ...{ name, namespace: foreignNamespace, labels, annotations: { note: 'x'.repeat(200) } },
      ...(kind.kind === 'Pod' ? { ownerReferences: replicaSetOf(labels) } : {}),
    };
    const path = objectPath({ apiVersion, plural, namespace: foreignNamespace, name });
    return { path, object: { apiVersion, kind: kind.kind, metadata, ...build(labels) } };
  });
}

/** Half of them say that they prove the next version of a server. */
function ourLabels(name: string, index: number): Readonly<Record<string, string>> {
  const proves = index % 8 >= 4 ? { [LABELS.candidateOf]: name, [LABELS.candidateTemplate]: 'theirs' } : {};
  return { [LABELS.app]: APP, [LABELS.server]: name, 'pod-template-hash': 'theirs', ...proves };
}

/** A pod with our labels counts only where it names such a ReplicaSet, which anybody may write as well. */
function replicaSetOf(labels: Readonly<Record<string, string>>): readonly Json[] {
  const { [LABELS.candidateOf]: proves, [LABELS.server]: serves, 'pod-template-hash': hash = 'theirs' } = labels;
  const deployment = proves === undefined ? serves : `${proves}${CANDIDATE_SUFFIX}`;
  const name = `${deployment ?? 'theirs'}-${hash}`;
  return [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid: `uid-of-${name}`, controller: true }];
}

interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly build: (labels: Readonly<Record<string, string>>) => Json;
}

const container = {
  ...{
    name: 'main',
    image: 'registry.example.com/theirs/program:1.0.0',
    ports: [{ name: 'mcp', containerPort: 8080 }],
  },
  env: Array.from({ length: 20 }, (_, at) => ({ name: `SETTING_${at}`, value: 'x'.repeat(40) })),
};

const template = (labels: Readonly<Record<string, string>>): Json => ({
  metadata: { labels },
  spec: { containers: [container] },
});

const waiting = {
  waiting: { reason: 'CrashLoopBackOff', message: 'back-off restarting failed container '.repeat(25) },
};

const kinds: readonly [Kind, ...Kind[]] = [
  {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', plural: 'deployments' },
    build: (labels) => ({
      spec: { replicas: 0, selector: { matchLabels: labels }, template: template(labels) },
      status: {
        observedGeneration: 1,
        conditions: [{ type: 'Available', status: 'False', reason: 'Theirs', message: 'y'.repeat(1_000) }],
      },
    }),
  },
  {
    ...{ apiVersion: 'apps/v1', kind: 'ReplicaSet', plural: 'replicasets' },
    build: (labels) => ({ spec: { replicas: 0, selector: { matchLabels: labels }, template: template(labels) } }),
  },
  {
    ...{ apiVersion: 'v1', kind: 'Pod', plural: 'pods' },
    build: () => ({
      spec: { containers: [container] },
      status: {
        ...{ phase: 'Running', podIP: '192.0.2.1', conditions: [{ type: 'Ready', status: 'False' }] },
        containerStatuses: [{ name: 'main', image: container.image, ready: false, restartCount: 7, state: waiting }],
      },
    }),
  },
  {
    ...{ apiVersion: 'v1', kind: 'Service', plural: 'services' },
    build: (labels) => ({ spec: { selector: labels, ports: [{ port: 8080, targetPort: 'mcp' }] } }),
  },
];
