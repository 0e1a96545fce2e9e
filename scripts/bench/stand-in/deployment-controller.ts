import { createHash } from 'node:crypto';
import { LABELS } from '../../../webhooks/core/mcpserver/api.ts';
import { canonicalJson } from '../../../webhooks/core/engine/canonical-json.ts';
import { listAt, metaOf, recordAt, stringAt } from '../../../webhooks/platform/kube/object.ts';
import type { FakeKubeApi } from '../../../webhooks/platform/kube/testing/fake-kube-api.ts';
import type { RunDeployments } from './stand-in-api.ts';

type Json = Readonly<Record<string, unknown>>;

export interface ControllerOptions {
  /** From a pod's creation until it is ready, and from its deletion until it is gone, in milliseconds. */
  readonly readyMs: number;
  readonly endMs: number;
}

/** What happened to the servers, `namespace/name`. */
export interface Seen {
  /** At the same moment: those with a candidate, and those whose pods are of two templates. */
  readonly mostAtOnce: number;
  /** When the last candidate of each was written, by `performance.now()`. */
  readonly candidates: ReadonlyMap<string, number>;
  /** When the new pods of each alone served, in this order. */
  readonly rolledOut: ReadonlyMap<string, number>;
}

/**
 * What the controllers of Deployments and ReplicaSets, a scheduler and a kubelet do for Deployments of one replica: a
 * ReplicaSet and a pod for each template, the new one ready before the old one goes, and each step in a status of its own. Every
 * pod has an address of its own on this machine (127.0.0.0/8).
 */
export class DeploymentController {
  readonly #options: ControllerOptions;
  readonly #rollouts = new Map<string, Rollout>();
  readonly #busy = new Map<string, Set<string>>();
  #pods = 0;
  #seen = newSeen();

  constructor(options: ControllerOptions) {
    this.#options = options;
  }

  readonly run: RunDeployments = (objects, path) => {
    const deployment = objects.get(path);
    const server = serverOf(path, deployment);
    if (deployment === undefined) {
      // Its ReplicaSets and pods are collected with it.
      this.#rollouts.delete(path);
      this.#end(server, path);
      return;
    }
    const template = recordAt(recordAt(deployment, 'spec'), 'template') ?? {};
    const hash = createHash('sha256').update(canonicalJson(template)).digest('hex').slice(0, 10);
    const before = this.#rollouts.get(path);
    if (before?.hash === hash) {
      putStatus(objects, path, before.isDone ? done : begun(before.others.length > 0));
      return;
    }
    this.#pods += 1;
    const { name } = metaOf(deployment);
    const others = before === undefined ? [] : [...before.others, before.pod];
    const pod = `${podsPath(path)}/${name}-${hash}-${this.#pods}`;
    const revision = (before?.revision ?? 0) + 1;
    const rollout: Rollout = { hash, revision, others, pod, address: addressOf(this.#pods), isDone: false };
    this.#rollouts.set(path, rollout);
    if (isCandidatePath(path)) this.#seen.candidates.set(server, performance.now());
    if (isCandidatePath(path) || others.length > 0) this.#begin(server, path);
    this.#roll(objects, { path, template, rollout }, server);
  };

  /** Since the last {@link forget}. */
  get seen(): Seen {
    return this.#seen;
  }

  forget(): void {
    this.#seen = newSeen();
    this.#note();
  }

  #roll(objects: FakeKubeApi, { path, template, rollout }: Begun, server: string): void {
    const isNow = (): boolean => this.#rollouts.get(path) === rollout && objects.get(path) !== undefined;
    const { readyMs, endMs } = this.#options;
    later(20, () => {
      if (!isNow()) return;
      const { others, pod } = rollout;
      putReplicaSet(objects, path, { template, rollout });
      putStatus(objects, path, begun(others.length > 0), rollout);
      putPod(objects, path, { template, rollout });
      later(readyMs, () => {
        if (!isNow()) return;
        objects.put(pod, readyPod(template));
        putStatus(objects, path, surging(others.length > 0));
        for (const other of others) {
          objects.put(other, { metadata: { deletionTimestamp: new Date().toISOString() } });
          later(endMs, () => {
            objects.remove(other);
          });
        }
        this.#rollouts.set(path, { ...rollout, others: [], isDone: true });
        putStatus(objects, path, done);
        this.#end(server, path);
        if (!isCandidatePath(path)) this.#seen.rolledOut.set(server, performance.now());
      });
    });
  }

  #begin(server: string, path: string): void {
    this.#busy.set(server, (this.#busy.get(server) ?? new Set()).add(path));
    this.#note();
  }

  #end(server: string, path: string): void {
    // A candidate is there until it is deleted.
    if (isCandidatePath(path) && this.#rollouts.has(path)) return;
    const busy = this.#busy.get(server);
    busy?.delete(path);
    if (busy?.size === 0) this.#busy.delete(server);
  }

  #note(): void {
    this.#seen.mostAtOnce = Math.max(this.#seen.mostAtOnce, this.#busy.size);
  }
}

interface Rollout {
  /** Of the template: label pod-template-hash. */
  readonly hash: string;
  readonly revision: number;
  /** Path and address of the pod of it. */
  readonly pod: string;
  readonly address: string;
  /** Pods of other templates, which go when that one is ready. */
  readonly others: readonly string[];
  readonly isDone: boolean;
}

interface Begun {
  readonly path: string;
  readonly template: Json;
  readonly rollout: Rollout;
}

