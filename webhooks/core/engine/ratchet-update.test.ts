import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Finding } from './finding.ts';
import { fingerprint, ratchet, type Judged } from './ratchet.ts';
import { ratchetUpdate } from './ratchet-update.ts';

const found = (ruleId: string, ...path: readonly (string | number)[]): Finding => ({
  ...{ ruleId, severity: 'deny', headline: 'bad', detail: 'found it', remedy: 'Mend it.' },
  path,
});
const same = (text: string): string => text;

it('tolerates what was there before, with the same value', () => {
  const findings = [found('port', 'spec', 'port'), found('image', 'spec', 'image')];
  const before = { object: { spec: { port: 1, image: 'old' } }, findings };
  const now = { object: { spec: { port: 1, image: 'new' } }, findings };
  expect(ratchetUpdate(now, before, same)).toEqual({ enforced: [findings[1]], tolerated: [findings[0]] });
});

it('tolerates a finding as often as it was there', () => {
  const port = found('port', 'spec', 'port');
  const object = { spec: { port: 1 } };
  const { enforced, tolerated } = ratchetUpdate({ object, findings: [port, port] }, { object, findings: [port] }, same);
  expect([enforced.length, tolerated.length]).toEqual([1, 1]);
});

it('tolerates nothing of more findings than can be compared, nor in an object that is too deep', () => {
  const many = Array.from({ length: 1001 }, () => found('port', 'spec'));
  expect(ratchetUpdate({ object: {}, findings: many }, { object: {}, findings: many }, same).tolerated).toEqual([]);
  let deep: object = {};
  for (let level = 0; level < 200; level += 1) deep = { deep };
  const judged = { object: { spec: deep }, findings: [found('port', 'spec')] };
  expect(ratchetUpdate(judged, judged, same).tolerated).toEqual([]);
});

it('says of a few findings what their fingerprints say', () => {
  const value = fc.constantFrom<unknown>(0, 1, '1', '', true, null, [1], [1, 2], { a: 1 }, undefined);
  const object = fc.record({ spec: fc.record({ a: value, b: value, list: fc.array(fc.record({ name: value })) }) });
  const paths = [
    ['spec', 'a'],
    ['spec', 'b'],
    ['spec', 'a', 'a'],
    ['spec', 'list', 0, 'name'],
    ['spec', 'gone'],
  ] as const;
  const one = fc
    .tuple(
      fc.constantFrom('port', 'image'),
      fc.constantFrom(...paths),
      fc.record({
        cause: fc.option(fc.constantFrom([], [1], ['1'], [1, 'x']), { nil: undefined }),
        dependsOn: fc.option(fc.constant([['spec', 'b']]), { nil: undefined, freq: 8 }),
        isUnchecked: fc.constantFrom(true as const, undefined),
      }),
    )
    .map(([ruleId, path, { cause, dependsOn, isUnchecked }]): Finding => ({
      ...found(ruleId, ...path),
      ...(cause === undefined ? {} : { cause }),
      ...(dependsOn === undefined ? {} : { dependsOn }),
      ...(isUnchecked === undefined ? {} : { isUnchecked }),
    }));
  const judged = fc.record({ object, findings: fc.array(one, { maxLength: 4 }) });
  const byFingerprints = (now: Judged, before: Judged): readonly Finding[] => {
    const known = fingerprint(before, same).map((printed) => printed.fingerprint);
    return ratchet(fingerprint(now, same), known).tolerated.map(({ finding }) => finding);
  };
  let count = 0;
  fc.assert(
    fc.property(judged, judged, fc.boolean(), (now, other, isSameObject) => {
      const before = isSameObject
        ? { object: now.object, findings: [...other.findings, ...now.findings.slice(1)] }
        : other;
      const tolerated = byFingerprints(now, before);
      count += tolerated.length;
      expect(ratchetUpdate(now, before, same).tolerated).toEqual(tolerated);
    }),
    { numRuns: 1_000 },
  );
  expect(count).toBeGreaterThan(100);
});
