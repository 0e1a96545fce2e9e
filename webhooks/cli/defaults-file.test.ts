import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runCli } from './testing/run-cli.ts';

const unknownField = `apiVersion: mcp.x-k8s.io/v1beta1
kind: MCPServer
metadata: {name: search}
spec:
  source: {type: ContainerImage, containerImage: {ref: "example.com/search:1.4.0"}}
  config: {port: 8080, prot: 1}
`;

describe('defaults of a repository', () => {
  let top = '';

  beforeEach(() => {
    top = realpathSync(mkdtempSync(join(tmpdir(), 'mcp-lifecycle-')));
    mkdirSync(join(top, 'repository/deploy/prod'), { recursive: true });
    mkdirSync(join(top, 'repository/.git'));
    writeFileSync(join(top, '.mcp-lifecycle.yaml'), 'check: {of: somebody else}\n');
  });

  afterEach(() => {
    rmSync(top, { recursive: true });
  });

  const write = (text: string, folder = 'repository'): void => {
    writeFileSync(join(top, folder, '.mcp-lifecycle.yaml'), text);
  };
  const check = (...args: readonly string[]) =>
    runCli(['check', ...args, '-'], unknownField, { folder: join(top, 'repository/deploy/prod') });

  it('are those of the nearest file, not beyond the repository', async () => {
    expect((await check()).code).toBe(1);
    write('check: {validate: warn}\n');
    const { code, error } = await check();
    expect(code).toBe(0);
    expect(error).toBe('options of ../../.mcp-lifecycle.yaml are used\n');
    write('check: {validate: strict}\n', 'repository/deploy');
    expect((await check()).code).toBe(1);
  });

  it('are told to people only', async () => {
    write('check: {validate: warn, output: json}\n');
    const { code, error } = await check();
    expect({ code, error }).toEqual({ code: 0, error: '' });
  });

  it('give way to the command line, and do not add up with it', async () => {
    write('check: {validate: warn, helm: chart, values: [a.yaml]}\n');
    const { code, error } = await check('--validate', 'strict', '--helm', '', '--values', 'b.yaml');
    expect(code).toBe(2);
    expect(error).toContain('--values and --set are of a chart');
    expect((await check('--validate', 'strict')).error).toContain('../../chart: no such file or folder');
  });

  it.each([
    ['chekc: {}', "'chekc' is no command with options: it takes check, render, diff"],
    ['check: {fail_on: warn}', "there is no option 'fail_on' here: there are fail-on, "],
    ['check: {constructor: warn}', "there is no option 'constructor' here"],
    ['check: {allow-empty: 1}', 'allow-empty needs true or false'],
    ['check: {namespace: 1}', 'namespace needs a text'],
    ['check: {values: [1]}', 'values needs a list of texts'],
    ['check: {fail-on: info}', "--fail-on takes deny or warn, not 'info'"],
    ['check: on', 'check needs a map'],
    ['- check', 'needs one map'],
    ['check: {\n', 'line '],
  ])('are refused when they are not understood: %s', async (text, problem) => {
    write(text);
    const { code, error } = await check();
    expect(code).toBe(2);
    expect(error).toContain('.mcp-lifecycle.yaml: ');
    expect(error).toContain(problem);
  });

  it('are shown in the guide as they are understood', async () => {
    const guide = readFileSync('docs/guides/gate-a-pull-request.md', 'utf8');
    const [, sample = ''] = /```yaml\n(check:\n[^`]*)```/.exec(guide) ?? [];
    write(sample);
    mkdirSync(join(top, 'repository/ci'));
    writeFileSync(join(top, 'repository/ci/facts.json'), '{"schemaVersion": "mcp-lifecycle.facts/v1"}');
    const { code, out, error } = await check('--facts', join(top, 'repository/ci/facts.json'));
    expect({ code, error }).toEqual({ code: 1, error: 'options of ../../.mcp-lifecycle.yaml are used\n' });
    expect(out).toContain(' deny tools/search: ');
  });

  it('may be none, for this command or at all', async () => {
    for (const text of ['', 'render: {output: json}\n', 'check:\n']) {
      write(text);
      expect(await check()).toMatchObject({ code: 1, error: '' });
    }
  });
});
