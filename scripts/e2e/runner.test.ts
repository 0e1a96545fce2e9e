import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';

const inRepository = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));

/** A case that tells when it begins and ends; `first` and `second` end when both have begun. */
const body = `
  const { appendFileSync, readFileSync } = require('node:fs');
  const path = require('node:path');
  const [name, log] = [path.basename(__dirname), path.join(__dirname, '../log')];
  const areBothThere = () => ['first', 'second'].every((one) => readFileSync(log, 'utf8').includes('begin ' + one));
  test('', async () => {
    appendFileSync(log, 'begin ' + name + '\\n');
    const meets = ['first', 'second'].includes(name);
    while (meets && !areBothThere()) await new Promise((resolve) => setTimeout(resolve, 20));
    appendFileSync(log, 'end ' + name + '\\n');
  });`;

const cases: Readonly<Record<string, string>> = {
  'install-last': '/** @alone it changes the installation. */',
  'a-nother': '/** @alone it installs another one.\n * @installs it to begin with. */',
  'z-lone': '/** @alone it changes the installation. */',
  first: '',
  second: '/** @slow it begins before others. */',
};

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mcp-lifecycle-runner-'));
  await writeFile(path.join(folder, 'log'), '');
  for (const [name, declaration] of Object.entries(cases)) {
    await mkdir(path.join(folder, name));
    await writeFile(path.join(folder, name, 'case.test.js'), declaration + body);
  }
  const config = {
    rootDir: folder,
    transform: {},
    maxWorkers: 2,
    testTimeout: 600_000,
    runner: inRepository('e2e/harness/runner.cjs'),
    testSequencer: inRepository('e2e/harness/sequencer.cjs'),
    reporters: ['default', inRepository('e2e/harness/longest-cases.cjs')],
  };
  await writeFile(path.join(folder, 'jest.config.json'), JSON.stringify(config));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

it('cases run side by side, then those that are @alone one after another, own installations and installations last', async () => {
  const jest = [inRepository('node_modules/jest/bin/jest.js'), '--config', path.join(folder, 'jest.config.json')];
  const { code, stderr } = await run([process.execPath, '--disable-warning=ExperimentalWarning', ...jest]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const lines = (await readFile(path.join(folder, 'log'), 'utf8')).trim().split('\n');
  // Neither ends before the other has begun.
  expect(lines.slice(0, 2).sort()).toEqual(['begin first', 'begin second']);
  expect(lines.slice(2, 4).sort()).toEqual(['end first', 'end second']);
  const alone = ['z-lone', 'a-nother', 'install-last'];
  expect(lines.slice(4)).toEqual(alone.flatMap((name) => [`begin ${name}`, `end ${name}`]));
  expect(stderr).toContain('The longest of 5 cases');
  expect(stderr).toMatch(/second \(side by side\) it begins before others\./);
});

function run([program = '', ...args]: readonly string[]): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code, stderr });
    });
  });
}
