import type { ApiState, ApiStates } from '../core/engine/installation.ts';
import type { OptionalKind } from '../core/resources/optional-kind.ts';
import { ApiDiscovery } from '../platform/kube/api-discovery.ts';
import type { ApiDiscoveryOptions } from '../platform/kube/api-discovery.ts';
import type { ListWatch } from '../platform/kube/list-watch.ts';

export interface OptionalApisOptions extends Omit<ApiDiscoveryOptions, 'onChange'> {
  /** The kind cannot be used any more, and whatever existed of it went with its API. */
  readonly onGone: (of: OptionalKind) => void;
}

/** The watches of a kind, by namespace, `''` for all of them at once; not running yet. */
type WatchKind = (of: OptionalKind) => ReadonlyMap<string, ListWatch>;

/** The watches of a kind whose API is there, and what ends them. */
interface Followed {
  readonly watches: ReadonlyMap<string, ListWatch>;
  readonly end: () => void;
}

/**
 * Follows the optional kinds: the watch of one begins when its API appears and ends when it goes, and nothing else waits
 * for either.
 */
export class OptionalApis {
  readonly #discovery: ApiDiscovery;
  /** By kind. */
  readonly #followed = new Map<string, Followed>();
  #follow: (of: OptionalKind) => void = () => undefined;

  constructor(options: OptionalApisOptions) {
    this.#discovery = new ApiDiscovery({
      ...options,
      onChange: (of, state) => {
        this.#end(of);
        if (state === 'served') this.#follow(of);
        else options.onGone(of);
      },
    });
  }

  /** Those that run now. */
  get watches(): readonly ListWatch[] {
    return [...this.#followed.values()].flatMap(({ watches }) => [...watches.values()]);
  }

  /** What holds for servers in a namespace: served means that all that exists of the kind there is known, too. */
  statesIn(namespace: string): ApiStates {
    return { get: (kind) => this.#stateIn(namespace, kind) };
  }

  /** In which version a kind is served; undefined where it is not, or nobody knows. */
  versionOf(kind: string): string | undefined {
    return this.#discovery.versionOf(kind);
  }

  /** A request for objects of an optional kind was answered as if there were none such. */
  askSoon(): void {
    this.#discovery.askSoon();
  }

  /** Runs until the signal aborts; rejects with whatever breaks a watch. */
  run(watchKind: WatchKind, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#follow = (of) => {
        const ending = new AbortController();
        const watches = watchKind(of);
        this.#followed.set(of.kind, {
          watches,
          end: () => {
            ending.abort();
          },
        });
        const running = AbortSignal.any([signal, ending.signal]);
        for (const watch of watches.values()) watch.run(running).catch(reject);
      };
      if (this.#discovery.isNeeded) this.#discovery.run(signal).then(resolve, reject);
      else {
        signal.addEventListener(
          'abort',
          () => {
            resolve();
          },
          { once: true },
        );
      }
    });
  }

  #end({ kind }: OptionalKind): void {
    this.#followed.get(kind)?.end();
    this.#followed.delete(kind);
  }

  #stateIn(namespace: string, kind: string): ApiState | undefined {
    const state = this.#discovery.states.get(kind);
    if (state !== 'served') return state;
    const watches = this.#followed.get(kind)?.watches;
    const watch = watches?.get('') ?? watches?.get(namespace);
    return watch?.isSynced === true ? 'served' : 'unknown';
  }
}
