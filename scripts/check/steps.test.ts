import { mkdtempSync, rmSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { report } from './report.ts';
import { runBeside, runSteps, runStepsSideBySide } from './steps.ts';
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

it('what takes long has others beside it, one after another, which leave the processors to it', async () => {
  const priority = 'console.log(`priority ${require("node:os").getPriority()}`)';
  const others = [step('other', priority), meets('third', 'long'), step('last', 'process.exit(3)')];
  const results = await runBeside([[meets('long', 'third')]], others);
  expect(results.map(({ step: { name }, passed, failed }) => [name, passed, failed])).toEqual([
    ['other', 1, 0],
    ['third', 1, 0],
    ['last', 0, 1],
    ['long', 1, 0],
  ]);
  expect(shown).toContain(`▶ other\npriority ${Math.min(19, getPriority() + 5)}\n✓ other`);
  expect(shown.indexOf('✓ third')).toBeLessThan(shown.indexOf('▶ last'));
});

it('rows have another row beside them, with what is set for its steps', async () => {
  const told = { ...step('told', 'console.log(`on ${process.env.CLUSTER}`)'), environment: { CLUSTER: 'another' } };
  const rows = [[meets('first', 'second')], [meets('second', 'first'), told]];
  const results = await runBeside(rows, []);
  expect(results.map(({ step: { name }, passed }) => [name, passed])).toEqual([
    ['first', 1],
    ['second', 1],
    ['told', 1],
  ]);
  expect(shown).toContain('▶ told\non another\n✓ told');
});

it('names each test that failed above the line that counts them, because logs are cut at their beginning', async () => {
  const failed = { status: 'failed', ancestorTitles: ['a server', 'that is slow'], title: 'is told' };
  const red = '\u001b[31mnot within 180 s\u001b[39m: it is told';
  const result = {
    ...{ numPassedTests: 2, numFailedTests: 1, numRuntimeErrorTestSuites: 1 },
    testResults: [
      { name: join(process.cwd(), 'fine.test.ts'), status: 'passed', message: '', assertionResults: [] },
      {
        ...{ name: join(process.cwd(), 'slow.test.ts'), status: 'failed', message: 'of all' },
        assertionResults: [
          { ...failed, status: 'passed', title: 'waits', failureMessages: [] },
          { ...failed, failureMessages: [`Error: ${red}\n    at here`] },
        ],
      },
      {
        ...{ name: join(process.cwd(), 'broken.test.ts'), status: 'failed', assertionResults: [] },
        message: `  ● Test suite failed to run\n\n    ${'x'.repeat(1_000)}`,
      },
    ],
  };
  const script = `require('node:fs').writeFileSync(process.argv.at(-1).split('=')[1], ${JSON.stringify(JSON.stringify(result))}); process.exit(1)`;
  let told = '';
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    told += String(text);
    return true;
  });
  // Options of the script, and not of Node.
  const asJest = { ...step('unit', script), args: ['-e', script, '--'], isJest: true };
  expect(report(await runSteps([asJest]))).toBe(1);
  expect(told).toBe('2 passed, 2 failed\n');
  const [, named = ''] = shown.split('\n✗ unit: mend it\n');
  const lines = named.trimEnd().split('\n');
  expect(lines[0]).toBe('  slow.test.ts › a server › that is slow › is told: Error: not within 180 s: it is told');
  expect(lines[1]).toMatch(/^ {2}broken\.test\.ts: x+…$/);
  expect(lines[1]?.length).toBe(302);
  expect(lines).toHaveLength(2);
});
