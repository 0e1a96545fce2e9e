/**
 * Resolves in the next turn of the event loop, together for all who asked since the last one. Requests whose bodies
 * arrived at the same time are then judged one right after the other, with the code of the rules still in the caches of
 * the processor: between two of them TLS and HTTP would have driven it out again.
 */
export function createBatch(): () => Promise<void> {
  let next: Promise<void> | undefined;
  return () =>
    (next ??= new Promise((resolve) => {
      setImmediate(() => {
        next = undefined;
        resolve();
      });
    }));
}
