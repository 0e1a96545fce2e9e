import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { judge, prepare } from '../core/engine/judge.ts';
import type { ReferenceFacts } from '../core/engine/facts.ts';
import { renderSentence } from '../core/engine/render.ts';
import type { Policy } from '../core/engine/policy.ts';
import type { Example, Rule } from '../core/engine/rule.ts';
import { CA_BUNDLE_KEY } from '../core/mcpserver/references.ts';
import { policyApiVersion, policyKind } from '../core/policy/document.ts';
import { profiles } from '../core/policy/profiles.ts';
import { readPolicy } from '../core/policy/read-policy.ts';
import { builtInPolicy } from '../core/rules/built-in-policy.ts';
import { rules as everyRule } from '../core/rules/index.gen.ts';
import { anMCPServer, withMetadata, withName, withRawSpec } from '../core/testing/builders.ts';
import { anInstant } from '../core/testing/evaluate-rules.ts';
import { inMemoryFacts } from '../core/testing/in-memory-facts.ts';
import { issueAuthority } from '../platform/tls/certificates.ts';
import { schemaRuleId } from '../core/engine/schema-finding.ts';
import { runCli } from './testing/run-cli.ts';

/** Those that judge without a policy. */
const rules = everyRule.filter(({ isOptIn }) => isOptIn !== true);

interface JsonReport {
  readonly findings: readonly {
    readonly ruleId: string;
    readonly severity: string;
    readonly message: string;
    readonly server: { readonly namespace: string; readonly name: string };
  }[];
}

/** In base64; examples name keys only, and a bundle without a certificate has a finding of its own. */
let caBundle = '';

const policyFile = join(mkdtempSync(join(tmpdir(), 'parity-')), 'policy.yaml');

afterAll(() => {
  rmSync(dirname(policyFile), { recursive: true });
});

beforeAll(async () => {
  const { certificate } = await issueAuthority(new Date());
  caBundle = Buffer.from(certificate).toString('base64');
});

function serverOf({ name, spec = {} }: Example) {
  return anMCPServer(...(name === undefined ? [] : [withName(name)]), withRawSpec(spec));
}

/** The objects that exist, as manifests beside the server's. */
function objectsBeside({ secrets, configMaps, serviceAccounts = [], ...others }: Example): readonly object[] {
  const accounts = Object.fromEntries(serviceAccounts.map((name) => [name, []]));
  return [
    ...objectsOf('Secret', secrets),
    ...objectsOf('ConfigMap', configMaps),
    ...Object.entries(others.gatewaySettings ?? {}).map(([name, data]) => ({
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'mcp' }, data },
    })),
    ...objectsOf('ServiceAccount', accounts),
    ...Object.entries(others.claims ?? {}).map(([name, accessModes]) => ({
      ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name, namespace: 'mcp' } },
      spec: { accessModes },
    })),
    ...classesOf('scheduling.k8s.io/v1', 'PriorityClass', others.priorityClasses),
    ...Object.entries(others.gateways ?? {}).map(([place, hosts]) => toGateway(place, hosts)),
    ...classesOf('node.k8s.io/v1', 'RuntimeClass', others.runtimeClasses),
    ...Object.entries(others.prefixes ?? {}).flatMap(([claim, servers]) =>
      servers.flatMap((server) => toClaimants(claim, server)),
    ),
  ];
}

function toGateway(place: string, hosts: readonly string[]): object {
  const [namespace, name] = place.split('/');
  const listeners = hosts.map((hostname) => ({ protocol: 'HTTP', port: 80, ...(hostname === '' ? {} : { hostname }) }));
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { namespace, name },
    spec: { listeners },
  };
}

/** A server of that place that claims the prefix, and what it names. */
function toClaimants(claim: string, server: string): readonly object[] {
  const [extensionNamespace, extensionName, prefix] = claim.split('/');
  const [namespace, name] = server.split('/');
  const data = { 'extension-namespace': extensionNamespace, 'extension-name': extensionName, prefix };
  const spec = { gateway: { provider: 'kuadrant', configRef: `of-${name ?? ''}` } };
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name: `of-${name ?? ''}` }, data },
    anMCPServer(withMetadata({ namespace, name }), withRawSpec(spec)),
  ];
}

/** Objects of the cluster, which are in no namespace. */
function classesOf(apiVersion: string, kind: string, names: readonly string[] = []): readonly object[] {
  return names.map((name) => ({ apiVersion, kind, metadata: { name } }));
}

function objectsOf(kind: string, objects: Example['configMaps'] = {}): readonly object[] {
  return Object.entries(objects).map(([name, keys]) => ({
    apiVersion: 'v1',
    kind,
    metadata: { name, namespace: 'mcp' },
    data: Object.fromEntries(keys.map((key) => [key, key === CA_BUNDLE_KEY ? caBundle : 'eA=='])),
  }));
}

/** The facts of a cluster of which only these objects are known. */
function factsOf(example: Example): ReferenceFacts {
  const existing = inMemoryFacts(example);
  return {
    ...existing,
    lookUp(kind, name) {
      const found = existing.lookUp(kind, name);
      return found.state === 'missing' ? { state: 'unknown', reason: 'not in the input' } : found;
    },
  };
}

const isJudgedAnywhere = ({ installation }: Example): boolean => installation === undefined;

