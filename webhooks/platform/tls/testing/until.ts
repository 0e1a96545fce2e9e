/** Resolves as soon as the condition holds; rejects after four minutes, naming it. For tests. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 240_000;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`did not become true: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
