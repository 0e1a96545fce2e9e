import { expect, it } from '@jest/globals';
import { anMCPServer, withRawSpec } from '../testing/builders.ts';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { autoscalingMeasurable } from './autoscaling-measurable.ts';

const target = { type: 'Utilization', averageUtilization: 80 };
const found = (metric: object, more: object = {}): readonly string[] =>
  evaluateRules([autoscalingMeasurable], {
    server: anMCPServer(
      withRawSpec({
        runtime: { resources: { requests: { cpu: '50m' } } },
        extensions: { autoscaling: { maxReplicas: 5, metrics: [metric] }, ...more },
      }),
    ),
    facts: inMemoryFacts(),
  }).map(({ path, detail }) => `${path.join('.')}: ${detail}`);
const ofContainer = (container: string): object => ({
  type: 'ContainerResource',
  containerResource: { name: 'cpu', container, target },
});
const stdio = { stdio: { command: ['/server'] } };

it.each([
  ['mcp-server', {}, false],
  ['mcp-server', stdio, false],
  ['mcp-bridge', stdio, false],
  ['mcp-bridge', {}, true],
  ['server', {}, true],
  ['istio-proxy', {}, true],
  // Refused by another rule.
  ['MCP server', {}, false],
])(
  'a container is one that pods of the server have (any name passed without a word): %s',
  (container, more, isTold) => {
    const place = 'spec.extensions.autoscaling.metrics.0.containerResource.container';
    expect(found(ofContainer(container), more)).toEqual(isTold ? [`${place}: found '${container}'`] : []);
  },
);

it('a name that is no resource is not asked to be requested (cpus was to be set as a request)', () => {
  expect(found({ type: 'Resource', resource: { name: 'cpus', target } })).toEqual([]);
  expect(found({ type: 'Resource', resource: { name: 'nvidia.com/gpu', target } })).toHaveLength(1);
});
