import { describe, expect, it } from '@jest/globals';
import { buildPodTemplate } from '../resources/pod/pod-template.ts';
import { anMCPServer, withName, withRawSpec } from '../testing/builders.ts';
import { writePods } from './expired.ts';

const spec = (...[fields]: Parameters<typeof withRawSpec>) => anMCPServer(withRawSpec(fields));

describe('what pods are made of', () => {
  it('is written as earlier releases wrote it, whatever pods are built (a change taken back stayed refused)', () => {
    const server = anMCPServer(withRawSpec({ runtime: { replicas: 3 }, extraLabels: { team: 'search' } }));
    // Statuses hold digests of it: whoever changes this text changes it for every server that is stored.
    expect(writePods(server)).toBe(
      '{"config":{"port":8080},"extensions":{"rollout":{},"scheduling":{}},"extraLabels":{"team":"search"},' +
        '"name":"search","namespace":"mcp","runtime":{},' +
        '"source":{"containerImage":{"ref":"ghcr.io/example/search:1.4.0"},"type":"ContainerImage"}}',
    );
  });

  it.each([
    ['replicas', { runtime: { replicas: 3 } }],
    ['sessions', { mcp: { stateless: true } }],
    ['who may call', { network: { ingressFrom: [] } }],
    ['how it is asked', { extensions: { verification: { periodSeconds: 30 } } }],
    ['how slowly pods are replaced', { extensions: { rollout: { minReadySeconds: 5 } } }],
    ['a disruption budget', { extensions: { scheduling: { disruptionBudget: { minAvailable: 1 } } } }],
    ['what a patch leaves of labels that it takes out', { extraLabels: {}, extraAnnotations: {} }],
    ['what it leaves of a node selector', { extensions: { scheduling: { nodeSelector: {} } } }],
  ])('is no field that no pod has: %s', (_what, fields) => {
    expect(writePods(spec(fields))).toBe(writePods(spec({})));
    expect(buildPodTemplate({ server: spec(fields) })).toEqual(buildPodTemplate({ server: spec({}) }));
  });

  it.each([
    ['a variable', spec({ config: { env: [{ name: 'A', value: 'b' }] } })],
    ['a user', spec({ runtime: { security: { securityContext: { runAsUser: 0 } } } })],
    ['labels', spec({ extraLabels: { team: 'search' } })],
    ['time to stop', spec({ extensions: { rollout: { terminationGracePeriodSeconds: 60 } } })],
    ['a node', spec({ extensions: { scheduling: { nodeSelector: { disk: 'fast' } } } })],
    ['another name', anMCPServer(withName('another'))],
  ])('is every other one: %s', (_what, other) => {
    expect(writePods(other)).not.toBe(writePods(spec({})));
    expect(buildPodTemplate({ server: other })).not.toEqual(buildPodTemplate({ server: spec({}) }));
  });
});
