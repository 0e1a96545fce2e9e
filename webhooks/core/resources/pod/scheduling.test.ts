import { expect, it } from '@jest/globals';
import { anMCPServer, withRawSpec } from '../../testing/builders.ts';
import { buildPodTemplate } from './pod-template.ts';

const podOf = (scheduling: object): unknown =>
  buildPodTemplate({ server: anMCPServer(withRawSpec({ extensions: { scheduling } })) })['spec'];

it('pods say about nodes, runtimes and priorities what the server does', () => {
  const scheduling = {
    nodeSelector: { 'kubernetes.io/arch': 'amd64', empty: '' },
    tolerations: [{ key: 'dedicated', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 0 }],
    priorityClassName: 'business-hours',
    runtimeClassName: 'kata',
  };
  expect(podOf(scheduling)).toMatchObject(scheduling);
});

it('a toleration has no empty texts, which no API server would store: each round would apply it again', () => {
  const tolerations = [
    { key: 'dedicated', value: '' },
    { operator: 'Exists', key: '' },
  ];
  expect(podOf({ tolerations })).toHaveProperty('tolerations', [{ key: 'dedicated' }, { operator: 'Exists' }]);
});

it('pods are spread among those of their own version, or a roll-out ends uneven', () => {
  const constraint = { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' };
  expect(podOf({ topologySpreadConstraints: [constraint] })).toHaveProperty('topologySpreadConstraints', [
    {
      ...constraint,
      labelSelector: { matchLabels: { 'mcp-server': 'search' } },
      matchLabelKeys: ['pod-template-hash'],
    },
  ]);
});

it('what says nothing is not applied', () => {
  const nothing = podOf({ nodeSelector: {}, tolerations: [], topologySpreadConstraints: [] });
  expect(nothing).toEqual(buildPodTemplate({ server: anMCPServer() })['spec']);
});

it('the startup probe is one of the container of the server', () => {
  const startupProbe = { tcpSocket: { port: 'mcp' }, failureThreshold: 30 };
  const server = anMCPServer(withRawSpec({ extensions: { startupProbe } }));
  expect(buildPodTemplate({ server })).toHaveProperty('spec.containers.0.startupProbe', startupProbe);
});
