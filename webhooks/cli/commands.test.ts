import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { applyDefaults, applyStoredDefaults } from '../core/defaults/apply.ts';
import { expandedKinds } from '../core/resources/index.gen.ts';
import { rules } from '../core/rules/index.gen.ts';
import { anMCPServer, withSpec } from '../core/testing/builders.ts';
import { parseManifests } from '../platform/manifests/parse-manifests.ts';
import { renderYaml } from '../platform/manifests/render-yaml.ts';
import { commands } from './commands.ts';
import { namesOf } from './names-of.ts';
import { runOn } from './run.ts';
import { runCli } from './testing/run-cli.ts';

const readBack = (text: string): readonly unknown[] => parseManifests('-', text).manifests.map(({ value }) => value);

/** With what the API server sets, so that only our defaults are missing. */
const server = anMCPServer(withSpec({ config: { path: '/mcp', arguments: ['on'] }, runtime: { replicas: 2 } }));

describe('render', () => {
  it('names our image as a release is tagged, without what says how it was built (a tag has no +)', async () => {
    const stdio = { ...server, spec: { ...server.spec, extensions: { stdio: { command: ['/server'] } } } };
    const { code, out } = await runCli(['render', '-'], renderYaml([stdio]), { version: '1.2.3-rc.1+0af31c' });
    expect(code).toBe(0);
    expect(out).toMatch(/image: "?mcp-lifecycle:1\.2\.3-rc\.1"?$/m);
  });

  it('prints the server as it is stored, and exactly what the reconciler would build', async () => {
    const { code, out, error } = await runCli(['render', '-'], renderYaml([server]));
    const defaulted = applyDefaults(server);
    const children = expandedKinds.flatMap((kind) => kind.build({ server: defaulted }));
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(readBack(out)).toEqual([applyStoredDefaults(server), ...children]);
  });

  it('prints the same as one List of JSON', async () => {
    const yaml = await runCli(['render', '-'], renderYaml([server]));
    const { code, out } = await runCli(['render', '-o', 'json', '-'], renderYaml([server]));
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({ apiVersion: 'v1', kind: 'List', items: readBack(yaml.out) });
  });

  it('prints a List also when nothing is built', async () => {
    const bad = anMCPServer(withSpec({ runtime: { security: { securityContext: { runAsUser: 0 } } } }));
    const { code, out } = await runCli(['render', '--output', 'json', '-'], renderYaml([bad]));
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({ apiVersion: 'v1', kind: 'List', items: [] });
  });

  it('does not build what the cluster would refuse, and says why', async () => {
    const bad = anMCPServer(withSpec({ runtime: { security: { securityContext: { runAsUser: 0 } } } }));
    const { code, out, error } = await runCli(['render', '-'], renderYaml([bad, server]));
    expect(code).toBe(1);
    expect(error).toContain('[run-as-non-root]');
    expect(readBack(out)).toHaveLength(4);
  });

  it('names what it cannot read, and needs something to read', async () => {
    expect(await runCli(['render', '-'], 'a: [')).toMatchObject({
      code: 2,
      out: '',
      error: expect.stringMatching(/^-:1:5: /),
    });
    expect((await runCli(['render', '-'], '')).code).toBe(2);
    expect((await runCli(['render'])).code).toBe(2);
    expect((await runCli(['render', '--output', 'text', '-'])).error).toContain(
      "--output takes yaml or json, not 'text'",
    );
    expect((await runCli(['render', '--help'])).code).toBe(0);
  });
});

