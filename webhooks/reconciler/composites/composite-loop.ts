import { API } from '../../core/mcpserver/api.ts';
import type { CompositeKind } from '../../core/composites/composite-kind.ts';
import { EXPANDED_FROM_LABEL } from '../../core/mcpserver/names.ts';
import { digest } from '../../platform/digest.ts';
import { objectPath } from '../../platform/kube/api.ts';
import { ListWatch, type Keys, type ListWatchOptions, type WatchHandlers } from '../../platform/kube/list-watch.ts';
import { keyOf, metaOf, recordAt, splitKey } from '../../platform/kube/object.ts';
import { controllerOf } from '../observe.ts';
import { WorkQueue } from '../queue.ts';
import { Setbacks } from '../setbacks.ts';
import { letGo } from './let-go.ts';
import { Repairs } from './repairs.ts';
import { reconcileComposite, type CompositeWorld } from './reconcile-composite.ts';

export interface CompositeLoopOptions
  extends
    Omit<CompositeWorld, 'of' | 'setbacks' | 'repairs' | 'onReady'>,
    Pick<ListWatchOptions, 'random' | 'log' | 'onListed'> {
  /** Only these are looked at; empty means every one. */
  readonly namespaces: readonly string[];
}

const concurrency = { inAll: 4, ofNamespace: 3 };
/** Of those that become many MCPServers: a round has what all of them should be in memory, up to a quarter of a megabyte of JSON. */
const concurrencyOfMany = { inAll: 1, ofNamespace: 1 };
const backoff = { initialMs: 250, maxMs: 60_000 };
/** In the keys of MCPServers that have our label and no owner any more. */
const leftKind = 'Left';
/** Of the condition Ready. */
const readyStates = ['True', 'False', 'Unknown'];

/**
 * Expands the objects of one kind above MCPServer, and mirrors what becomes of them. Of both kinds only metadata is followed,
 * and no more of it kept than who has to be looked at again: each round reads what it needs as it is.
 */
export class CompositeLoop {
  readonly #of: CompositeKind;
  readonly #queue: WorkQueue;
  readonly #world: CompositeWorld;
  /** By object, a digest of what a round depends on: its own status is none of that. */
  readonly #objects = new Map<string, string>();
  /** By object, what its condition Ready was at the end of its last round. */
  readonly #ready = new Map<string, string>();
  /** The owner of each MCPServer with our label. */
  readonly #owners = new Map<string, string>();
  readonly watches: readonly ListWatch[];

