/** Says what is going on; one call, one line. */
export type Report = (line: string) => void;

/** Progress for people goes to stderr: stdout belongs to what other programs read (`env`, `exec`). */
export function createStderrReport(): Report {
  const startedAt = performance.now();
  return (line) => {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(6);
    process.stderr.write(`${seconds}s  ${line}\n`);
  };
}

/** How often a step that takes long says that it is still at work. */
const stillWorkingMs = 15_000;

/** Reports the start of a long step, then every 15 seconds that it goes on. */
export async function reportWhile<T>(report: Report, step: string, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  report(step);
  const timer = setInterval(() => {
    report(`${step}: still at it after ${Math.round((performance.now() - startedAt) / 1000)} s`);
  }, stillWorkingMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
