import { objectPath } from '../../../webhooks/platform/kube/api.ts';
import { metaOf } from '../../../webhooks/platform/kube/object.ts';
import type { FakeKubeApi } from '../../../webhooks/platform/kube/testing/fake-kube-api.ts';
import { apiVersion, plural } from '../cluster/servers.ts';

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly observedGeneration?: number;
}

/** Of what the reconciler wrote, by its schema. */
interface Status {
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
  readonly extensions?: { readonly rollout?: { readonly phase: string } };
}

/** What was written of the servers of a fleet, and requested for them. */
export interface Written {
  /** Of status, all servers together. */
  readonly statusWrites: number;
  /** Of status, of the server with the most. */
  readonly mostOfOne: number;
  /** Writes of status that changed nothing. */
  readonly withoutEffect: number;
  /** All requests but for the Lease. */
  readonly requests: number;
  /** All writes but for the Lease. */
  readonly writes: readonly string[];
  /** Servers that were not Available or not Verified for a moment. */
  readonly lostVerdicts: readonly string[];
}

/** Follows the servers of a stand-in, `namespace/name`. */
export class ServerLog {
  readonly #objects: FakeKubeApi;
  readonly #open: Set<string>;
  readonly #lost = new Set<string>();
  #changes = 0;
  #since: { readonly writes: number; readonly reads: number };

  constructor(objects: FakeKubeApi, keys: readonly string[]) {
    this.#objects = objects;
    this.#open = new Set(keys);
    this.#since = { writes: objects.writes.length, reads: objects.reads.length };
    const path = objectPath({ apiVersion, plural });
    void objects.watch({ path, idleTimeoutMs: 0, signal: new AbortController().signal }, ({ type, object }) => {
      if (type === 'MODIFIED') this.#note(object);
    });
  }

  /** Of all that is known, nothing is on its way, and every server is verified. */
  isCalm(): boolean {
    return this.#open.size === 0;
  }

  describeOpen(): string {
    return `${this.#open.size} are on their way: ${[...this.#open].slice(0, 3).join(', ')}`;
  }

  /** Its next event is none of the reconciler's. */
  expectChange(key: string): void {
    this.#changes -= 1;
    this.#open.add(key);
  }

  /** From here on it counts. */
  begin(): void {
    this.#lost.clear();
    this.#changes = 0;
    this.#since = { writes: this.#objects.writes.length, reads: this.#objects.reads.length };
  }

  written(): Written {
    const writes = this.#objects.writes.slice(this.#since.writes).filter((request) => !isOfLease(request));
    const reads = this.#objects.reads.slice(this.#since.reads).filter((request) => !isOfLease(request));
    const ofStatus = new Map<string, number>();
    for (const write of writes) if (write.endsWith('/status')) ofStatus.set(write, (ofStatus.get(write) ?? 0) + 1);
    const statusWrites = [...ofStatus.values()].reduce((sum, times) => sum + times, 0);
    return {
      statusWrites,
      mostOfOne: Math.max(0, ...ofStatus.values()),
      withoutEffect: statusWrites - this.#changes,
      requests: writes.length + reads.length,
      writes,
      lostVerdicts: [...this.#lost],
    };
  }

  #note(object: unknown): void {
    this.#changes += 1;
    const { namespace, name, generation } = metaOf(object);
    const key = `${namespace}/${name}`;
    // Written by the reconciler, by its schema.
    const { status = {} } = object as { readonly status?: Status };
    if (!isTrue(status, 'Available') || !isTrue(status, 'Verified')) this.#lost.add(key);
    if (isCalm(status, generation)) this.#open.delete(key);
    else this.#open.add(key);
  }
}

function isTrue({ conditions = [] }: Status, type: string): boolean {
  return conditions.some((one) => one.type === type && one.status === 'True');
}

/** What is wanted serves, is verified, and nothing is on its way. */
function isCalm(status: Status, generation: number): boolean {
  const { observedGeneration, conditions = [], extensions } = status;
  const isOfNow = conditions.find(({ type }) => type === 'Ready')?.observedGeneration === generation;
  const isOnItsWay =
    ['Reconciling', 'Stalled'].some((type) => isTrue(status, type)) || extensions?.rollout !== undefined;
  return observedGeneration === generation && isOfNow && isTrue(status, 'Ready') && !isOnItsWay;
}

function isOfLease(request: string): boolean {
  return request.includes('/leases');
}
