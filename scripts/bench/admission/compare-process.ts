// By hand: what answering one review costs between its bytes and those of the answer, without network, for each review of
// admission-throughput; beside another checkout in the same process, in turn, because figures of two runs say little:
//   node --no-concurrent-recompilation --max-semi-space-size=2 scripts/bench/admission/compare-process.ts [OTHER CHECKOUT]
// `--policy` judges by the policy of many overrides; `--only TEXT` takes the reviews whose name has the text.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type * as Rendering from '../../../webhooks/admission/admission-review.ts';
import type * as Parsing from '../../../webhooks/admission/parse-review.ts';
import type * as Validating from '../../../webhooks/admission/validate.ts';
import type * as BuiltIn from '../../../webhooks/core/rules/built-in-policy.ts';
import { median } from '../median.ts';
import type * as Facts from './facts.ts';
import type * as Large from './policy.ts';
import { sampleReviews } from './reviews.ts';

const answersOfRound = 400;
const rounds = 31;
const warmUpAnswers = 2_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { policy: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
});

const here = resolve(import.meta.dirname, '../../..');
const sides = await Promise.all([...positionals, here].map((checkout) => load(resolve(checkout))));
const reviews = sampleReviews.filter(({ name }) => name.includes(values.only));

type Answering = (body: Buffer) => Promise<Buffer>;

/** The same modules of any checkout: what is measured has nothing in common but the process. */
async function load(checkout: string): Promise<Answering> {
  const from = async (path: string): Promise<unknown> => import(pathToFileURL(resolve(checkout, path)).href);
  // Whoever names a checkout names one that has these.
  const { parseReview } = (await from('webhooks/admission/parse-review.ts')) as typeof Parsing;
  const { createValidate } = (await from('webhooks/admission/validate.ts')) as typeof Validating;
  const { renderAdmissionReview } = (await from('webhooks/admission/admission-review.ts')) as typeof Rendering;
  const { builtInPolicy } = (await from('webhooks/core/rules/built-in-policy.ts')) as typeof BuiltIn;
  const { largePolicy } = (await from('scripts/bench/admission/policy.ts')) as typeof Large;
  const { facts } = (await from('scripts/bench/admission/facts.ts')) as typeof Facts;
  const validate = createValidate({
    policy: values.policy ? largePolicy() : builtInPolicy,
    gatherFacts: () => Promise.resolve(facts),
    now: () => new Date().toISOString(),
    onSkipped: () => undefined,
  });
  const call = { remainingMs: () => 1_000, signal: () => new AbortController().signal };
  return async (body) => {
    const read = parseReview(body);
    if (!read.ok) throw new Error('the bench sends reviews');
    const text = renderAdmissionReview(read.request.uid, await validate(read.request, call));
    return Buffer.byteLength(text) === text.length ? Buffer.from(text, 'latin1') : Buffer.from(text);
  };
}

/** Microseconds of CPU for one answer. */
async function measure(answer: Answering, body: Buffer, count: number): Promise<number> {
  const before = process.cpuUsage();
  for (let at = 0; at < count; at += 1) await answer(body);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

// All of them, whichever are measured: what the engine learns from one, it has to know of all.
for (const { body } of sampleReviews) for (const answer of sides) await measure(answer, body, warmUpAnswers);
for (const { name, body } of reviews) {
  const samples = sides.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, answer] of sides.entries()) samples[index]?.push(await measure(answer, body, answersOfRound));
  }
  const [first, ...rest] = samples.map((times) => median(times).toFixed(1));
  const bytes = (await sides[0]?.(body))?.length ?? 0;
  process.stdout.write(`${[first, ...rest].join(' -> ').padStart(16)} µs  ${name} (answer of ${bytes} bytes)\n`);
}
