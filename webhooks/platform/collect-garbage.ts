import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** `young`: what has just been dropped, about a millisecond. `all`: everything, some ten milliseconds. */
export type CollectGarbage = (what: 'young' | 'all') => void;

/**
 * The engine's own collector, for the few moments in which we know better than it does when to collect: it starts by
 * itself only when some 64 MB hang outside of its heap, and a container that reads bodies of 7 MiB has no such room.
 */
export function createCollector(): CollectGarbage {
  setFlagsFromString('--expose-gc');
  // The flag puts `gc` into contexts that are made after it.
  const gc = runInNewContext('gc') as (options?: { readonly type: 'minor' | 'major' }) => void;
  return (what) => {
    gc({ type: what === 'young' ? 'minor' : 'major' });
  };
}
