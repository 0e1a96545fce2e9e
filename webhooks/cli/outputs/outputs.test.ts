import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { validateXML } from 'xmllint-wasm';
import { namesOf } from '../names-of.ts';
import { reportOutputs, type OutputName } from '../outputs.ts';
import { runCli } from '../testing/run-cli.ts';
import { reportSchema } from '../schemas/check.ts';
import { closed, problemsOf } from './testing/problems-of.ts';
import { hostileFile, secretValue, writeHostileInput } from './testing/a-hostile-input.ts';
import { readCommand } from './testing/read-command.ts';

const names = namesOf(reportOutputs);
const folder = mkdtempSync(join(tmpdir(), 'outputs-'));
const written: Record<string, string> = {};
const of = (name: OutputName): string => written[name] ?? '';

beforeAll(async () => {
  writeHostileInput(folder);
  const files = names.map((name) => `--output=${name}=${join(folder, `report.${name}`)}`);
  const { code, out } = await runCli(['check', '--fail-on', 'deny', ...files, folder]);
  // A part could not be read; everything went into files.
  expect({ code, out }).toEqual({ code: 2, out: '' });
  for (const name of names) written[name] = readFileSync(join(folder, `report.${name}`), 'utf8');
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Finding {
  readonly ruleId: string;
  readonly severity: string;
  readonly file: string;
  readonly line: number;
  readonly fingerprint: string;
}

const findings = (): readonly Finding[] => (JSON.parse(of('json')) as { findings: readonly Finding[] }).findings;

const ofSeverity = (wanted: string): readonly Finding[] => findings().filter(({ severity }) => severity === wanted);

it('is of an input with findings of each severity, and a problem', () => {
  expect(new Set(findings().map(({ severity }) => severity))).toEqual(new Set(['deny', 'warn']));
  expect(findings().some(({ file }) => file.endsWith(hostileFile))).toBe(true);
  expect(JSON.parse(of('json'))).toMatchObject({ problems: [{ file: expect.stringMatching(/broken\.yaml$/) }] });
});

describe.each(names)('%s', (name) => {
  it('tells no value of a Secret', () => {
    expect(of(name)).not.toContain(secretValue);
    expect(of(name)).not.toBe('');
  });

  it('holds nothing that changes a terminal, hides or turns text around', () => {
    expect(of(name)).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    expect(of(name).isWellFormed()).toBe(true);
  });

  it('names every rule that found something, and what could not be read', () => {
    for (const { ruleId } of findings()) expect(of(name).replaceAll('\\', '')).toContain(ruleId);
    expect(of(name).replaceAll('\\', '')).toContain('broken.yaml');
  });

  it('is there for an input without a server, too', async () => {
    const { code, out } = await runCli(['check', '--allow-empty', '--output', name, '-'], '');
    expect(code).toBe(0);
    expect(out).toMatch(/\n$/);
  });
});

describe('json', () => {
  it('is what its schema says, and has no field that the schema does not have', () => {
    expect(problemsOf(closed(reportSchema), JSON.parse(of('json')))).toEqual([]);
  });

  it('has another fingerprint for each finding, also for two that look the same', async () => {
    const prints = findings().map(({ fingerprint }) => fingerprint);
    expect(new Set(prints).size).toBe(prints.length);
    const { out } = await runCli(['check', '-o', 'json', '-'], `${asRoot}---\n${asRoot}`);
    const twice = (JSON.parse(out) as { findings: readonly Finding[] }).findings.map((one) => one.fingerprint);
    expect(new Set(twice).size).toBe(2);
  });

  it('keeps a fingerprint when the manifest moves, and gives up one whose value changes', async () => {
    const printOf = async (text: string): Promise<string | undefined> => {
      const { out } = await runCli(['check', '-o', 'json', '-'], text);
      return (JSON.parse(out) as { findings: readonly Finding[] }).findings.at(-1)?.fingerprint;
    };
    const before = await printOf(asRoot);
    expect(before).toMatch(/^[0-9a-f]{32}$/);
    expect(await printOf(`# moved\n\nkind: Other\n---\n${asRoot}`)).toBe(before);
    expect(await printOf(asRoot.replace('name: search', 'name: other'))).not.toBe(before);
    expect(await printOf(asRoot.replace('runAsUser: 0', 'runAsUser: 0, runAsGroup: 0'))).toBe(before);
  });
});

const asRoot = `apiVersion: mcp.x-k8s.io/v1beta1
kind: MCPServer
metadata:
  name: search
spec:
  source: {type: ContainerImage, containerImage: {ref: "example.com/search:1.4.0"}}
  config: {port: 8080}
  runtime: {security: {securityContext: {runAsUser: 0}}}
`;

describe('gitlab', () => {
  const issues = () =>
    JSON.parse(of('gitlab')) as readonly { severity: string; fingerprint: string; check_name: string }[];

  it('is a list of what GitLab reads', () => {
    const schema = JSON.parse(readFileSync(join(schemas, 'gitlab-codeclimate.json'), 'utf8')) as object;
    for (const issue of issues()) expect(problemsOf(schema, issue)).toEqual([]);
    // What its page demands and its schema does not.
    for (const { severity } of issues()) expect(['info', 'minor', 'major', 'critical', 'blocker']).toContain(severity);
    expect(issues()).toHaveLength(findings().length + 1);
  });

  it('knows a finding by the fingerprint of the engine, and each by another', () => {
    const prints = issues().map(({ fingerprint }) => fingerprint);
    expect(prints.slice(1)).toEqual(findings().map(({ fingerprint }) => fingerprint));
    expect(new Set(prints).size).toBe(prints.length);
  });
});

describe('junit', () => {
  const validate = (xml: string) =>
    validateXML({
      xml: { fileName: 'report.xml', contents: xml },
      schema: { fileName: 'junit.xsd', contents: readFileSync(join(schemas, 'junit-10.xsd'), 'utf8') },
    });

  it('is well-formed, and what Jenkins reads', async () => {
    const { valid, errors } = await validate(of('junit'));
    expect({ valid, errors }).toEqual({ valid: true, errors: [] });
    // The check can fail.
    expect((await validate(of('junit').replace('<testcase ', '<testcase unknown="1" '))).valid).toBe(false);
    expect((await validate(of('junit').replace('</testsuites>', '\u0001</testsuites>'))).valid).toBe(false);
  });

  it('has a case for each server, and counts those that fail and those that cannot be read', () => {
    expect(of('junit')).toContain('<testsuites name="mcp-lifecycle check" tests="6" failures="3" errors="1">');
    expect(of('junit')).toMatch(/<testcase name="tools\/fine" classname="[^"]*fine\.yaml"\/>/);
    expect(of('junit')).toMatch(/<testcase name="tools\/warned" [^>]*><system-out>/);
  });

  it('fails for warnings when they fail the command', async () => {
    const text = asRoot.replace('runAsUser: 0', '').replace('v1beta1', 'v1alpha1');
    expect((await runCli(['check', '-o', 'junit', '-'], text)).out).toContain('failures="0"');
    const strict = await runCli(['check', '-o', 'junit', '--fail-on', 'warn', '-'], text);
    expect(strict).toMatchObject({ code: 1, out: expect.stringContaining('failures="1"') });
  });
});

describe('github', () => {
  const lines = (text: string): readonly string[] => text.split('\n').slice(0, -1);

  it('is commands, each of them the one that was meant, and a last line that is none', () => {
    const commands = lines(of('github')).map(readCommand);
    expect(commands.pop()).toBeUndefined();
    expect(commands.map((command) => command?.name)).toEqual([
      'error',
      ...ofSeverity('deny').map(() => 'error'),
      ...ofSeverity('warn').map(() => 'warning'),
    ]);
    const hostile = commands.find((command) => command?.properties['file']?.endsWith(hostileFile));
    expect(hostile).toMatchObject({ name: 'error', properties: { title: expect.stringMatching(/^mcp-lifecycle: /) } });
    expect(Object.keys(hostile?.properties ?? {})).toEqual(['file', 'line', 'col', 'title']);
  });

  it('says how many annotations GitHub does not show, before it stops showing them', async () => {
    const text = Array.from({ length: 12 }, (_, index) => asRoot.replace('name: search', `name: search-${index}`));
    const { out } = await runCli(['check', '-o', 'github', '-'], text.join('---\n'));
    const [first, ...others] = lines(out).map(readCommand);
    expect(first).toMatchObject({ name: 'notice', data: expect.stringContaining('2 of kind error') });
    expect(others.filter((command) => command?.name === 'error')).toHaveLength(12);
    expect(of('github')).not.toContain('GitHub shows');
  });
});

describe('markdown', () => {
  it('has a row for each finding, and nothing in it that is more than text', () => {
    const rows = of('markdown')
      .split('\n')
      .filter((line) => /^\| (fails|warning|tolerated) \|/.test(line));
    expect(rows).toHaveLength(findings().length);
    for (const row of rows) {
      // Five cells: every bar of somebody else is escaped, as are the beginnings of links, images, code and HTML.
      expect(row.match(/(?<!\\)\|/g)).toHaveLength(6);
      expect(row).not.toMatch(/(?<!\\)[<`[*_!]/);
    }
  });

  it('is never larger than GitHub takes, and says what it leaves out', async () => {
    const env = Array.from({ length: 1000 }, (_, index) => `{name: "A${index}=", value: x}`).join(', ');
    const text = Array.from({ length: 8 }, (_, index) =>
      asRoot.replace('name: search', `name: search-${index}`).replace('port: 8080', `port: 8080, env: [${env}]`),
    );
    const { out } = await runCli(['check', '-o', 'markdown', '-'], text.join('---\n'));
    expect(Buffer.byteLength(out)).toBeLessThan(1024 * 1024);
    expect(out).toMatch(/\n\d+ findings more: there is no room for them here\.\n$/);
  });
});

describe('sarif', () => {
  it('is what the standard says', () => {
    const log = JSON.parse(of('sarif')) as object;
    expect(problemsOf(sarifSchema(), log)).toEqual([]);
    expect(problemsOf(sarifSchema(), { ...log, version: '2.0.0' })).not.toEqual([]);
  });

  it('names rules by their place in the list, and files by what can be resolved', () => {
    const { runs } = JSON.parse(of('sarif')) as { runs: readonly SarifRun[] };
    const [run] = runs;
    expect(run?.results).toHaveLength(findings().length);
    for (const { ruleId, ruleIndex, locations } of run?.results ?? []) {
      expect(run?.tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
      const uri = locations[0]?.physicalLocation.artifactLocation.uri ?? '';
      expect(decodeURIComponent(new URL(uri, 'file:///').pathname)).toMatch(new RegExp(`^${folder}/`));
    }
    expect(run?.invocations[0]).toMatchObject({ executionSuccessful: false, exitCode: 2 });
  });
});

interface SarifRun {
  readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
  readonly invocations: readonly object[];
  readonly results: readonly {
    readonly ruleId: string;
    readonly ruleIndex: number;
    readonly locations: readonly {
      readonly physicalLocation: { readonly artifactLocation: { readonly uri: string } };
    }[];
  }[];
}

describe('several outputs in one run', () => {
  it('go each to its file, and one to standard output', async () => {
    const file = join(folder, 'one.json');
    const { code, out } = await runCli(['check', '-o', `json=${file}`, '-o', 'text', '-'], asRoot);
    expect(code).toBe(1);
    expect(out).toContain('[run-as-non-root]');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ exitCode: 1 });
    // Nothing unfinished stays beside it.
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('are all written but the one that cannot be, which ends with 2', async () => {
    const missing = join(folder, 'no-such-folder', 'report.xml');
    const file = join(folder, 'other.json');
    const args = ['check', '-o', `junit=${missing}`, '-o', `json=${file}`, '-o', 'text', '-'] as const;
    const { code, out, error } = await runCli(args, asRoot);
    expect(code).toBe(2);
    expect(error).toBe(`cannot write junit to ${missing}: no such folder\n`);
    expect(out).toContain('[run-as-non-root]');
    expect(readFileSync(file, 'utf8')).toContain('run-as-non-root');
  });

  it.each([
    [['-o', 'text', '-o', 'json'], 'both go to standard output'],
    [['-o', 'text=', '-o', 'json'], '--output text= names no file'],
    [['-o', 'text=a', '-o', 'json=a'], '--output names the file a twice'],
    [['-o', 'xml=a'], "--output takes text, json, sarif, junit, github, gitlab or markdown, not 'xml'"],
  ])('are refused as wrong usage: %j', async (args, problem) => {
    const { code, error } = await runCli(['check', ...args, '-'], asRoot);
    expect({ code, error }).toEqual({ code: 2, error: expect.stringContaining(problem) });
  });

  it('tell what could not be read on standard error, and a text in a file tells it as well', async () => {
    const file = join(folder, 'report.txt');
    const { error } = await runCli(['check', '-o', `text=${file}`, '-o', 'json', '-'], 'a: [');
    expect(error).toMatch(/^-:1:5: /);
    expect(readFileSync(file, 'utf8')).toContain(error);
  });

  it('overwrite what was there before', async () => {
    const file = join(folder, 'again.json');
    writeFileSync(file, 'x'.repeat(100_000));
    await runCli(['check', '-o', `json=${file}`, '-'], asRoot);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ servers: 1 });
  });
});

const schemas = join(import.meta.dirname, 'testing/schemas');

/** Of a version of JSON Schema that ajv does not read any more; what it uses means the same, but for these two. */
function sarifSchema(): object {
  const text = readFileSync(join(schemas, 'sarif-2.1.0-rtm.5.json'), 'utf8');
  return { ...(JSON.parse(text) as object), $schema: undefined, id: undefined };
}
