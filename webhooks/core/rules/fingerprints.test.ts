import { expect, it } from '@jest/globals';
import { judge } from '../engine/judge.ts';
import type { PreparedServer } from '../engine/judge.ts';
import { fingerprint } from '../engine/ratchet.ts';
import type { Example } from '../engine/rule.ts';
import { anMCPServer, withName, withRawSpec } from '../testing/builders.ts';
import { anInstant, policyOf, prepared } from '../testing/evaluate-rules.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { builtInPolicy } from './built-in-policy.ts';
import { rules } from './index.gen.ts';

/** Details that also tell where else to look, which makes them no other violation. */
const tellMore = new Set(['config-map-key-exists', 'environment-distinct', 'mount-paths-usable']);

/** Every example, and each rule's rejected ones laid over each other: what one looks at is changed by another. */
const cases = rules.flatMap((rule) => {
  const { accepts, rejects } = rule.examples;
  return [
    ...[...accepts, ...rejects].map((example) => ({ rule, examples: [example] })),
    ...rejects.flatMap((one) =>
      rejects.filter((other) => other !== one).map((other) => ({ rule, examples: [one, other] })),
    ),
  ];
});

function serverOf(examples: readonly Example[]): PreparedServer | undefined {
  const names = examples.flatMap(({ name }) => (name === undefined ? [] : [withName(name)]));
  try {
    return prepared(anMCPServer(...names.slice(0, 1), ...examples.map(({ spec = {} }) => withRawSpec(spec))));
  } catch {
    // Two that the schema refuses together.
    return undefined;
  }
}

it('are different for whatever the rules say differently', () => {
  const saidFor = new Map<string, Set<string>>();
  let servers = 0;
  for (const { rule, examples } of cases) {
    const subject = serverOf(examples);
    const [example] = examples;
    if (subject === undefined || example === undefined) continue;
    servers += 1;
    const facts = inMemoryFacts(example);
    const { installation } = example;
    const policy = policyOf(builtInPolicy, rule, example);
    const { findings } = judge(subject, { policy, facts, installation, now: anInstant });
    for (const { finding, fingerprint: print } of fingerprint({ object: subject.server, findings }, (text) => text)) {
      const said = saidFor.get(print) ?? new Set();
      const { headline, detail } = finding;
      saidFor.set(print, said.add(tellMore.has(finding.ruleId) ? headline : `${headline}: ${detail}`));
    }
  }
  expect(servers).toBeGreaterThan(rules.length * 5);
  expect([...saidFor].filter(([, said]) => said.size > 1).map(([print, said]) => [print, ...said])).toEqual([]);
});
