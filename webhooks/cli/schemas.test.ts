import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { anMCPServer, withNamespace, withRawSpec } from '../core/testing/builders.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { lockTools, toLockText } from './contract-lock.ts';
import { closed, problemsOf } from './outputs/testing/problems-of.ts';
import { outputSchemas } from './schemas.ts';
import { runCli } from './testing/run-cli.ts';
import { serveContexts } from './testing/serve-contexts.ts';

const folder = mkdtempSync(join(tmpdir(), 'schemas-'));
const file = (name: string): string => join(folder, name);

const head = 'apiVersion: mcp-lifecycle.policy/v1alpha1\nkind: Policy\n';
const exemption = (expires: string): string =>
  `- {rule: run-as-non-root, namespace: mcp, name: search, reason: R, owner: O, expires: "${expires}"}\n`;
const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

/** A lock file of tools of these names, as contract get writes it. */
function writeLock(name: string, ...tools: readonly string[]): void {
  const listed = tools.map((tool) => ({ name: tool, inputSchema: { type: 'object' } }));
  const locked = lockTools(listed, ['/_meta']);
  if (locked.type === 'problem') throw new Error(locked.why);
  writeFileSync(file(name), toLockText(locked.locked) ?? '');
}

beforeAll(() => {
  writeLock('before.json', 'a', 'b');
  writeLock('after.json', 'b', 'c');
  const refused = anMCPServer(
    withNamespace('mcp'),
    withRawSpec({
      config: { envFrom: [{ secretRef: { name: 'token' } }] },
      runtime: { security: { securityContext: { runAsUser: 0 } } },
      gateway: { provider: 'kuadrant' },
    }),
  );
  const unknown = { ...refused, spec: { ...refused.spec, extra: 1 } };
  const unusable = { ...refused, spec: {} };
  writeFileSync(file('servers.yaml'), [refused, unknown, unusable].map((one) => JSON.stringify(one)).join('\n---\n'));
  writeFileSync(file('fine.yaml'), JSON.stringify(anMCPServer()));
  writeFileSync(file('broken.yaml'), 'a: 1\na: 2\n');
  writeFileSync(file('policy.yaml'), `${head}rules: {image-tag-pinned: {action: deny}, nope: {action: deny}}\n`);
  writeFileSync(file('exempting.yaml'), `${head}exemptions:\n${exemption(inDays(3))}`);
  writeFileSync(file('ended.yaml'), `${head}exemptions:\n${exemption('2020-01-01')}`);
  writeFileSync(file('wrong.yaml'), `${head}extends: lax\n`);
  const clusters = [
    { context: 'prod', policy: { configMap: 'system/ours', text: head } },
    { context: 'dev', policy: { because: 'it may not be read' } },
  ];
  writeFileSync(file('facts.json'), JSON.stringify({ schemaVersion: 'mcp-lifecycle.facts/v1', clusters }));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

type Run = Parameters<typeof runCli>[0];

/** Those of rollouts, status and doctor ask a cluster, that of convert is no output: see their tests. */
type ElsewhereTested =
  | 'facts-file'
  | 'conversion-report'
  | 'tool-contract'
  | 'rollout-status'
  | 'rollout-history'
  | 'server-states'
  | 'doctor-report';

/** What prints it, over input that has something for every field. */
const runs: Readonly<Record<Exclude<keyof typeof outputSchemas, ElsewhereTested>, readonly Run[]>> = {
  'check-report': [
    ['check', '-o', 'json', file('servers.yaml'), file('broken.yaml')],
    ['check', '-o', 'json', '--policy', file('policy.yaml'), '--base', file('fine.yaml'), file('servers.yaml')],
    ['check', '-o', 'json', '--policy', file('none'), file('servers.yaml')],
    ['check', '-o', 'json', '--facts', file('facts.json'), file('servers.yaml')],
  ],
  'diff-report': [
    ['diff', '-o', 'json', file('fine.yaml'), file('servers.yaml'), file('broken.yaml')],
    ['diff', '-o', 'json', file('fine.yaml')],
  ],
  'rules-list': [['rules', '-o', 'json']],
  'policy-check-report': [
    ['policy', 'check', '-o', 'json', file('policy.yaml'), file('exempting.yaml'), file('ended.yaml')],
    ['policy', 'check', '-o', 'json', file('wrong.yaml'), file('broken.yaml'), file('none')],
  ],
  'tool-contract-changes': [
    ['contract', 'diff', '-o', 'json', file('before.json'), file('after.json')],
    ['contract', 'verify', '--lock', file('before.json'), '-o', 'json', file('after.json')],
  ],
  'policy-try': [
    ['policy', 'try', '-o', 'json', file('exempting.yaml'), file('servers.yaml')],
    ['policy', 'try', '-o', 'json', file('policy.yaml'), file('servers.yaml'), file('broken.yaml')],
  ],
  'namespaces-report': [
    ['report', '-o', 'json', file('servers.yaml'), file('broken.yaml')],
    ['report', '-o', 'json', '--findings', '--policy', file('policy.yaml'), file('servers.yaml')],
  ],
};

describe.each(Object.entries(runs))('%s', (name, commands) => {
  const { schema } = outputSchemas[name as keyof typeof runs];

  it.each(commands.map((command) => [command.join(' ').replaceAll(folder, '.'), command] as const))(
    'has every field that mcp-lifecycle %s prints',
    async (_line, command) => {
      const { out } = await runCli(command);
      expect(problemsOf(closed(schema), JSON.parse(out))).toEqual([]);
    },
  );

  it('has no field that none of them prints', async () => {
    const printed = new Set<string>();
    for (const command of commands) collect(JSON.parse((await runCli(command)).out), '', printed);
    const described = [...fieldsOf(schema, '')].filter((field) => !rare.includes(`${name} ${field}`));
    expect(described.filter((field) => !printed.has(field))).toEqual([]);
  });
});

/** What these runs, without a cluster, do not bring about; each has a test of its own elsewhere. */
const rare: readonly string[] = [
  'check-report .notChecked[].reason',
  'check-report .rulesNotJudged[]',
  'check-report .findings[].exemption',
  'check-report .base.policy',
  ...['policy-try', 'namespaces-report'].flatMap((name) =>
    ['notChecked[].reason', 'policy.configMap', 'policy.context', 'policy.because', 'notes[]'].map(
      (field) => `${name} .${field}`,
    ),
  ),
  'policy-try .policy.profile',
];

function collect(value: unknown, path: string, into: Set<string>): void {
  if (path !== '') into.add(path);
  if (Array.isArray(value)) for (const item of value as readonly unknown[]) collect(item, `${path}[]`, into);
  else if (typeof value === 'object' && value !== null)
    for (const [name, inside] of Object.entries(value)) collect(inside, `${path}.${name}`, into);
}

interface Node {
  readonly items?: Node;
  readonly properties?: Readonly<Record<string, Node>>;
}

function* fieldsOf({ items, properties = {} }: Node, path: string): Iterable<string> {
  if (path !== '') yield path;
  if (items !== undefined) yield* fieldsOf(items, `${path}[]`);
  for (const [name, node] of Object.entries(properties)) yield* fieldsOf(node, `${path}.${name}`);
}

it('facts-file has every field that check --record writes', async () => {
  const served = await serveContexts({ prod: createFakeKubeApi() });
  try {
    await runCli(['check', '--context', 'prod', '--record', file('facts.json'), file('servers.yaml')]);
    const written: unknown = JSON.parse(readFileSync(file('facts.json'), 'utf8'));
    expect(written).toMatchObject({ clusters: [{ objects: [{ kind: 'Secret', name: 'token', state: 'missing' }] }] });
    expect(problemsOf(closed(outputSchemas['facts-file'].schema), written)).toEqual([]);
  } finally {
    await served.end();
  }
});

it('tool-contract has every field that contract get writes', async () => {
  for (const name of ['before.json', 'after.json']) {
    const { code, out } = await runCli(['contract', 'get', '-o', 'json', file(name)]);
    expect(code).toBe(0);
    expect(problemsOf(closed(outputSchemas['tool-contract'].schema), JSON.parse(out))).toEqual([]);
  }
});
