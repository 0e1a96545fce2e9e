import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseManifests } from '../../webhooks/platform/manifests/parse-manifests.ts';
import { readTexts } from '../../webhooks/platform/manifests/read-texts.ts';
import { hostileTexts, type Verdict } from './hostile-texts.ts';
import { hostileText } from './generated-texts.ts';
import { readWithKubectl, type KubectlReading } from './kubectl-reader.ts';

interface OurReading {
  readonly values: readonly unknown[];
  readonly refusal?: string;
}

async function readWithUs(text: string | Uint8Array): Promise<OurReading> {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const { texts, problems: unread } = await readTexts(['-'], () => Promise.resolve(bytes));
  const read = texts.map((input) => parseManifests('-', input.text));
  const [problem] = [...unread, ...read.flatMap(({ problems }) => problems)];
  const values = read.flatMap(({ manifests }) => manifests.map(({ value }) => value));
  return { values, ...(problem === undefined ? {} : { refusal: problem.message }) };
}

function verdictOf(ours: OurReading, theirs: KubectlReading): Verdict {
  if (ours.refusal === undefined) return theirs.refusal === undefined ? 'both read' : 'only kubectl refuses';
  return theirs.refusal === undefined ? 'only we refuse' : 'both refuse';
}

/** Keys in one order; zero has no sign, as in the JSON that kubectl sends. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (Object.is(value, -0)) return 0;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, child]) => [key, canonical(child)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

describe('hostile texts are read as kubectl reads them', () => {
  const cases = Object.entries(hostileTexts).flatMap(([verdict, texts]) =>
    Object.entries(texts).map(([title, text]) => ({ verdict, title, text })),
  );
  let readings: readonly KubectlReading[] = [];

  beforeAll(async () => {
    readings = await readWithKubectl(cases.map(({ text }) => text));
  });

  it.each(cases.map(({ verdict, title }, index) => [verdict, title, index] as const))(
    '%s: %s',
    async (verdict, _, index) => {
      const theirs = readings[index] ?? { values: [] };
      const ours = await readWithUs(cases[index]?.text ?? '');
      expect({ verdict: verdictOf(ours, theirs), ours: ours.refusal, theirs: theirs.refusal }).toMatchObject({
        verdict,
      });
      if (verdict === 'both read') {
        expect(canonical(ours.values)).toEqual(canonical(theirs.values));
        expect(ours.values).not.toEqual([]);
      }
    },
  );
});

describe('generated texts', () => {
  it('that both read are the same to both', async () => {
    const seed = Number(process.env['READING_SEED'] ?? Date.now() % 2 ** 31);
    const count = Number(process.env['READING_COUNT'] ?? 400);
    const texts = fc.sample(hostileText, { numRuns: count, seed });
    const theirs = await readWithKubectl(texts);
    const counts: Record<Verdict, number> = {
      'both read': 0,
      'both refuse': 0,
      'only we refuse': 0,
      'only kubectl refuses': 0,
    };
    for (const [index, text] of texts.entries()) {
      const reading = theirs[index] ?? { values: [] };
      const ours = await readWithUs(text);
      const verdict = verdictOf(ours, reading);
      counts[verdict] += 1;
      if (verdict === 'both read') {
        expect({ seed, text, values: canonical(ours.values) }).toEqual({
          seed,
          text,
          values: canonical(reading.values),
        });
      }
    }
    // Nothing would be compared otherwise.
    expect(counts['both read']).toBeGreaterThan(count / 20);
  });
});
