/**
 * Collects items and hands all of one turn of the event loop to `judge` together. Requests whose bodies arrived at the same
 * time are then judged one right after the other, with the code of the rules still in the caches of the processor:
 * between two of them TLS and HTTP would have driven it out again.
 */
export function createBatch<Item>(judge: (items: readonly Item[]) => void): (item: Item) => void {
  let waiting: Item[] = [];
  const run = (): void => {
    const items = waiting;
    waiting = [];
    judge(items);
  };
  return (item) => {
    if (waiting.push(item) === 1) setImmediate(run);
  };
}
