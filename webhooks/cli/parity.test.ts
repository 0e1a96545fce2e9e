import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { judge, prepare } from '../core/engine/judge.ts';
import type { ReferenceFacts } from '../core/engine/facts.ts';
import { renderSentence } from '../core/engine/render.ts';
import type { Example } from '../core/engine/rule.ts';
import { CA_BUNDLE_KEY } from '../core/mcpserver/references.ts';
import { builtInPolicy } from '../core/rules/built-in-policy.ts';
import { rules as everyRule } from '../core/rules/index.gen.ts';
import { anMCPServer, withName, withRawSpec } from '../core/testing/builders.ts';
import { anInstant } from '../core/testing/evaluate-rules.ts';
import { inMemoryFacts } from '../core/testing/in-memory-facts.ts';
import { issueAuthority } from '../platform/tls/certificates.ts';
import { schemaRuleId } from '../core/engine/schema-finding.ts';
import { runCli } from './testing/run-cli.ts';

/** Those that judge without a policy. */
const rules = everyRule.filter(({ isOptIn }) => isOptIn !== true);

interface JsonReport {
  readonly findings: readonly { readonly ruleId: string; readonly path: string; readonly message: string }[];
}

const examples = rules.flatMap((rule) =>
  [...rule.examples.accepts, ...rule.examples.rejects].map(
    (example) => [`${rule.id}: ${example.title}`, example] as const,
  ),
);

/** In base64; examples name keys only, and a bundle without a certificate has a finding of its own. */
let caBundle = '';

beforeAll(async () => {
  const { certificate } = await issueAuthority(new Date());
  caBundle = Buffer.from(certificate).toString('base64');
});

function serverOf({ name, spec = {} }: Example) {
  return anMCPServer(...(name === undefined ? [] : [withName(name)]), withRawSpec(spec));
}

/** The objects that exist, as manifests beside the server's. */
function objectsBeside({ secrets, configMaps, serviceAccounts = [] }: Example): readonly object[] {
  const accounts = Object.fromEntries(serviceAccounts.map((name) => [name, []]));
  return [
    ...objectsOf('Secret', secrets),
    ...objectsOf('ConfigMap', configMaps),
    ...objectsOf('ServiceAccount', accounts),
  ];
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
    lookUp(kind, name) {
      const found = existing.lookUp(kind, name);
      return found.state === 'missing' ? { state: 'unknown', reason: 'not in the input' } : found;
    },
  };
}

const isJudgedAnywhere = ({ installation }: Example): boolean => installation === undefined;

describe('check says what the engine says', () => {
  it.each(examples)('%s', async (_title, example) => {
    const server = serverOf(example);
    const context = { policy: builtInPolicy, facts: factsOf(example), now: anInstant };
    const expected = judge(prepare(server), context)
      .findings.filter(({ isUnchecked }) => isUnchecked !== true)
      .map((finding) => `${finding.ruleId} ${renderSentence(finding)}`);
    const manifests = [...objectsBeside(example), server].map((object) => stringify(object));
    const { out } = await runCli(['check', '--output', 'json', '-'], manifests.join('---\n'));
    const { findings } = JSON.parse(out) as JsonReport;
    const told = findings.filter(({ ruleId }) => ruleId !== schemaRuleId);
    expect(told.map(({ ruleId, message }) => `${ruleId} ${message}`).sort()).toEqual([...expected].sort());
  });

  it.each(
    rules
      .filter(({ severity }) => severity === 'deny')
      .flatMap(({ id, examples: { rejects } }) =>
        rejects.filter(isJudgedAnywhere).map((example) => [`${id}: ${example.title}`, example] as const),
      ),
  )('and fails for %s', async (_title, example) => {
    const { code } = await runCli(['check', '-'], stringify(serverOf(example)));
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
    rules.flatMap(({ id, examples: { accepts } }) =>
      accepts.map((example) => [`${id}: ${example.title}`, example] as const),
    ),
  )('and passes %s', async (_title, example) => {
    const { code, out } = await runCli(['check', '-'], stringify(serverOf(example)));
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