function newSeen(): { mostAtOnce: number; candidates: Map<string, number>; rolledOut: Map<string, number> } {
  return { mostAtOnce: 0, candidates: new Map(), rolledOut: new Map() };
}

const revisionAnnotation = 'deployment.kubernetes.io/revision';
const candidateSuffix = '-candidate';

function isCandidatePath(path: string): boolean {
  return path.endsWith(candidateSuffix);
}

function later(ms: number, work: () => void): void {
  setTimeout(work, ms).unref();
}

/** `namespace/name`; names of the bench are short, so that of a candidate tells whose it is. */
function serverOf(path: string, deployment: unknown): string {
  const [, namespace = '', name = ''] = /\/namespaces\/([^/]+)\/deployments\/([^/]+)$/.exec(path) ?? [];
  const labels = recordAt(recordAt(recordAt(recordAt(deployment, 'spec'), 'template'), 'metadata'), 'labels');
  return `${namespace}/${stringAt(labels, LABELS.candidateOf) ?? name.replace(/-candidate$/, '')}`;
}

/** Counts and conditions of a Deployment's status. */
interface Progress {
  readonly counts: Readonly<Record<'replicas' | 'updatedReplicas' | 'readyReplicas' | 'availableReplicas', number>>;
  readonly unavailableReplicas: number;
  readonly reason: 'ReplicaSetUpdated' | 'NewReplicaSetAvailable';
}

function begun(hasFormer: boolean): Progress {
  const old = hasFormer ? 1 : 0;
  const counts = { replicas: 1 + old, updatedReplicas: 1, readyReplicas: old, availableReplicas: old };
  return { counts, unavailableReplicas: 1, reason: 'ReplicaSetUpdated' };
}

function surging(hasFormer: boolean): Progress {
  const all = hasFormer ? 2 : 1;
  const counts = { replicas: all, updatedReplicas: 1, readyReplicas: all, availableReplicas: all };
  return { counts, unavailableReplicas: 0, reason: 'ReplicaSetUpdated' };
}

const done: Progress = {
  counts: { replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 },
  unavailableReplicas: 0,
  reason: 'NewReplicaSetAvailable',
};

function putStatus(
  objects: FakeKubeApi,
  path: string,
  { counts, unavailableReplicas, reason }: Progress,
  rollout?: Pick<Rollout, 'revision'>,
): void {
  const available =
    counts.availableReplicas > 0
      ? { status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' }
      : { status: 'False', reason: 'MinimumReplicasUnavailable', message: 'Deployment has no minimum availability.' };
  const conditions = [
    { type: 'Available', ...available },
    { type: 'Progressing', status: 'True', reason },
  ];
  const observedGeneration = metaOf(objects.get(path)).generation;
  objects.put(path, {
    ...(rollout === undefined ? {} : { metadata: { annotations: { [revisionAnnotation]: String(rollout.revision) } } }),
    status: { observedGeneration, ...counts, unavailableReplicas, conditions },
  });
}

interface Template {
  readonly template: Json;
  readonly rollout: Rollout;
}

function putReplicaSet(objects: FakeKubeApi, path: string, { template, rollout }: Template): void {
  const { namespace, name, uid } = metaOf(objects.get(path));
  const { hash, revision } = rollout;
  objects.put(replicaSetPath(path, hash), {
    ...{ apiVersion: 'apps/v1', kind: 'ReplicaSet' },
    metadata: {
      ...{ name: `${name}-${hash}`, namespace, annotations: { [revisionAnnotation]: String(revision) } },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name, uid, controller: true }],
    },
    spec: { replicas: 1, template: { ...template, metadata: withHash(template, hash) } },
  });
}

function putPod(objects: FakeKubeApi, path: string, { template, rollout }: Template): void {
  const { hash, pod, address } = rollout;
  const { namespace, name: owner, uid } = metaOf(objects.get(replicaSetPath(path, hash)));
  // In whole seconds, as Kubernetes says it.
  const creationTimestamp = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  objects.put(pod, {
    ...{ apiVersion: 'v1', kind: 'Pod', spec: recordAt(template, 'spec') },
    metadata: {
      ...{ name: pod.slice(pod.lastIndexOf('/') + 1), namespace, creationTimestamp },
      labels: withHash(template, hash).labels,
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid, controller: true }],
    },
    status: { phase: 'Pending', podIP: address, conditions: [{ type: 'Ready', status: 'False' }] },
  });
}

function readyPod(template: Json): Json {
  const state = { running: { startedAt: new Date().toISOString() } };
  const containerStatuses = listAt(recordAt(template, 'spec'), 'containers').map((container) => ({
    ...{ name: stringAt(container, 'name'), image: stringAt(container, 'image'), ready: true, restartCount: 0, state },
  }));
  return { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }], containerStatuses } };
}

function withHash(template: Json, hash: string): { readonly labels: Json } {
  return { labels: { ...recordAt(recordAt(template, 'metadata'), 'labels'), 'pod-template-hash': hash } };
}

/** Of this machine, whatever the number. */
function addressOf(number: number): string {
  return `127.${1 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`;
}

function replicaSetPath(path: string, hash: string): string {
  return `${path.replace('/deployments/', '/replicasets/')}-${hash}`;
}

function podsPath(path: string): string {
  return path.replace('/apis/apps/v1/', '/api/v1/').replace(/\/deployments\/.*$/, '/pods');
}
