import { expect, it } from '@jest/globals';
import { builtInPolicy } from '../core/rules/built-in-policy.ts';
import { anMCPServer } from '../core/testing/builders.ts';
import { inMemoryFacts } from '../core/testing/in-memory-facts.ts';
import { renderAdmissionReview } from './admission-review.ts';
import { createMutate } from './mutate.ts';
import { parseReview } from './parse-review.ts';
import { aReview } from './testing/review.ts';
import { createValidate } from './validate.ts';

type Spec = Readonly<Record<string, unknown>>;

const list = <T>(count: number, item: (index: number) => T): T[] => Array.from({ length: count }, (_, at) => item(at));
const map = (count: number, value: (index: number) => string): Record<string, string> =>
  Object.fromEntries(list(count, (at) => [`key-${at}`, value(at)]));
const security = (context: Spec): Spec => ({ runtime: { security: { securityContext: context } } });
const podSecurity = (context: Spec): Spec => ({ runtime: { security: { podSecurityContext: context } } });

/** What took longest when every list, map and text of the schema was made as large as it can be. */
const worst: readonly (readonly [string, (count: number) => Spec])[] = [
  ['labels', (count) => ({ extraLabels: map(count, String) })],
  ['annotations', (count) => ({ extraAnnotations: map(count, () => 'x'.repeat(20)) })],
  ['capabilities of one name', (count) => security({ capabilities: { add: list(count, () => 'NET_RAW') } })],
  ['sysctls of one name', (count) => podSecurity({ sysctls: list(count, () => ({ name: 'a', value: '1' })) })],
  ['limits that no container has', (count) => ({ runtime: { resources: { limits: map(count, String) } } })],
  ['peers', (count) => ({ network: { ingressFrom: list(count, () => ({ ipBlock: { cidr: 'no' } })) } })],
  ['pull secrets', (count) => withSource({ imagePullSecrets: list(count, (at) => ({ name: `pull-${at}` })) })],
  ['arguments', (count) => withConfig({ arguments: list(count, (at) => `--token-${at}=$(A)`) })],
  ['references to variables', (count) => withConfig({ env: [{ name: 'A', value: '$(A)'.repeat(count * 4) }] })],
];

function withConfig(fields: Spec): Spec {
  return { config: { port: 8080, ...fields } };
}

function withSource(fields: Spec): Spec {
  return { source: { type: 'ContainerImage', containerImage: { ref: 'example.com/search:1.0.0', ...fields } } };
}

const onSkipped = (): void => undefined;
const facts = inMemoryFacts();
const mutate = createMutate({ policy: builtInPolicy, onSkipped });
const validate = createValidate({
  policy: builtInPolicy,
  now: () => '2026-11-29T12:00:00Z',
  gatherFacts: () => Promise.resolve(facts),
  onSkipped,
  installation: undefined,
});
const context = { remainingMs: () => 5_000, signal: () => new AbortController().signal };

/** Processor time of an update that leaves such an object as it was, at both webhooks, in milliseconds; the least of three. */
async function timeOf(spec: Spec): Promise<number> {
  const server = anMCPServer();
  const object = { ...server, spec: { ...server.spec, ...spec } };
  const body = Buffer.from(JSON.stringify(aReview({ operation: 'UPDATE', object, oldObject: object })));
  let least = Infinity;
  for (let round = 0; round < 3; round += 1) {
    const before = process.threadCpuUsage();
    const review = parseReview(body);
    if (!review.ok) throw new Error(`refused for its ${review.why}`);
    for (const handler of [mutate, validate]) renderAdmissionReview('uid', await handler(review.request, context));
    const { user, system } = process.threadCpuUsage(before);
    least = Math.min(least, (user + system) / 1_000);
  }
  return least;
}

it.each(worst)('eight times as many %s take not many times as long', async (_, build) => {
  await timeOf(build(500));
  const few = await timeOf(build(1_000));
  const many = await timeOf(build(8_000));
  // 64 times as long is what a loop over a loop would take; 8 is in proportion.
  expect(many).toBeLessThan(24 * Math.max(few, 1));
});