describe('rules and explain', () => {
  it('list every rule, and explain each of them', async () => {
    const { code, out } = await runCli(['rules']);
    expect(code).toBe(0);
    for (const { id, severity, summary, remedy } of rules) {
      expect(out).toMatch(new RegExp(`^${id} +${severity}  `, 'm'));
      expect(out).toContain(summary);
      const page = await runCli(['explain', id]);
      expect(page).toMatchObject({ code: 0, out: expect.stringContaining(remedy) });
    }
  });

  it('list the same as JSON, with the reasons', async () => {
    const { code, out } = await runCli(['rules', '--output', 'json']);
    expect(code).toBe(0);
    const schema = { id: 'schema', severity: 'deny', remedy: expect.stringContaining('Correct the field') };
    expect(JSON.parse(out)).toEqual({
      schemaVersion: 'mcp-lifecycle.rules/v1',
      rules: [
        ...rules.map(
          ({ id, severity, isOptIn = false, stricterIn = 1, parameters = {}, summary, rationale, remedy }) => {
            const named = Object.keys(parameters).map((name) => expect.objectContaining({ name }));
            return { id, severity, isOptIn, stricterIn, parameters: named, summary, rationale, remedy };
          },
        ),
        expect.objectContaining(schema),
      ],
    });
  });

  it('explain the findings that are no rule of ours', async () => {
    expect(await runCli(['explain', 'schema'])).toMatchObject({ code: 0, out: expect.stringContaining('# schema') });
  });

  it('explain an id as it stands in a finding', async () => {
    expect(await runCli(['explain', '[run-as-non-root]'])).toEqual(await runCli(['explain', 'run-as-non-root']));
  });

  it('refuse what does not exist', async () => {
    expect(await runCli(['explain', 'nope'])).toMatchObject({
      code: 2,
      error: expect.stringMatching(/^no rule 'nope': mcp-lifecycle rules lists every rule\n/),
    });
    expect((await runCli(['explain', 'run-as-nonroot'])).error).toMatch(
      /^no rule 'run-as-nonroot': did you mean run-as-non-root\?\n/,
    );
    expect(await runCli(['explain'])).toMatchObject({ code: 2, error: expect.stringMatching(/^name one rule\n/) });
    expect((await runCli(['explain', 'schema', 'schema'])).code).toBe(2);
    expect((await runCli(['explain', '--nope', 'schema'])).error).toContain("Unknown option '--nope'");
    expect(await runCli(['explain', '--help'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^usage: mcp-lifecycle explain RULE/),
    });
    expect((await runCli(['rules', 'x'])).code).toBe(2);
    expect((await runCli(['rules', '--output', 'xml'])).error).toContain("--output takes text or json, not 'xml'");
    expect((await runCli(['rules', '--help'])).code).toBe(0);
  });
});

it('ends with 3 for a bug of ours, and says that it is one', async () => {
  let error = '';
  const code = await runOn('check', ['-'], {
    readStdin: () => Promise.resolve(new TextEncoder().encode('')),
    writeOut: () => {
      throw new Error('out of paper');
    },
    writeError: (text) => {
      error += text;
    },
    hasColour: false,
    folder: process.cwd(),
    env: {},
  });
  expect(code).toBe(3);
  expect(error).toMatch(/a bug of ours: Error: out of paper/);
});

it.each(namesOf(commands))('%s prints its help, with its options and what it may end with', async (name) => {
  const { code, out, error } = await runCli([name, '--help']);
  expect({ code, error }).toEqual({ code: 0, error: '' });
  expect(out).toMatch(new RegExp(`^usage: mcp-lifecycle ${name} `));
  expect(out).toMatch(/\nexit codes: 0 .*2 wrong usage or unreadable input, 3 a bug of ours\n$/);
});

it.each(namesOf(commands))('%s shows an example in its help, which is no mistake in the usage', async (name) => {
  const { examples, usage } = await commands[name].load();
  expect(examples).not.toEqual([]);
  const folder = mkdtempSync(join(tmpdir(), 'examples-'));
  for (const example of examples) {
    expect(usage).toContain(`\nexample: mcp-lifecycle ${example}\n`);
    const [first, ...args] = example.split(' ');
    expect(first).toBe(name);
    const env = { ...process.env, KUBECONFIG: join(folder, 'none') };
    const { error } = await runCli(
      [name, ...args.map((word) => word.replace(/(?<==)|^(?=\w+\.json$)/, `${folder}/`))],
      '',
      {
        folder,
        env,
      },
    );
    expect(error).not.toContain('usage: ');
  }
  rmSync(folder, { recursive: true });
});

it('says what is wrong with an argument in the first line, and points to the help', async () => {
  const { code, error } = await runCli(['check', '--nmaespace', 'x', '-']);
  expect({ code, error }).toEqual({
    code: 2,
    error: `Unknown option '--nmaespace': did you mean --namespace? The name of a file that begins with - stands behind --
usage: mcp-lifecycle check [options] PATH…
mcp-lifecycle check --help says more
`,
  });
  expect((await runCli(['policy', 'check'])).error).toContain('\nmcp-lifecycle policy check --help says more\n');
  expect((await runCli(['completion'])).error).toContain('\nmcp-lifecycle completion --help says more\n');
});
