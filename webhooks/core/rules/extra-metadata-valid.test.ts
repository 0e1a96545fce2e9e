import { expect, it } from '@jest/globals';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import { anMCPServer, withSpec } from '../testing/builders.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { extraMetadataValid } from './extra-metadata-valid.ts';

const facts = inMemoryFacts();

function labels(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`team-${index}`, 'no label!'.repeat(6)]));
}

it('says one thing about a megabyte of labels, which an accepted server could never roll out', () => {
  const server = anMCPServer(withSpec({ extraLabels: labels(20_000) }));
  const [finding, ...more] = evaluateRules([extraMetadataValid], { server, facts });
  expect(finding).toMatchObject({ path: ['spec', 'extraLabels'], headline: 'the labels are too large together' });
  expect(more).toEqual([]);
});

it('says what is wrong with each of many labels that fit', () => {
  const server = anMCPServer(withSpec({ extraLabels: labels(1_000) }));
  expect(evaluateRules([extraMetadataValid], { server, facts })).toHaveLength(1_000);
});
