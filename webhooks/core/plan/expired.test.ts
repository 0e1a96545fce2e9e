import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { isRecord } from '../mcpserver/record.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import { digestedAnyhow } from '../resources/pod/fields-in-no-pod.ts';
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

  // In which every field is set; the reference page fails where one is not.
  const example = parse(
    readFileSync(join(import.meta.dirname, '../../../crds/source/example.yaml'), 'utf8'),
  ) as MCPServer;

  /** Paths of all fields that are no maps themselves. */
  function pathsIn(value: object, at: readonly string[] = []): readonly (readonly string[])[] {
    return Object.entries(value).flatMap(([name, part]: [string, unknown]) =>
      isRecord(part) ? pathsIn(part, [...at, name]) : [[...at, name]],
    );
  }

  function without(value: object, [name = '', ...below]: readonly string[]): object {
    const copy: Record<string, unknown> = { ...value };
    const part = copy[name];
    if (below.length === 0 || !isRecord(part)) Reflect.deleteProperty(copy, name);
    else copy[name] = without(part, below);
    return copy;
  }

  it.each(pathsIn(example.spec).map((path) => path.join('.')))(
    'is of a field what the template of the pods has of it, whoever adds one: %s (this file knew by itself)',
    (path) => {
      const changed: MCPServer = { ...example, spec: without(example.spec, path.split('.')) as MCPServer['spec'] };
      const isSaid = writePods(changed) !== writePods(example);
      const isInPods =
        JSON.stringify(buildPodTemplate({ server: changed })) !== JSON.stringify(buildPodTemplate({ server: example }));
      expect({ isSaid }).toEqual({
        isSaid: isInPods || digestedAnyhow.some((one) => `${path}.`.startsWith(`${one}.`)),
      });
    },
  );
});
