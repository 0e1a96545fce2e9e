import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { applyDefaults } from '../../webhooks/core/defaults/apply.ts';
import { evaluate } from '../../webhooks/core/engine/evaluate.ts';
import type { ReferenceFacts } from '../../webhooks/core/engine/facts.ts';
import type { Installation } from '../../webhooks/core/engine/installation.ts';
import { prepare } from '../../webhooks/core/engine/judge.ts';
import { ownEntry } from '../../webhooks/core/engine/policy.ts';
import { revisionOf } from '../../webhooks/core/engine/policy-version.ts';
import { firstRevision, type Example, type Rule } from '../../webhooks/core/engine/rule.ts';
import { referencesOf } from '../../webhooks/core/mcpserver/references.ts';
import type { MCPServer } from '../../webhooks/core/mcpserver/types.gen.ts';
import { anMCPServer, withName, withRawSpec } from '../../webhooks/core/testing/builders.ts';
import { generatedServers } from '../../webhooks/core/testing/generated-servers.ts';
import { inMemoryFacts } from '../../webhooks/core/testing/in-memory-facts.ts';
import { digest } from '../../webhooks/platform/digest.ts';
import { facts as factsOfBench } from '../bench/admission/facts.ts';
import { sampleReviews } from '../bench/admission/reviews.ts';
import { generatedHeader, type Generator } from './generator.ts';
import { inRepository } from './root.ts';
import { loadRules } from './rule-pages.ts';

const path = 'scripts/generate/verdicts.gen.txt';

/** What every rule says about many servers, so that none becomes stricter without saying so (docs/decisions/0060). */
export const verdicts: Generator = {
  name: 'verdicts',
  async generate() {
    const rules = await loadRules();
    const now = judgeAll(rules);
    const before = await readFile(inRepository(path), 'utf8').catch(() => undefined);
    const forgotten = before === undefined ? [] : findForgotten(parseVerdicts(before), now, rules);
    if (forgotten.length > 0) throw new Error(forgotten.join('\n'));
    return [{ path, content: renderVerdicts(now) }];
  },
};

export interface Verdicts {
  readonly revision: number;
  /** How far each rule goes without a policy: `warn`, `deny`, and whether it is `opt-in`. */
  readonly reach: ReadonlyMap<string, readonly string[]>;
  /** By digest of the server and what is around it: how much each rule finds, of those that find something. */
  readonly servers: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** By the same digest; not written. */
  readonly titles: ReadonlyMap<string, string>;
}

/** Rules that demand more than before and name no later revision, each in a sentence that says what to do. */
export function findForgotten(before: Verdicts, now: Verdicts, rules: readonly Rule[]): readonly string[] {
  return rules.flatMap(({ id, stricterIn = firstRevision }) => {
    const why = stricterIn > before.revision ? undefined : whyStricter(id, before, now);
    const next = before.revision + 1;
    return why === undefined ? [] : [`Rule ${id} ${why}: say stricterIn: ${next} in it (docs/decisions/0060).`];
  });
}

function whyStricter(id: string, before: Verdicts, now: Verdicts): string | undefined {
  const then = before.reach.get(id);
  if (then === undefined) return 'is new';
  const isNoLonger = (word: string): boolean => then.includes(word) && now.reach.get(id)?.includes(word) !== true;
  if (isNoLonger('warn')) return 'denies what it warned about';
  if (isNoLonger('opt-in')) return 'judges without being asked';
  const countIn = ({ servers }: Verdicts, server: string): number => servers.get(server)?.get(id) ?? 0;
  // In the order of judgeAll: what an example shows says more than a generated server.
  const known = [...now.servers.keys()].filter((one) => before.servers.has(one));
  const server = known.find((one) => countIn(now, one) > countIn(before, one));
  return server === undefined ? undefined : `finds more than it did in ${now.titles.get(server) ?? server}`;
}

interface Subject {
  readonly title: string;
  readonly server: MCPServer;
  readonly facts: ReferenceFacts;
  readonly installation?: Installation | undefined;
  /** What it is an example of. */
  readonly of?: { readonly rule: string; readonly example: Omit<Example, 'title'> };
}

