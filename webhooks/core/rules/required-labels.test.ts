import { expect, it } from '@jest/globals';
import type { RuleParameters } from '../engine/parameters.ts';
import { renderPath } from '../mcpserver/violation.ts';
import { anMCPServer, withMetadata } from '../testing/builders.ts';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { requiredLabels } from './required-labels.ts';

function pathsOf(labels: Readonly<Record<string, string>> | undefined, parameters: RuleParameters): readonly string[] {
  const server = anMCPServer(withMetadata({ labels }));
  const findings = evaluateRules([requiredLabels], { server, facts: inMemoryFacts() }, parameters);
  return findings.map(({ path }) => renderPath(path));
}

it('is about labels of the MCPServer and about those of its pods, each by itself', () => {
  const wanted = { 'example.com/team': 'search-*' };
  const labels = { 'example.com/team': 'search-eu' };
  expect(pathsOf(labels, { labels: wanted })).toEqual([]);
  expect(pathsOf(labels, { podLabels: wanted })).toEqual(['spec.extraLabels[example.com/team]']);
  expect(pathsOf(undefined, { labels: wanted })).toEqual(['metadata.labels[example.com/team]']);
  expect(pathsOf({ 'example.com/team': 'payments' }, { labels: wanted })).toEqual([
    'metadata.labels[example.com/team]',
  ]);
});

it('takes nothing that every object has for a label', () => {
  expect(pathsOf({}, { labels: { constructor: '*' } })).toEqual(['metadata.labels.constructor']);
});
