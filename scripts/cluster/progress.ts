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

/** How far a step is that can tell: `412 of 2,503 packages`; undefined while it cannot. */
export type HowFar = () => string | undefined;

/** Reports the start of a long step, then every 15 seconds that it goes on, and how far it is where `work` told how to ask. */
export async function reportWhile<T>(
  report: Report,
  step: string,
  work: (tell: (howFar: HowFar) => void) => Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  let howFar: HowFar = () => undefined;
  report(step);
  const timer = setInterval(() => {
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    report(`${step}: ${howFar() ?? 'still at it'} after ${seconds} s`);
  }, stillWorkingMs);
  try {
    return await work((ask) => (howFar = ask));
  } finally {
    clearInterval(timer);
  }
}