  constructor(of: CompositeKind, options: CompositeLoopOptions) {
    const { namespaces, random, log, onListed, ...world } = options;
    this.#of = of;
    const onReady = (key: string, ready: string): void => {
      if (this.#objects.has(key)) this.#ready.set(key, ready);
    };
    this.#world = { ...world, of, setbacks: new Setbacks(), repairs: new Repairs(world.clock), onReady };
    this.#queue = new WorkQueue({
      clock: world.clock,
      log,
      random,
      concurrency: of.isOrdered === true ? concurrencyOfMany : concurrency,
      backoff,
    });
    const common = {
      ...{ api: world.api, clock: world.clock, log, random, metadataOnly: true },
      ...(onListed === undefined ? {} : { onListed }),
    };
    const places = namespaces.length === 0 ? [undefined] : namespaces;
    this.watches = places.flatMap((namespace) => [
      createWatch(of, { ...common, namespace, handlers: this.#objectHandlers() }),
      createWatch(API, {
        ...{ ...common, namespace, handlers: this.#serverHandlers() },
        labelSelector: `${EXPANDED_FROM_LABEL}=${of.kind}.${of.group}`,
      }),
    ]);
  }

  /** Kind and group. */
  get name(): string {
    return `${this.#of.kind}.${this.#of.group}`;
  }

  /** How many objects there are, by what their condition Ready is; Unknown: nobody has looked at them yet, too. */
  counts(): ReadonlyMap<string, number> {
    const counts = new Map(readyStates.map((state) => [state, 0]));
    for (const key of this.#objects.keys()) {
      const ready = this.#ready.get(key) ?? 'Unknown';
      counts.set(ready, (counts.get(ready) ?? 0) + 1);
    }
    return counts;
  }

  /** How many whose last round hit a bug of ours. */
  get quarantined(): number {
    return this.#queue.quarantined;
  }

  /** Runs until the signal aborts; rejects with whatever breaks a watch. */
  async run(signal: AbortSignal): Promise<void> {
    const work = (key: string, workSignal: AbortSignal) =>
      splitKey(key).kind === leftKind
        ? letGo(key, this.#world, workSignal)
        : reconcileComposite(key, this.#world, workSignal);
    await Promise.all([...this.watches.map((watch) => watch.run(signal)), this.#queue.run({ work }, signal)]);
  }

  #objectHandlers(): WatchHandlers {
    return {
      onUpsert: (raw) => {
        const key = keyFor(this.#of, raw);
        const print = printOf(raw);
        if (this.#objects.get(key) === print) return;
        this.#objects.set(key, print);
        this.#queue.add(key);
      },
      onDelete: (raw) => {
        this.#forget(keyFor(this.#of, raw));
      },
      onReplace: (keys) => {
        for (const key of [...this.#objects.keys()]) if (!keys.has(key)) this.#forget(key);
      },
    };
  }

  #forget(key: string): void {
    this.#objects.delete(key);
    this.#ready.delete(key);
    this.#world.setbacks.forget(key);
    this.#world.repairs.forget(key);
  }

  #serverHandlers(): WatchHandlers {
    return {
      onUpsert: (raw) => {
        const server = keyFor(API, raw);
        const owner = this.#ownerOf(raw);
        this.#wake(this.#owners.get(server));
        if (owner === undefined) this.#owners.delete(server);
        else this.#owners.set(server, owner);
        if (controllerOf(recordAt(raw, 'metadata')) === undefined)
          this.#queue.addSoon(keyOf({ ...metaOf(raw), kind: leftKind }));
        this.#wake(owner);
      },
      onDelete: (raw) => {
        this.#dropServer(keyFor(API, raw));
      },
      onReplace: (keys) => {
        for (const server of [...this.#owners.keys()]) if (!keys.has(server)) this.#dropServer(server);
      },
    };
  }

  #dropServer(server: string): void {
    this.#wake(this.#owners.get(server));
    this.#owners.delete(server);
  }

  #ownerOf(raw: unknown): string | undefined {
    const controller = controllerOf(recordAt(raw, 'metadata'));
    if (controller?.kind !== this.#of.kind || !controller.apiVersion.startsWith(`${this.#of.group}/`)) return undefined;
    return keyOf({ kind: this.#of.kind, namespace: metaOf(raw).namespace, name: controller.name });
  }

  /** Events of an MCPServer come in pieces. */
  #wake(key: string | undefined): void {
    if (key !== undefined && this.#objects.has(key)) this.#queue.addSoon(key);
  }
}

function keyFor({ kind }: { readonly kind: string }, raw: unknown): string {
  return keyOf({ kind, ...metaOf(raw) });
}

/** With each change of the spec there is another generation; annotations have none. */
function printOf(raw: unknown): string {
  const { uid, generation, isDeleting } = metaOf(raw);
  return digest(JSON.stringify([uid, generation, isDeleting, recordAt(recordAt(raw, 'metadata'), 'annotations')]));
}

interface Watched {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
}
type WatchOptions = Omit<ListWatchOptions, 'name' | 'kind' | 'path'> & { readonly namespace: string | undefined };

function createWatch(
  { apiVersion, kind, plural }: Watched,
  { namespace, handlers, ...options }: WatchOptions,
): ListWatch {
  const [group = ''] = apiVersion.split('/');
  const name = `${plural}.${group}`;
  return new ListWatch({
    ...options,
    kind,
    name: namespace === undefined ? name : `${namespace}/${name}`,
    path: objectPath({ apiVersion, plural, ...(namespace === undefined ? {} : { namespace }) }),
    handlers: namespace === undefined ? handlers : withinNamespace(namespace, handlers),
  });
}

/** The list of one namespace says nothing about the objects of the others. */
function withinNamespace(namespace: string, handlers: WatchHandlers): WatchHandlers {
  return {
    ...handlers,
    onReplace: (keys: Keys) => {
      handlers.onReplace({ has: (key) => keys.has(key) || splitKey(key).namespace !== namespace });
    },
  };
}