export function judgeAll(rules: readonly Rule[]): Verdicts {
  const subjects = [...examplesOf(rules), ...reviewed(), ...generated()].map((one) => [digestOf(one), one] as const);
  return {
    revision: revisionOf(rules),
    reach: new Map(
      rules.map(({ id, severity, isOptIn }) => [id, isOptIn === true ? ['opt-in', severity] : [severity]]),
    ),
    servers: new Map(subjects.map(([print, subject]) => [print, countFindings(subject, rules)])),
    titles: new Map(subjects.map(([print, { title }]) => [print, title])),
  };
}

function digestOf({ server, of }: Subject): string {
  const text = JSON.stringify([server, of], (_key, value: unknown) =>
    value instanceof Map ? [...(value as ReadonlyMap<unknown, unknown>)] : value,
  );
  return digest(text).slice(0, 12);
}

/** Rules that only a policy asks for judge their own examples: many find something in nearly every other server. */
function countFindings(subject: Subject, rules: readonly Rule[]): ReadonlyMap<string, number> {
  const { facts, installation, of } = subject;
  const entries = rules
    .filter(({ id, isOptIn }) => isOptIn !== true || id === of?.rule)
    .map((rule) => ownEntry(rule, rule.id === of?.rule ? of.example.parameters : undefined));
  const server = applyDefaults(subject.server);
  const policy = { rules, entriesFor: () => entries };
  const input = { server, references: referencesOf(server), facts, installation, apis: installation?.apis };
  const findings = evaluate(input, { policy, now: '2026-01-01T00:00:00Z' });
  const found = Map.groupBy(
    findings.filter(({ isUnchecked }) => isUnchecked !== true),
    ({ ruleId }) => ruleId,
  );
  return new Map([...found].map(([id, ofRule]) => [id, ofRule.length]));
}

function examplesOf(rules: readonly Rule[]): readonly Subject[] {
  return rules.flatMap((rule) =>
    [...rule.examples.accepts, ...rule.examples.rejects].map(({ title, ...example }) => {
      const { name, spec = {}, installation } = example;
      return {
        title: `the example of ${rule.id}: ${title}`,
        server: anMCPServer(...(name === undefined ? [] : [withName(name)]), withRawSpec(spec)),
        ...{ facts: inMemoryFacts(example), installation, of: { rule: rule.id, example } },
      };
    }),
  );
}

/** Without those that the schema refuses. */
function reviewed(): readonly Subject[] {
  return sampleReviews.flatMap(({ name, body }) => {
    const { request } = JSON.parse(body.toString()) as { readonly request: { readonly object: MCPServer } };
    const isWhole = prepare(request.object).parsed;
    return isWhole ? [{ title: `the review: ${name}`, server: request.object, facts: factsOfBench }] : [];
  });
}

/** The same ones each time. */
function generated(): readonly Subject[] {
  return fc
    .sample(generatedServers, { seed: 60, numRuns: 300 })
    .map((server) => ({ title: JSON.stringify(server), server, facts: inMemoryFacts() }));
}

export function renderVerdicts({ revision, reach, servers }: Verdicts): string {
  const lines = [
    `revision ${revision}`,
    ...[...reach].map(([id, words]) => `rule ${id} ${words.join(' ')}`),
    ...[...servers]
      .map(
        ([print, found]) =>
          `server ${print}${[...found]
            .map(([id, count]) => ` ${id}:${count}`)
            .sort()
            .join('')}`,
      )
      .sort(),
  ];
  return `${generatedHeader('#', 'what every rule says about many servers')}${lines.join('\n')}\n`;
}

export function parseVerdicts(text: string): Verdicts {
  const lines = text.split('\n').map((line) => line.split(' '));
  const named = (word: string) =>
    lines.flatMap(([first, second = '', ...rest]) => (first === word ? [[second, rest] as const] : []));
  const toCount = (item: string): readonly [string, number] => {
    const [id = '', count] = item.split(':');
    return [id, Number(count)];
  };
  return {
    revision: Number(named('revision')[0]?.[0]),
    reach: new Map(named('rule')),
    servers: new Map(named('server').map(([print, found]) => [print, new Map(found.map(toCount))])),
    titles: new Map(),
  };
}
