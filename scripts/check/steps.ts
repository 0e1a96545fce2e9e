import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One line of the check: a command that must exit 0. */
export interface Step {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
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
}

/** Runs the steps one after another (the machine has few cores), each with its elapsed time on stderr. */
export async function runSteps(steps: readonly Step[]): Promise<readonly StepResult[]> {
  const results: StepResult[] = [];
  for (const step of steps) results.push(await runStep(step));
  return results;
}

async function runStep(step: Step): Promise<StepResult> {
  process.stderr.write(`\n▶ ${step.name}\n`);
  const started = Date.now();
  const folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-check-'));
  const outputFile = join(folder, 'jest.json');
  try {
    const args = step.isJest === true ? [...step.args, '--json', `--outputFile=${outputFile}`] : step.args;
    const code = await run(step.command, args, step.limitMinutes);
    const counts = step.isJest === true ? await jestCounts(outputFile) : undefined;
    const result = judge(step, code, counts);
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    process.stderr.write(
      result.failed === 0 ? `✓ ${step.name} (${seconds} s)\n` : `✗ ${step.name} (${seconds} s): ${step.remedy}\n`,
    );
    return result;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A step that failed counts at least one failure, whatever it counted itself. */
function judge(step: Step, code: number, counts: Counts | undefined): StepResult {
  const { passed, failed } = counts ?? { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 };
  return { step, passed, failed: code !== 0 && failed === 0 ? 1 : failed };
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** Jest's own summary; undefined when Jest died before writing it, a failure when it ran no test at all. */
async function jestCounts(file: string): Promise<Counts | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const summary = JSON.parse(text) as {
    numPassedTests: number;
    numFailedTests: number;
    numRuntimeErrorTestSuites: number;
  };
  const failed = summary.numFailedTests + summary.numRuntimeErrorTestSuites;
  return { passed: summary.numPassedTests, failed: summary.numPassedTests === 0 ? Math.max(failed, 1) : failed };
}

/**
 * Jest's JSON goes to a file; its stdout copy is dropped, its readable report is on stderr. The step gets a process
 * group of its own, so that ending it ends what it started.
 */
function run(command: string, args: readonly string[], limitMinutes: number): Promise<number> {
  return new Promise((resolve) => {
    const isJson = args.includes('--json');
    const child = spawn(command, args, { stdio: ['ignore', isJson ? 'ignore' : 'inherit', 'inherit'], detached: true });
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
      resolve(code);
    };
    child.on('error', (error) => {
      process.stderr.write(`${command}: ${error.message}\n`);
      finish(127);
    });
    child.on('exit', (code) => {
      finish(code ?? 1);
    });
  });
}
