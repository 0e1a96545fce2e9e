import type { StepResult } from './steps.ts';

/** So many failures of a step are named; more have one cause, and the log has them all. */
const maxNamed = 50;

/**
 * Prints the closing line `N passed, N failed` on stdout; returns the exit code. Above it, on stderr, stand the steps that
 * failed and the name of each test that did: of a log that somebody has cut the end is left.
 */
export function report(results: readonly StepResult[]): 0 | 1 {
  const sum = (pick: (result: StepResult) => number): number =>
    results.reduce((total, result) => total + pick(result), 0);
  const passed = sum((result) => result.passed);
  const failed = sum((result) => result.failed);
  const broken = results.filter((result) => result.failed > 0);
  for (const { step, failures } of broken) {
    process.stderr.write(`\n✗ ${step.name}: ${step.remedy}\n`);
    for (const failure of failures.slice(0, maxNamed)) process.stderr.write(`  ${failure}\n`);
    if (failures.length > maxNamed) process.stderr.write(`  and ${failures.length - maxNamed} more\n`);
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 && passed > 0 ? 0 : 1;
}
