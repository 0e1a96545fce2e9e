import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { runStepsSideBySide } from './steps.ts';
import type { Step } from './steps.ts';

let folder: string;
let shown: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'steps-'));
  shown = '';
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    shown += String(text);
    return true;
  });
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const step = (name: string, script: string): Step => ({
  ...{ name, command: process.execPath, args: ['-e', script], remedy: 'mend it', limitMinutes: 1 },
});
/** Says something, and ends when the other one has begun, too. */
const meets = (name: string, other: string): Step =>
  step(
    name,
    `const { existsSync, writeFileSync } = require('node:fs');
    console.log('${name} begins');
    writeFileSync('${folder}/${name}', '');
    setInterval(() => { if (existsSync('${folder}/${other}')) { console.log('${name} ends'); process.exit(0); } }, 10);`,
  );

it('steps that do not touch each other run two at a time, and what each says is shown in one piece', async () => {
  const steps = [meets('first', 'second'), meets('second', 'first'), step('third', 'process.exit(3)')];
  const results = await runStepsSideBySide(steps);
  expect(results.map(({ step: { name }, passed, failed }) => [name, passed, failed])).toEqual([
    ['first', 1, 0],
    ['second', 1, 0],
    ['third', 0, 1],
  ]);
  expect(shown).toMatch(/▶ first\nfirst begins\nfirst ends\n✓ first/);
  expect(shown).toMatch(/▶ second\nsecond begins\nsecond ends\n✓ second/);
  expect(shown).toContain('mend it');
});
