import { API, LABELS } from '../core/mcpserver/api.ts';
import { CANDIDATE_SUFFIX } from '../core/mcpserver/names.ts';
import type { PodFailure } from '../core/mcpserver/types.gen.ts';
import { diagnosePods, isNotReadyYet, servingContainers, unstartedSinceMs } from '../core/plan/diagnose-pods.ts';
import type { PodState } from '../core/plan/diagnose-pods.ts';
import type { ServingPod } from '../core/plan/serving.ts';
import type { Keys } from '../platform/kube/list-watch.ts';
import { isRecord, keyOf, listAt, metaOf, recordAt, splitKey, stringAt } from '../platform/kube/object.ts';
import { FairStore } from './fair-store.ts';
import { LateServers } from './late-servers.ts';
import { NewestTemplates, templateOf } from './newest-templates.ts';
import { ServingPods } from './serving.ts';

/** What is kept of pods, in bytes of JSON, which take twice as much in memory: of a thousand that fail. */
const limits = { largest: 64 * 1024, inAll: 1024 * 1024 };

/** Pods that fail, or are not ready yet, of one server: more of them say nothing more. */
const maxKept = 64;
/** Of one pod: somebody may give a pod our label that has hundreds of containers. */
const maxContainers = 20;
/** Of one text of a kubelet, in characters: more than is passed on. */
const maxTextLength = 1_100;

/**
 * Keeps the pods that visibly fail and those that are not ready yet, and of the healthy ones a line each. Where there is
 * no room, the namespace that has the most goes without.
 */
export class PodCache {
  readonly #label: string;
  readonly #serving: ServingPods;
  readonly #leaving: ServingPods;
  readonly #newest = new NewestTemplates();
  readonly #states = new FairStore<PodState>(limits);
  /** By server, then by pod: what is to be known about it. */
  readonly #kept = new Map<string, Map<string, Sighting>>();

  readonly #late = new LateServers();
  readonly #exists: (server: string) => boolean;

  /**
   * By the label whose value is the name of their server, and the one that tells templates apart; by default of those that serve.
   * `exists`: whether there is such a server; default: each is taken to exist.
   */
  constructor(label: string = LABELS.server, templateLabel?: string, exists: (server: string) => boolean = () => true) {
    this.#exists = exists;
    this.#label = label;
    this.#serving = new ServingPods(templateLabel);
    this.#leaving = new ServingPods(templateLabel, 'leaving');
  }

