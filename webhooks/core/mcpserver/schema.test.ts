import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anMCPServer, withRawSpec, withSpec } from '../testing/builders.ts';
import { checkSchema } from './schema.ts';
import type { Violation } from './violation.ts';
import { renderPath } from './violation.ts';

type Fields = Readonly<Record<string, unknown>>;

const source = { type: 'ContainerImage', containerImage: { ref: 'nginx:1.25' } };
const emptyDir = { type: 'EmptyDir', emptyDir: {} };

function manifest(spec: Fields): Fields {
  return {
    apiVersion: 'mcp.x-k8s.io/v1beta1',
    kind: 'MCPServer',
    metadata: { name: 'search', namespace: 'mcp' },
    spec: { source, config: { port: 8080 }, ...spec },
  };
}

function violationsOf(data: unknown): readonly Violation[] {
  const checked = checkSchema(data);
  return checked.ok ? [] : checked.violations;
}

const told = (data: unknown): readonly string[] =>
  violationsOf(data).map(({ path, headline, detail }) => `${renderPath(path)}: ${headline}; ${detail}`);

describe('accepts', () => {
  it.each<[string, Fields]>([
    ['the smallest server', {}],
    ['an image without registry', { source: { type: 'ContainerImage', containerImage: { ref: 'nginx' } } }],
    ['an empty runtime', { runtime: {} }],
    ['zero replicas', { runtime: { replicas: 0 } }],
    [
      'quantities as text and as number',
      { runtime: { resources: { requests: { cpu: '50m' }, limits: { cpu: 1, memory: '1.5Gi' } } } },
    ],
    ['a probe of a named port', { runtime: { health: { readinessProbe: { tcpSocket: { port: 'mcp' } } } } }],
    ['a probe of a port number', { runtime: { health: { livenessProbe: { httpGet: { port: 8080, path: '/' } } } } }],
    ['an empty list of arguments', { config: { port: 1, arguments: [] } }],
    [
      'all kinds of environment variables',
      {
        config: {
          port: 1,
          env: [
            { name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k', optional: true } } },
            { name: 'B', value: '' },
          ],
          envFrom: [{ prefix: 'P_', configMapRef: { name: 'c' } }],
        },
      },
    ],
    [
      'network peers',
      {
        network: {
          ingressFrom: [{ podSelector: {} }],
          egressTo: [{ ipBlock: { cidr: '10.0.0.0/8' } }],
          egressPorts: [{ port: 443, protocol: 'TCP' }],
        },
      },
    ],
    ['a path of 253 characters outside the basic plane', { config: { port: 1, path: '\u{1F600}'.repeat(253) } }],
    ['a field that the schema does not know, because the API server prunes it', { nonsense: { deep: [1] } }],
  ])('%s', (_name, spec) => {
    expect(told(manifest(spec))).toEqual([]);
  });

  it('both versions', () => {
    expect(told({ ...manifest({}), apiVersion: 'mcp.x-k8s.io/v1alpha1' })).toEqual([]);
  });

  it('keeps unknown fields in the server', () => {
    const checked = checkSchema(manifest({ nonsense: 1 }));
    expect(checked.ok && 'nonsense' in checked.server.spec).toBe(true);
  });
});

describe('refuses', () => {
  it.each<[string, Fields, string]>([
    ['a port of 0', { config: { port: 0 } }, 'spec.config.port: must be greater than or equal to 1; found 0'],
    [
      'a port above 65535',
      { config: { port: 65536 } },
      'spec.config.port: must be less than or equal to 65535; found 65536',
    ],
    ['a port as text', { config: { port: '8080' } }, 'spec.config.port: must be of type integer; found "8080"'],
    ['half a port', { config: { port: 1.5 } }, 'spec.config.port: must be of type integer; found 1.5'],
    ['no port', { config: {} }, 'spec.config.port: required value; found nothing'],
    [
      'an unknown source',
      { source: { type: 'Git' } },
      'spec.source.type: unsupported value; found "Git", supported values: ContainerImage',
    ],
    [
      'an empty image',
      { source: { type: 'ContainerImage', containerImage: { ref: '' } } },
      'spec.source.containerImage.ref: must not be empty; found ""',
    ],
    [
      'a long image',
      { source: { type: 'ContainerImage', containerImage: { ref: 'a'.repeat(1001) } } },
      `spec.source.containerImage.ref: must be at most 1000 characters long; found "${'a'.repeat(59)}…"`,
    ],
    [
      'an empty argument',
      { config: { port: 1, arguments: ['a', ''] } },
      'spec.config.arguments[1]: must not be empty; found a string (not shown)',
    ],
    [
      'an empty list of mounts',
      { config: { port: 1, storage: [] } },
      'spec.config.storage: must not be empty; found a list of 0 items',
    ],
    [
      '65 mounts',
      { config: { port: 1, storage: Array.from({ length: 65 }, (_, i) => ({ path: `/${i}`, source: emptyDir })) } },
      'spec.config.storage: must have at most 64 items; found a list of 65 items',
    ],
    [
      '1,001 variables',
      { config: { port: 1, env: Array.from({ length: 1_001 }, (_, i) => ({ name: `A${i}`, value: 'x' })) } },
      'spec.config.env: must have at most 1000 items; found a list of 1001 items',
    ],
    [
      '251 sources of variables',
      { config: { port: 1, envFrom: Array.from({ length: 251 }, (_, i) => ({ secretRef: { name: `a${i}` } })) } },
      'spec.config.envFrom: must have at most 250 items; found a list of 251 items',
    ],
    ['empty health', { runtime: { health: {} } }, 'spec.runtime.health: must not be empty; found an object'],
    [
      'negative replicas',
      { runtime: { replicas: -1 } },
      'spec.runtime.replicas: must be greater than or equal to 0; found -1',
    ],
    [
      'a quantity in words',
      { runtime: { resources: { limits: { cpu: 'lots' } } } },
      'spec.runtime.resources.limits.cpu: is no quantity; found "lots"',
    ],
    [
      'a quantity with a fraction as number, as the API server does',
      { runtime: { resources: { limits: { cpu: 0.5 } } } },
      'spec.runtime.resources.limits.cpu: must be of type integer or string; found 0.5',
    ],
    [
      'a label that is a number',
      { extraLabels: { 'team/number': 1 } },
      'spec.extraLabels[team/number]: must be of type string; found 1',
    ],
    [
      'a label key that looks like an index',
      { extraLabels: { 0: true } },
      'spec.extraLabels[0]: must be of type string; found true',
    ],
    [
      'a list where an object belongs',
      { runtime: [] },
      'spec.runtime: must be of type object; found a list of 0 items',
    ],
    ['null in a list', { config: { port: 1, env: [null] } }, 'spec.config.env[0]: must be of type object; found null'],
  ])('%s', (_name, spec, expected) => {
    const [first, ...others] = told(manifest(spec));
    expect(others).toEqual([]);
    expect(first?.slice(0, expected.length)).toBe(expected);
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['text', 'MCPServer'],
    ['a list', []],
    ['another kind', { ...manifest({}), kind: 'Pod' }],
    ['another group', { ...manifest({}), apiVersion: 'example.org/v1' }],
    ['no spec', { apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name: 'a' } }],
  ])('%s', (_name, data) => {
    expect(told(data).length).toBeGreaterThan(0);
  });

  it('says everything that is wrong at once', () => {
    const paths = violationsOf(manifest({ config: { port: 0, path: 1 }, runtime: { replicas: 'two' } })).map(
      ({ path }) => renderPath(path),
    );
    expect(paths).toEqual(['spec.config.port', 'spec.config.path', 'spec.runtime.replicas']);
  });
});