/** A policy that begins so, and asks for the rule of the example as the example does. */
function policyFor(beginning: object, rule: Rule, { parameters }: Example): object {
  const named = { action: rule.severity, ...(parameters === undefined ? {} : { parameters }) };
  const asked = rule.isOptIn === true || parameters !== undefined ? { rules: { [rule.id]: named } } : {};
  return { apiVersion: policyApiVersion, kind: policyKind, ...beginning, ...asked };
}

/** Arguments: a policy only where the example is about what one says. */
function policyOf(rule: Rule, example: Example): readonly string[] {
  if (example.parameters === undefined) return [];
  writeFileSync(policyFile, stringify(policyFor({}, rule, example)));
  return ['--policy', policyFile];
}

function readDocument(document: object): Policy {
  const read = readPolicy(document, everyRule);
  if (read.type === 'unusable' || read.ignored.length > 0) throw new Error(JSON.stringify(read));
  return read.policy;
}

/** Without a policy only those rules judge that need none. */
const beginnings: readonly (readonly [title: string, beginning: object | undefined])[] = [
  ['without a policy', undefined],
  ...Object.keys(profiles).map((name) => [`under ${name}`, { extends: name }] as const),
  ['under compatibility.profile reference', { compatibility: { profile: 'reference' } }],
];

const bases = beginnings.map(([title, beginning]) => {
  const judging = beginning === undefined ? rules : everyRule;
  const cases = judging.flatMap((rule) =>
    [...rule.examples.accepts, ...rule.examples.rejects].map(
      (example) => [`${rule.id}: ${example.title}`, rule, example] as const,
    ),
  );
  return [title, beginning, cases] as const;
});

describe.each(bases)('%s check says what the engine says', (_base, beginning, cases) => {
  it.each(cases)('%s', async (_title, rule, example) => {
    const server = serverOf(example);
    const document = beginning === undefined ? undefined : policyFor(beginning, rule, example);
    const policy = document === undefined ? builtInPolicy : readDocument(document);
    const context = { policy, facts: factsOf(example), now: anInstant };
    const expected = judge(prepare(server, policy.compatibility), context)
      .findings.filter(({ isUnchecked }) => isUnchecked !== true)
      .map((finding) => `${finding.ruleId} ${finding.severity} ${renderSentence(finding)}`);
    const manifests = [...objectsBeside(example), server].map((object) => stringify(object));
    if (document !== undefined) writeFileSync(policyFile, stringify(document));
    const given = document === undefined ? [] : ['--policy', policyFile];
    const { out, error } = await runCli(['check', ...given, '--output', 'json', '-'], manifests.join('---\n'));
    expect(error).toBe('');
    const { findings } = JSON.parse(out) as JsonReport;
    const isOfOther = (found: JsonReport['findings'][number]): boolean =>
      found.server.namespace !== server.metadata.namespace || found.server.name !== server.metadata.name;
    const told = findings.filter((found) => found.ruleId !== schemaRuleId && !isOfOther(found));
    expect(told.map(({ ruleId, severity, message }) => `${ruleId} ${severity} ${message}`).sort()).toEqual(
      [...expected].sort(),
    );
  });
});

describe('check says what the engine says', () => {
  it.each(
    rules
      .filter(({ severity }) => severity === 'deny')
      .flatMap((rule) =>
        rule.examples.rejects
          .filter(isJudgedAnywhere)
          .map((example) => [`${rule.id}: ${example.title}`, rule, example] as const),
      ),
  )('and fails for %s', async (_title, rule, example) => {
    const { code } = await runCli(['check', ...policyOf(rule, example), '-'], stringify(serverOf(example)));
    expect(code).toBe(1);
  });

  it('and nothing about who it is itself, which only a cluster knows', async () => {
    const beyond = rules.flatMap(({ examples }) => examples.rejects.filter((example) => !isJudgedAnywhere(example)));
    expect(beyond).not.toEqual([]);
    for (const example of beyond) {
      const { out } = await runCli(['check', '-'], stringify(serverOf(example)));
      expect(out).not.toContain('own-identity-protected');
    }
  });

  it.each(
    rules.flatMap((rule) =>
      rule.examples.accepts.map((example) => [`${rule.id}: ${example.title}`, rule, example] as const),
    ),
  )('and passes %s', async (_title, rule, example) => {
    const { code, out } = await runCli(['check', ...policyOf(rule, example), '-'], stringify(serverOf(example)));
    expect(`${code} ${out}`).toMatch(/^0 /);
  });
});

const invalid = fileURLToPath(new URL('../../e2e/invalid/', import.meta.url));

describe('check refuses what the API server refuses', () => {
  it.each(readdirSync(invalid).filter((file) => file.endsWith('.yaml')))('e2e/invalid/%s', async (file) => {
    const { code, out } = await runCli(['check', `${invalid}${file}`]);
    expect(code).toBe(1);
    const manifest = readFileSync(`${invalid}${file}`, 'utf8');
    const wanted = [...manifest.matchAll(/^# expect: (.+)$/gm)].map(([, text = '']) => text);
    expect(wanted).not.toEqual([]);
    // Ids, paths, messages of CEL rules and unknown fields are the same text; about the schema the API server has its own words.
    const same = wanted.filter((text) => /^(\[|spec|metadata)/.test(text) || /^(cel|strict)-/.test(file));
    expect(same).not.toEqual([]);
    for (const text of same) expect(out).toContain(text);
  });
});
