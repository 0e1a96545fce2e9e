import { diagnosePods, isNotReadyYet } from '../core/plan/diagnose-pods.ts';
import type { PodState } from '../core/plan/diagnose-pods.ts';
import type { Keys } from '../platform/kube/list-watch.ts';
import { isRecord, keyOf, metaOf, recordAt, stringAt } from '../platform/kube/object.ts';

/** Keeps the pods that visibly fail and those that are not ready yet, and nothing of the healthy ones. */
export class PodCache {
  /** By server, then by pod. */
  readonly #kept = new Map<string, Map<string, Kept>>();

  /** The pods of one server that fail, or may turn out to. */
  of(server: string): readonly PodState[] {
    return [...(this.#kept.get(server)?.values() ?? [])].map(({ pod }) => pod);
  }

  /** Returns the server whose diagnosis may have changed. Restart counts and moments of the same failure are no news. */
  put(raw: unknown): string | undefined {
    const server = serverOf(raw);
    const pod = toPodState(raw);
    if (server === undefined || pod === undefined) return undefined;
    const key = keyOf(metaOf(raw));
    const before = this.#kept.get(server)?.get(key)?.text;
    const text = metaOf(raw).isDeleting ? undefined : describePod(pod, before);
    if (text === undefined) this.#drop(server, key);
    else this.#keep(server, key, { pod, text });
    return text === before ? undefined : server;
  }

  remove(raw: unknown): string | undefined {
    const server = serverOf(raw);
    return server !== undefined && this.#drop(server, keyOf(metaOf(raw))) ? server : undefined;
  }

  keepOnly(keys: Keys): readonly string[] {
    const known = [...this.#kept].flatMap(([server, pods]) => [...pods.keys()].map((pod) => ({ server, pod })));
    return known.filter(({ server, pod }) => !keys.has(pod) && this.#drop(server, pod)).map(({ server }) => server);
  }

  #keep(server: string, pod: string, kept: Kept): void {
    const pods = this.#kept.get(server) ?? new Map<string, Kept>();
    this.#kept.set(server, pods.set(pod, kept));
  }

  #drop(server: string, pod: string): boolean {
    const pods = this.#kept.get(server);
    const wasThere = pods?.delete(pod) ?? false;
    if (pods?.size === 0) this.#kept.delete(server);
    return wasThere;
  }
}

interface Kept {
  readonly pod: PodState;
  readonly text: string;
}

/** What is to be known about a pod, as a text that changes when somebody has to look at it again. */
function describePod(pod: PodState, before: string | undefined): string | undefined {
  const failure = diagnosePods([pod], { previous: before });
  return failure ?? (pod.status?.containerStatuses?.some(isNotReadyYet) === true ? 'not ready yet' : undefined);
}

function serverOf(raw: unknown): string | undefined {
  const name = stringAt(recordAt(recordAt(raw, 'metadata'), 'labels'), 'mcp-server');
  return name === undefined ? undefined : keyOf({ namespace: metaOf(raw).namespace, name });
}

function toPodState(raw: unknown): PodState | undefined {
  if (!isRecord(raw)) return undefined;
  const { conditions, initContainerStatuses, containerStatuses } = recordAt(raw, 'status') ?? {};
  return podStateOf(metaOf(raw).name, { conditions, initContainerStatuses, containerStatuses });
}

/** The API server's own types say that these lists, where they exist, are what PodState says of them. */
function podStateOf(name: string, status: Readonly<Record<string, unknown>>): PodState {
  const lists = Object.fromEntries(Object.entries(status).filter(([, list]) => Array.isArray(list)));
  return { metadata: { name }, status: lists };
}
