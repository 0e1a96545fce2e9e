import { Slots } from '../slots.ts';

/** Lets large objects be read one at a time in the whole process, fairly between namespaces. */
export interface LargeReads {
  /** Undefined when the signal aborted before it was the namespace's turn. */
  inTurn<T>(namespace: string, signal: AbortSignal, read: () => Promise<T>): Promise<T | undefined>;
}

/**
 * After one read it is the turn of the namespace that waits longest for one, whatever the others have in line: who has
 * many large objects waits for his own.
 */
export function createLargeReads(): LargeReads {
  const slot = new Slots({ count: 1, ofNamespace: 1, reserved: 0 });
  return {
    async inTurn(namespace, signal, read) {
      const release = await slot.take(namespace, signal);
      if (release === undefined) return undefined;
      try {
        return await read();
      } finally {
        release();
      }
    },
  };
}
