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
  /** In the order of turns: a namespace whose read began goes to the end. */
  const lines = new Map<string, (() => void)[]>();
  let isReading = false;

  const next = (): void => {
    const [first] = lines;
    isReading = first !== undefined;
    if (first === undefined) return;
    const [namespace, line] = first;
    const begin = line.shift();
    lines.delete(namespace);
    if (line.length > 0) lines.set(namespace, line);
    begin?.();
  };

  const turn = (namespace: string, signal: AbortSignal): Promise<boolean> =>
    new Promise((resolve) => {
      const line = lines.get(namespace) ?? [];
      const begin = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve(true);
      };
      const giveUp = (): void => {
        line.splice(line.indexOf(begin), 1);
        if (line.length === 0) lines.delete(namespace);
        resolve(false);
      };
      if (signal.aborted) {
        resolve(false);
        return;
      }
      signal.addEventListener('abort', giveUp, { once: true });
      line.push(begin);
      lines.set(namespace, line);
      if (!isReading) next();
    });

  return {
    async inTurn(namespace, signal, read) {
      if (!(await turn(namespace, signal))) return undefined;
      try {
        return await read();
      } finally {
        next();
      }
    },
  };
}
