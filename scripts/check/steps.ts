import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failuresOf, type JestReport } from './failures.ts';

/** One line of the check: a command that must exit 0. */
export interface Step {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** What is set for it besides what is set for us. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The command is Jest: its own counts are reported instead of one for the whole command. */
  readonly isJest?: boolean;
  /** What to do when it fails, one sentence. */
  readonly remedy: string;
  /** A step that is not done by then is ended and has failed; minutes. */
  readonly limitMinutes: number;
}

export interface StepResult {
  readonly step: Step;
  readonly passed: number;
  readonly failed: number;
  /** The tests that failed, by name, where the command is Jest. */
  readonly failures: readonly string[];
}

/** Runs the steps one after another (the machine has few cores), each with its elapsed time on stderr. */
export async function runSteps(steps: readonly Step[]): Promise<readonly StepResult[]> {
  return inTurn(steps, 'as it comes');
}

/**
 * Runs each of `rows` one after another, the rows and `others` beside each other; `others` get what is left of the
 * processors: the rows wait for a cluster most of their time. What a step says is shown when it has ended, but for the first row.
 */
export async function runBeside(
  rows: readonly (readonly Step[])[],
  others: readonly Step[],
): Promise<readonly StepResult[]> {
  const inRows = rows.map((row, place) => inTurn(row, place === 0 ? 'as it comes' : 'at its end'));
  const beside = inTurn(others.map(yielding), 'at its end');
  return [...(await beside), ...(await Promise.all(inRows)).flat()];
}

/** The step, to which everybody else's processes are preferred; not so much that its own limits of time pass. */
function yielding(step: Step): Step {
  return { ...step, command: 'nice', args: ['-n', '5', step.command, ...step.args] };
}

async function inTurn(steps: readonly Step[], shown: Shown): Promise<readonly StepResult[]> {
  const results: StepResult[] = [];
  for (const step of steps) results.push(await runStep(step, shown));
  return results;
}

/** So many at a time: each of these uses one processor. */
const sideBySide = 2;

/** Runs steps that do not touch each other, two at a time; what one says is shown when it has ended. */
export async function runStepsSideBySide(steps: readonly Step[]): Promise<readonly StepResult[]> {
  const results = new Map<Step, StepResult>();
  const waiting = steps[Symbol.iterator]();
  const work = async (): Promise<void> => {
    for (const step of waiting) results.set(step, await runStep(step, 'at its end'));
  };
  await Promise.all(Array.from({ length: sideBySide }, work));
  return steps.flatMap((step) => results.get(step) ?? []);
}

/** When what a step says is shown. */
type Shown = 'as it comes' | 'at its end';

async function runStep(step: Step, shown: Shown): Promise<StepResult> {
  if (shown === 'as it comes') process.stderr.write(`\n▶ ${step.name}\n`);
  const started = Date.now();
  const folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-check-'));
  const outputFile = join(folder, 'jest.json');
  try {
    const args = step.isJest === true ? [...step.args, '--json', `--outputFile=${outputFile}`] : step.args;
    const { code, said } = await run({ ...step, args }, shown);
    const result = judge(step, code, step.isJest === true ? await jestReport(outputFile) : undefined);
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    if (shown === 'at its end') process.stderr.write(`\n▶ ${step.name}\n${said}`);
    process.stderr.write(
      result.failed === 0 ? `✓ ${step.name} (${seconds} s)\n` : `✗ ${step.name} (${seconds} s): ${step.remedy}\n`,
    );
    return result;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A step that failed counts at least one failure, whatever it counted itself. */
function judge(step: Step, code: number, counted: JestReport | undefined): StepResult {
  const { passed, failed } = counted === undefined ? countOf(code) : countsOf(counted);
  const failures = counted === undefined ? [] : failuresOf(counted);
  return { step, passed, failed: code !== 0 && failed === 0 ? 1 : failed, failures };
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

function countOf(code: number): Counts {
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** Jest's own summary; a failure when it ran no test at all. */
function countsOf({ numPassedTests, numFailedTests, numRuntimeErrorTestSuites }: JestReport): Counts {
  const failed = numFailedTests + numRuntimeErrorTestSuites;
  return { passed: numPassedTests, failed: numPassedTests === 0 ? Math.max(failed, 1) : failed };
}

/** Undefined when Jest died before writing it. */
async function jestReport(file: string): Promise<JestReport | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  // Written by Jest, whose format it is.
  return text === undefined ? undefined : (JSON.parse(text) as JestReport);
}

/**
 * Jest's JSON goes to a file; its stdout copy is dropped, its readable report is on stderr. The step gets a process
 * group of its own, so that ending it ends what it started.
 */
function run(
  { command, args, environment, limitMinutes }: Step,
  shown: Shown,
): Promise<{ code: number; said: string }> {
  return new Promise((resolve) => {
    const isJson = args.includes('--json');
    const output = shown === 'as it comes' ? 'inherit' : 'pipe';
    const child = spawn(command, args, {
      stdio: ['ignore', isJson ? 'ignore' : output, output],
      env: { ...process.env, ...environment },
      detached: true,
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (said += text));
    const endGroup = (): void => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    };
    const timer = setTimeout(() => {
      process.stderr.write(`not done after ${limitMinutes} minutes: ended\n`);
      endGroup();
    }, limitMinutes * 60_000);
    process.once('SIGINT', endGroup).once('SIGTERM', endGroup);
    const finish = (code: number): void => {
      clearTimeout(timer);
      process.off('SIGINT', endGroup).off('SIGTERM', endGroup);
      resolve({ code, said });
    };
    child.on('error', (error) => {
      process.stderr.write(`${command}: ${error.message}\n`);
      finish(127);
    });
    // Not at its exit: what it said last may still be on its way.
    child.on('close', (code) => {
      finish(code ?? 1);
    });
  });
}
