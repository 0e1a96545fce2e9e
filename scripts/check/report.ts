import type { StepResult } from './steps.ts';

/** Prints the closing line `N passed, N failed` on stdout (the failed steps above it on stderr); returns the exit code. */
export function report(results: readonly StepResult[]): 0 | 1 {
  const sum = (pick: (result: StepResult) => number): number =>
    results.reduce((total, result) => total + pick(result), 0);
  const passed = sum((result) => result.passed);
  const failed = sum((result) => result.failed);
  for (const { step } of results.filter((result) => result.failed > 0)) {
    process.stderr.write(`✗ ${step.name}: ${step.remedy}\n`);
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 && passed > 0 ? 0 : 1;
}
