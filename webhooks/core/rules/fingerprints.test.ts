import { expect, it } from '@jest/globals';
import { judge } from '../engine/judge.ts';
import type { PreparedServer } from '../engine/judge.ts';
import { fingerprint } from '../engine/ratchet.ts';
import type { Example } from '../engine/rule.ts';
import { anMCPServer, withName, withRawSpec } from '../testing/builders.ts';
import { anInstant, prepared } from '../testing/evaluate-rules.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { builtInPolicy } from './built-in-policy.ts';
import { rules } from './index.gen.ts';

/** Details that also tell where else to look, which makes them no other violation. */
const tellMore = new Set(['config-map-key-exists', 'environment-distinct', 'mount-paths-usable']);

/** Every example, and each rule's rejected ones laid over each other: what one looks at is changed by another. */
const cases = rules.flatMap(({ examples: { accepts, rejects } }) => [
  ...[...accepts, ...rejects].map((example) => [example] as const),
  ...rejects.flatMap((one) => rejects.filter((other) => other !== one).map((other) => [one, other] as const)),
]);

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
  for (const examples of cases) {
    const subject = serverOf(examples);
    if (subject === undefined) continue;
    servers += 1;
    const [example] = examples;
    const facts = inMemoryFacts(example);
    const { installation } = example;
    const { findings } = judge(subject, { policy: builtInPolicy, facts, installation, now: anInstant });
    for (const { finding, fingerprint: print } of fingerprint({ object: subject.server, findings }, (text) => text)) {
      const said = saidFor.get(print) ?? new Set();
      const { headline, detail } = finding;
      saidFor.set(print, said.add(tellMore.has(finding.ruleId) ? headline : `${headline}: ${detail}`));
    }
  }
  expect(servers).toBeGreaterThan(rules.length * 5);
  expect([...saidFor].filter(([, said]) => said.size > 1).map(([print, said]) => [print, ...said])).toEqual([]);
});