  /** The pods of one server that fail, or may turn out to. */
  of(server: string): readonly PodState[] {
    return [...(this.#kept.get(server)?.keys() ?? [])].flatMap((pod) => this.#states.get(pod) ?? []);
  }

  /** Those behind the Service of one server. */
  servingOf(server: string): readonly ServingPod[] {
    return this.#serving.of(server);
  }

  /**
   * At which the pods of one server are reached: those that serve, then those on their way out. Proxies and clients go on
   * connecting to these until they have heard of it, which is what they sleep for before they end.
   */
  portsOf(server: string): readonly number[] {
    return [...new Set(this.#reached(server).map(({ port }) => port))];
  }

  /** At which the metrics of those pods are read, where they have a port of their own. */
  metricsPortsOf(server: string): readonly number[] {
    return [...new Set(this.#reached(server).flatMap(({ metricsPort }) => metricsPort ?? []))];
  }

  /** Of which template the youngest pod of one server is; undefined where nobody knows. */
  newestTemplateOf(server: string): string | undefined {
    return this.#newest.of(server);
  }

  /**
   * Returns the server whose diagnosis may have changed, or the pods that serve. Restart counts and moments of the same
   * failure are no news. A pod that is not of a ReplicaSet of the server does not count, whatever its labels say; nothing is
   * kept of the pods of a server that is not there: see {@link isToBeListed}.
   */
  put(raw: unknown): string | undefined {
    const server = serverOf(raw, this.#label);
    if (server !== undefined) this.#noteTold(server, raw);
    // Somebody has taken the label away, to look into it out of the Service's way.
    if (server === undefined || !this.#isOfReplicaSet(raw, splitKey(server).name)) return this.remove(raw);
    if (!this.#exists(server)) {
      this.#late.noteDropped(server);
      return undefined;
    }
    const pod = toPodState(raw);
    if (pod === undefined) return undefined;
    const isOther = this.#serving.put(server, raw);
    this.#leaving.put(server, raw);
    const isNewer = this.#newest.put(server, raw);
    return this.#putState(server, raw, pod) || isOther || isNewer ? server : undefined;
  }

  /** Returns the server whose it was; without a label, that is looked for. */
  remove(raw: unknown): string | undefined {
    const key = podKey(raw);
    const server = serverOf(raw, this.#label) ?? this.#ownerOf(raw, key);
    if (server === undefined) return undefined;
    this.#noteTold(server, raw);
    const isOther = this.#serving.remove(server, raw);
    const wasNewest = this.#newest.remove(server, raw);
    const isLastAtPort = this.#forgetLeaving(server, raw);
    return this.#drop(server, key) || isOther || wasNewest || isLastAtPort ? server : undefined;
  }

  /** The server was not there before, and its pods may have been: see {@link isToBeListed}. */
  noteServer(server: string): void {
    this.#late.noteServer(server);
  }

  /** Whether there may be pods of the server of which nothing is known, because they were there before it. */
  isToBeListed(server: string): boolean {
    return this.#late.isToBeListed(server);
  }

  /** Those that there are; what a watch has told meanwhile stays. */
  putListed(server: string, pods: readonly unknown[]): void {
    const told = this.#late.end(server);
    for (const raw of pods) if (!told.has(podKey(raw))) this.put(raw);
  }

  /** The server is gone; its pods may stay. */
  forget(server: string): void {
    this.#late.end(server);
    // One that is on its way out is asked for no more, and is there still.
    if (!this.#exists(server)) this.#dropAll(server);
  }

  keepOnly(keys: Keys): readonly string[] {
    const known = [...this.#kept].flatMap(([server, pods]) => [...pods.keys()].map((pod) => ({ server, pod })));
    const failed = known.filter(({ server, pod }) => !keys.has(pod) && this.#drop(server, pod));
    const exists = (server: string, name: string): boolean =>
      keys.has(keyOf({ kind: 'Pod', namespace: splitKey(server).namespace, name }));
    const others = [this.#serving, this.#leaving, this.#newest].flatMap((pods) => pods.keepOnly(exists));
    return [...new Set([...failed.map(({ server }) => server), ...others])];
  }

  /**
   * Anybody may give a pod our labels: a copy to debug, a canary of theirs. A pod that names a ReplicaSet that is not there is
   * collected as garbage.
   */
  #isOfReplicaSet(raw: unknown, server: string): boolean {
    const deployment = this.#label === LABELS.candidateOf ? `${server}${CANDIDATE_SUFFIX}` : server;
    const owners = listAt(recordAt(raw, 'metadata'), 'ownerReferences');
    const controller = owners.find((owner) => isRecord(owner) && owner['controller'] === true);
    // As the Deployment controller names them.
    const wanted = `${deployment}-${templateOf(raw) ?? ''}`;
    return stringAt(controller, 'kind') === 'ReplicaSet' && stringAt(controller, 'name') === wanted;
  }

  /** Returns whether no pod of the server is reached at its port any more: that a pod has ended at last is no news else. */
  #forgetLeaving(server: string, raw: unknown): boolean {
    const before = this.#countPorts(server);
    return this.#leaving.remove(server, raw) && this.#countPorts(server) < before;
  }

  #countPorts(server: string): number {
    return this.portsOf(server).length + this.metricsPortsOf(server).length;
  }

  #reached(server: string): readonly ServingPod[] {
    return [this.#serving.of(server), this.#leaving.of(server)].flat();
  }

  /** Of a pod whose label does not say it any more. */
  #ownerOf(raw: unknown, pod: string): string | undefined {
    return this.#serving.ownerOf(raw) ?? this.#leaving.ownerOf(raw) ?? this.#keeperOf(pod);
  }

  #keeperOf(pod: string): string | undefined {
    for (const [server, pods] of this.#kept) if (pods.has(pod)) return server;
    return undefined;
  }

  /** Returns whether its diagnosis may have changed. */
  #putState(server: string, raw: unknown, pod: PodState): boolean {
    const key = podKey(raw);
    const before = this.#kept.get(server)?.get(key);
    const seen = metaOf(raw).isDeleting ? undefined : sightingOf(pod, before);
    const isFull = before === undefined && (this.#kept.get(server)?.size ?? 0) >= maxKept;
    if (seen === undefined) this.#drop(server, key);
    else if (!isFull) {
      this.#keep(server, key, seen);
      this.#states.put(key, { value: pod, bytes: JSON.stringify(pod).length });
    }
    return seen !== before && !isFull;
  }

  #noteTold(server: string, raw: unknown): void {
    if (this.#late.isToBeListed(server)) this.#late.notePod(server, podKey(raw));
  }

  #dropAll(server: string): void {
    this.#late.noteDropped(server);
    for (const pod of [...(this.#kept.get(server)?.keys() ?? [])]) this.#drop(server, pod);
    this.#serving.forget(server);
    this.#leaving.forget(server);
    this.#newest.forget(server);
  }

  #keep(server: string, pod: string, seen: Sighting): void {
    const pods = this.#kept.get(server) ?? new Map<string, Sighting>();
    this.#kept.set(server, pods.set(pod, seen));
  }

  #drop(server: string, pod: string): boolean {
    const pods = this.#kept.get(server);
    const wasThere = pods?.delete(pod) ?? false;
    if (pods?.size === 0) this.#kept.delete(server);
    if (wasThere) this.#states.drop(pod);
    return wasThere;
  }
}

/** What is to be known about a pod; another one when somebody has to look at it again. */
type Sighting = PodFailure | 'not-ready-yet';

function sightingOf(pod: PodState, before: Sighting | undefined): Sighting | undefined {
  const failure = diagnosePods([pod], { previous: before === 'not-ready-yet' ? undefined : before });
  const mayFail = unstartedSinceMs(pod) !== undefined || servingContainers(pod).some(isNotReadyYet);
  return failure ?? (mayFail ? 'not-ready-yet' : undefined);
}

function podKey(raw: unknown): string {
  return keyOf({ kind: 'Pod', ...metaOf(raw) });
}

function serverOf(raw: unknown, label: string): string | undefined {
  const name = stringAt(recordAt(recordAt(raw, 'metadata'), 'labels'), label);
  return name === undefined ? undefined : keyOf({ kind: API.kind, namespace: metaOf(raw).namespace, name });
}

function toPodState(raw: unknown): PodState | undefined {
  if (!isRecord(raw)) return undefined;
  const { conditions, initContainerStatuses, containerStatuses } = recordAt(raw, 'status') ?? {};
  return podStateOf(raw, {
    conditions: whatIsRead(conditions),
    initContainerStatuses: whatIsRead(initContainerStatuses),
    containerStatuses: whatIsRead(containerStatuses),
  });
}

/** The API server's own types say that these lists, where they exist, are what PodState says of them. */
function podStateOf(raw: unknown, status: Readonly<Record<string, unknown>>): PodState {
  const lists = Object.fromEntries(Object.entries(status).filter(([, list]) => Array.isArray(list)));
  const template = templateOf(raw);
  return { metadata: { name: metaOf(raw).name, ...(template === undefined ? {} : { template }) }, status: lists };
}

/** The fields of {@link PodState}; a container has volume mounts and resources besides, in any number. */
const fields = new Set([
  ...['name', 'type', 'status', 'reason', 'message', 'image', 'ready', 'restartCount', 'state', 'lastState'],
  ...['waiting', 'running', 'terminated', 'exitCode', 'startedAt', 'finishedAt', 'lastTransitionTime'],
]);

function whatIsRead(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, maxContainers).map(whatIsRead);
  // A part of a text would keep the whole of it in memory, so it is copied.
  if (typeof value === 'string' && value.length > maxTextLength)
    return Buffer.from(value.slice(0, maxTextLength)).toString();
  if (!isRecord(value)) return value;
  const read = Object.entries(value).filter(([field]) => fields.has(field));
  return Object.fromEntries(read.map(([field, part]) => [field, whatIsRead(part)]));
}
