/** Resolves as soon as the condition holds; rejects after two seconds, naming it. For tests. */
export async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 2_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`did not become true: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
