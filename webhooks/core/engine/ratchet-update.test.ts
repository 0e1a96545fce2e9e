import { expect, it } from '@jest/globals';
import type { Finding } from './finding.ts';
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

it('tolerates nothing of more findings than can be compared, nor in an object that is too deep', () => {
  const many = Array.from({ length: 1001 }, () => found('port', 'spec'));
  expect(ratchetUpdate({ object: {}, findings: many }, { object: {}, findings: many }, same).tolerated).toEqual([]);
  let deep: object = {};
  for (let level = 0; level < 200; level += 1) deep = { deep };
  const judged = { object: { spec: deep }, findings: [found('port', 'spec')] };
  expect(ratchetUpdate(judged, judged, same).tolerated).toEqual([]);
});
