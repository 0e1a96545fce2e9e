import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { spawnSync } from 'node:child_process';
import type { Figure, Measurement } from './measurement.ts';

/** What one measurement gave when it was last recorded. */
export interface Result {
  /** YYYY-MM-DD. */
  readonly date: string;
  /** Of the sources, with `+` when they had changes that were not committed. */
  readonly commit: string;
  readonly machine: string;
  /** As it was done then: the measurement may say something else today. */
  readonly method: string;
  readonly figures: readonly Figure[];
}

export type Results = Readonly<Record<string, Result>>;

const file = new URL('./results.json', import.meta.url);

export function readResults(): Results {
  // Written by recordResult only.
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results) : {};
}

/** Keeps the figures for docs/performance.md, which `npm run generate` makes of them. */
export function recordResult({ name, method }: Measurement, figures: readonly Figure[]): void {
  const result: Result = {
    date: new Date().toISOString().slice(0, 10),
    commit: currentCommit(),
    machine: machine(),
    method,
    figures,
  };
  writeFileSync(file, `${JSON.stringify({ ...readResults(), [name]: result }, undefined, 2)}\n`);
}

function currentCommit(): string {
  const git = (...args: readonly string[]): string => spawnSync('git', args, { encoding: 'utf8' }).stdout.trim();
  return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') === '' ? '' : '+'}`;
}

function machine(): string {
  const [first] = cpus();
  return `${cpus().length} cores, ${first?.model.trim() ?? 'unknown processor'}, Node ${process.versions.node}`;
}
