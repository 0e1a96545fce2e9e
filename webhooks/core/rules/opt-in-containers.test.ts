import { expect, it } from '@jest/globals';
import { applyDefaults } from '../defaults/apply.ts';
import type { JudgedContainer } from '../engine/judged-container.ts';
import { inside, placeOf } from '../mcpserver/place.ts';
import { renderPath } from '../mcpserver/violation.ts';
import { podContainers } from '../resources/pod/containers.ts';
import { aSecondContainer } from '../resources/pod/testing/a-second-container.ts';
import { anMCPServer } from '../testing/builders.ts';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { probeBudget } from './probe-budget.ts';
import { readOnlyRootFilesystem } from './read-only-root-filesystem.ts';

/** Paths of what the rules about containers find in a server whose pods have a second one. */
function pathsOf(second: JudgedContainer): readonly string[] {
  const containers = [...podContainers, second];
  const input = { server: applyDefaults(anMCPServer()), containers, facts: inMemoryFacts() };
  return evaluateRules([probeBudget, readOnlyRootFilesystem], input).map(({ path }) => renderPath(path));
}

const livenessProbe = { tcpSocket: { port: 1 }, periodSeconds: 1 };

it('judges every container of the pods', () => {
  expect(pathsOf(aSecondContainer({ securityContext: { readOnlyRootFilesystem: true } }))).toEqual([]);
  expect(pathsOf(aSecondContainer({ health: { livenessProbe } }))).toEqual([
    'spec.extensions.second.health.livenessProbe.failureThreshold',
    'spec.extensions.second.health.livenessProbe.periodSeconds',
    'spec.extensions.second.securityContext.readOnlyRootFilesystem',
  ]);
  expect(pathsOf(aSecondContainer({ health: { livenessProbe }, isOf: () => false }))).toEqual([]);
});

it('tells of a container that no author writes where it comes from', () => {
  const second = aSecondContainer();
  const place = { ...placeOf('spec', 'extensions', 'second'), isEnd: true } as const;
  const ours = { ...second, securityContext: { ...second.securityContext, place: inside(place, 'securityContext') } };
  expect(pathsOf(ours)).toEqual(['spec.extensions.second']);
});