describe('messages', () => {
  it.each<[string, Fields]>([
    ['an environment variable', { config: { port: 1, env: [{ name: 'TOKEN', value: 424242 }] } }],
    ['an argument', { config: { port: 1, arguments: [424242] } }],
    [
      'a header of a probe',
      {
        runtime: {
          health: { livenessProbe: { httpGet: { port: 1, httpHeaders: [{ name: 'Authorization', value: 424242 }] } } },
        },
      },
    ],
    ['a command of a probe', { runtime: { health: { livenessProbe: { exec: { command: [424242] } } } } }],
  ])('do not show the value of %s, which may be a credential', (_name, spec) => {
    const text = told(manifest(spec)).join();
    expect(text).toContain('not shown');
    expect(text).not.toContain('424242');
  });

  it.each([
    ['64MB', 'Write 64M (powers of 1000) or 64Mi (powers of 1024).'],
    ['500 m', 'Write 500m.'],
    ['lots', 'Write a number and at most one suffix, such as 500m or 64Mi.'],
    [0.5, 'Write a whole number, or text in quotes.'],
  ])('say what was likely meant by the quantity %j', (memory, remedy) => {
    const found = violationsOf(manifest({ runtime: { resources: { limits: { memory } } } }));
    expect(found.map((violation) => violation.remedy)).toEqual([remedy]);
  });

  it('show no part of a value that is not shown, not even as a suggestion', () => {
    const env = [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '4242MB' } } }];
    expect(JSON.stringify(violationsOf(manifest({ config: { port: 1, env } })))).not.toContain('4242');
  });

  it('fit into a warning whatever was found', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const data = manifest({
          config: { port: value, path: value },
          extraLabels: value,
          runtime: { replicas: value },
        });
        for (const { headline, detail } of violationsOf(data)) {
          expect(headline.length).toBeLessThanOrEqual(100);
          expect(detail.length).toBeLessThanOrEqual(300);
        }
      }),
    );
  });
});

describe('hostile data', () => {
  it('stays quick and brief with 100,000 wrong items', () => {
    const env = Array.from({ length: 100_000 }, () => 1);
    const before = process.threadCpuUsage();
    expect(violationsOf(manifest({ config: { port: 1, env } }))).toHaveLength(100);
    const { user, system } = process.threadCpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(1_000);
  });

  it('never throws and never says nothing about what it refuses', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const data of [value, manifest({ config: value }), manifest({ network: value, runtime: value })]) {
          const checked = checkSchema(data);
          expect(checked.ok || checked.violations.length > 0).toBe(true);
        }
      }),
    );
  });
});

it('accepts what the builders make', () => {
  expect(
    told(anMCPServer(withSpec({ mcp: { stateless: true } }), withRawSpec({ gateway: { provider: 'httproute' } }))),
  ).toEqual([]);
});
