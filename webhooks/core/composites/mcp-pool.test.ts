import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { parseMCPServer } from '../mcpserver/parse.ts';
import { renderPath, type FieldPath } from '../mcpserver/violation.ts';
import type { CompositeReport, ExpandedServer } from './composite-kind.ts';
import { compositeKindOf } from './composite-kinds.ts';
import { mcpPool } from './mcp-pool.ts';
import { keptStatus, poolStatus } from './pool-status.ts';

const source = { type: 'ContainerImage', containerImage: { ref: 'example.com/search:1' } };

function pool(spec: object, metadata: object = {}): object {
  return {
    apiVersion: 'mcp.v2dy.io/v1',
    kind: 'MCPPool',
    metadata: { name: 'team', namespace: 'tools', ...metadata },
    spec: { template: { source, config: { port: 8080 } }, ...spec },
  };
}

const two = [{ name: 'a' }, { name: 'b', overrides: { config: { port: 9090 }, runtime: { replicas: 3 } } }];

const pathsOf = (object: unknown): readonly string[] =>
  mcpPool.expand(object).violations.map(({ path }) => renderPath(path));

const placeOf = (server: ExpandedServer | undefined, path: FieldPath): string =>
  renderPath(server?.authored.path(path) ?? []);

describe('a pool', () => {
  it('becomes its servers: the template with what each has of its own, the number of pods always said', () => {
    const object = pool({ servers: two, labels: { team: 'x' } });
    expect(compositeKindOf(object)).toBe(mcpPool);
    const { servers, violations, unknownFields } = mcpPool.expand(object);
    expect({ violations, unknownFields }).toEqual({ violations: [], unknownFields: [] });
    const labels = {
      team: 'x',
      'mcp-lifecycle/expanded-from': 'MCPPool.mcp.v2dy.io',
      'mcp-lifecycle/expanded-by': 'team',
    };
    expect(servers.map(({ manifest }) => manifest)).toEqual([
      {
        ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer' },
        metadata: { name: 'a', namespace: 'tools', labels },
        spec: { source, config: { port: 8080 }, runtime: { replicas: 1 } },
      },
      {
        ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer' },
        metadata: { name: 'b', namespace: 'tools', labels },
        spec: { source, config: { port: 9090 }, runtime: { replicas: 3 } },
      },
    ]);
    for (const { manifest } of servers) expect(parseMCPServer(manifest)).toMatchObject({ ok: true });
  });

  it('lays overrides over the template field by field, lists as a whole, and takes away what is null', () => {
    const template = {
      source,
      config: { port: 8080, arguments: ['x'], env: [{ name: 'A', value: '1' }] },
      runtime: { resources: { limits: { cpu: '1', memory: '1Gi' } } },
    };
    const overrides = {
      config: { arguments: ['y'], env: null },
      runtime: { resources: { limits: { memory: null } } },
    };
    const [server] = mcpPool.expand(pool({ template, servers: [{ name: 'a', overrides }] })).servers;
    expect(server?.manifest['spec']).toEqual({
      ...{ source, config: { port: 8080, arguments: ['y'] } },
      runtime: { resources: { limits: { cpu: '1' } }, replicas: 1 },
    });
  });

  it('says no number of pods of a server that autoscales, whatever the template has for the others (it fought the autoscaler)', () => {
    const template = { source, config: { port: 8080 }, runtime: { replicas: 2, security: { a: 1 } } };
    const overrides = { extensions: { autoscaling: { maxReplicas: 5 } } };
    const object = pool({ template, servers: [{ name: 'a' }, { name: 'b', overrides }], limits: { replicas: 6 } });
    const { servers, violations } = mcpPool.expand(object);
    expect(servers.map(({ manifest }) => (manifest['spec'] as { readonly runtime: unknown }).runtime)).toEqual([
      { replicas: 2, security: { a: 1 } },
      { security: { a: 1 } },
    ]);
    // Two, and five at most.
    expect(violations).toContainEqual(expect.objectContaining({ path: ['spec', 'limits', 'replicas'], cause: ['7'] }));
  });

  it('of another group is meant as one, and told its own (it was passed by)', () => {
    const object = { ...pool({ servers: two }), apiVersion: 'mcp.x-k8s.io/v1beta1' };
    expect(compositeKindOf(object)).toBe(mcpPool);
    expect(pathsOf(object)).toEqual(['apiVersion']);
    expect(compositeKindOf({ ...object, kind: 'MCPServer' })).toBeUndefined();
  });

  it("is told in our words where it says the other API's (it was only told that there is no such field)", () => {
    const template = { image: 'example.com/search:1', port: 8080, protocol: 'stdio' };
    const { violations } = mcpPool.expand(pool({ template, servers: [{ name: 'a' }] }));
    const remedies = violations.map(({ path, remedy }) => `${renderPath(path)}: ${remedy ?? ''}`);
    expect(remedies).toEqual([
      expect.stringMatching(/^spec\.template\.image: Write source\.containerImage\.ref: /),
      expect.stringMatching(/^spec\.template\.port: Write config\.port: /),
      expect.stringMatching(/^spec\.template\.protocol: Write extensions\.stdio for stdio, and nothing for http: /),
    ]);
  });

  it('has no scale, because its servers have their own; the MCPServer of its group has one, for autoscalers', () => {
    const subresourcesOf = (crd: string): unknown => {
      const { spec } = parse(readFileSync(`crds/${crd}.yaml`, 'utf8')) as {
        readonly spec: { readonly versions: readonly { readonly subresources: unknown }[] };
      };
      return spec.versions.map(({ subresources }) => subresources);
    };
    expect(subresourcesOf('mcppools.mcp.v2dy.io')).toEqual([{ status: {} }]);
    expect(subresourcesOf('mcpservers.mcp.v2dy.io')).toEqual([
      {
        status: {},
        scale: {
          specReplicasPath: '.spec.replicas',
          statusReplicasPath: '.status.replicas',
          labelSelectorPath: '.status.selector',
        },
      },
    ]);
  });

  it('is told where a field was written: in the overrides, or else in the template', () => {
    const [first, second] = mcpPool.expand(pool({ servers: two })).servers;
    expect(placeOf(first, ['spec', 'config', 'port'])).toBe('spec.template.config.port');
    expect(placeOf(second, ['spec', 'config', 'port'])).toBe('spec.servers[1].overrides.config.port');
    expect(placeOf(second, ['spec', 'config', 'path'])).toBe('spec.template.config.path');
    expect(placeOf(second, ['metadata', 'name'])).toBe('spec.servers[1].name');
    expect(first?.authored.text('Set spec.config.port.')).toBe('Set spec.template.config.port.');
    expect(second?.authored.text('Set spec.config.port.')).toBe('Set spec.servers[1].overrides.config.port.');
    expect(placeOf(second, ['metadata', 'labels', 'team'])).toBe('spec.labels.team');
    expect(placeOf(second, ['metadata', 'labels', 'mcp-lifecycle/expanded-by'])).toBe('metadata.name');
  });

  it('is told where a field is missing: where the overrides begin what it belongs to (it was told at the template, which is that of all)', () => {
    const overrides = { extensions: { stdio: {} }, config: { env: [] } };
    const object = pool({ servers: [{ name: 'a' }, { name: 'b', overrides }] });
    const [first, second] = mcpPool.expand(object).servers;
    const command = ['spec', 'extensions', 'stdio', 'command'];
    expect(placeOf(second, command)).toBe('spec.servers[1].overrides.extensions.stdio.command');
    expect(placeOf(first, command)).toBe('spec.template.extensions.stdio.command');
    // Both begin `config`.
    expect(placeOf(second, ['spec', 'config', 'path'])).toBe('spec.template.config.path');
    const said = 'Set spec.runtime.resources.limits.memory to 1Gi';
    expect(second?.authored.text(said, command)).toBe(
      'Set spec.servers[1].overrides.runtime.resources.limits.memory to 1Gi',
    );
    expect(second?.authored.text(said)).toBe('Set spec.template.runtime.resources.limits.memory to 1Gi');
  });

  it('is told of its labels where they are, once (in metadata, and of each server), and of those that are ours', () => {
    const labels = { 'a b': 'c', 'mcp-lifecycle/expanded-from': 'x' };
    const { violations, warnings } = mcpPool.expand(pool({ servers: two, labels }));
    expect(violations.map(({ path }) => renderPath(path))).toEqual(['spec.labels[a b]']);
    expect(warnings?.map(({ path }) => renderPath(path))).toEqual(['spec.labels[mcp-lifecycle/expanded-from]']);
  });

  it('says what is no quantity, and what may have been meant (it said that it found another text)', () => {
    const [violation] = mcpPool.expand(pool({ servers: two, limits: { memory: '1Gib' } })).violations;
    expect(violation).toMatchObject({ detail: 'found "1Gib"', remedy: 'Write 1Gi.' });
  });

  it.each<[string, object, readonly string[]]>([
    ['the same name twice', pool({ servers: [{ name: 'a' }, { name: 'a' }] }), ['spec.servers[1].name']],
    ['no name', pool({ servers: [{}] }), ['spec.servers[0].name']],
    ['no servers', pool({ servers: [] }), ['spec.servers']],
    ['a name that is no label', pool({ servers: two }, { name: 'x'.repeat(64) }), ['metadata.name']],
    [
      'a field that an MCPServer does not have',
      pool({ template: { source, config: { port: 1, prot: 2 } }, servers: [{ name: 'a' }] }),
      ['spec.template.config.prot'],
    ],
    [
      'one in the overrides',
      pool({ servers: [{ name: 'a', overrides: { config: { prot: 2 } } }] }),
      ['spec.servers[0].overrides.config.prot'],
    ],
  ])('with %s is told so', (_name, object, paths) => {
    expect(pathsOf(object)).toEqual(paths);
  });

  it.each<[string, object, readonly string[]]>([
    ['as many servers', { servers: 2 }, []],
    ['fewer servers', { servers: 1 }, ['spec.limits.servers']],
    ['as many pods', { replicas: 4 }, []],
    ['fewer pods', { replicas: 3 }, ['spec.limits.replicas']],
    // Four pods with the defaults, 500m and 256Mi.
    ['as many processors', { cpu: 2 }, []],
    ['fewer processors', { cpu: '1999m' }, ['spec.limits.cpu']],
    ['as much memory', { memory: '1Gi' }, []],
    ['less memory', { memory: '1023Mi' }, ['spec.limits.memory']],
    ['no quantity', { memory: 'much' }, ['spec.limits.memory']],
  ])('is held to %s by its limits', (_name, limits, paths) => {
    expect(pathsOf(pool({ servers: two, limits }))).toEqual(paths);
  });

  it('tells of an unknown field of the template once, however many servers have it, and of a hundred at most', () => {
    const servers = Array.from({ length: 100 }, (_, index) => ({ name: `s${index}` }));
    const unknown = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, 1] as const));
    expect(pathsOf(pool({ template: { source, ...unknown(2) }, servers }))).toEqual([
      'spec.template.f0',
      'spec.template.f1',
    ]);
    expect(pathsOf(pool({ template: { source, ...unknown(150) }, servers }))).toHaveLength(100);
    const overrides = servers.map((server) => ({ ...server, overrides: unknown(5) }));
    expect(pathsOf(pool({ servers: overrides }))).toHaveLength(100);
  });

  it.each<[string, object]>([
    ['a template', { template: { source, config: { env: [{ name: 'A', value: 'x'.repeat(2_700) }] } } }],
    ['labels', { labels: { a: 'x'.repeat(2_700) } }],
    [
      'overrides',
      {
        servers: Array.from({ length: 100 }, (_, index) => ({
          name: `s${index}`,
          overrides: { x: 'x'.repeat(2_700) },
        })),
      },
    ],
  ])('with %s that a hundred servers say is refused for its size, and becomes no server', (_name, spec) => {
    const servers = Array.from({ length: 100 }, (_, index) => ({ name: `s${index}` }));
    const expansion = mcpPool.expand(pool({ servers, ...spec }));
    expect(expansion.violations).toMatchObject([{ path: ['spec'], reason: 'TooLarge' }]);
    expect(expansion.servers).toEqual([]);
    const few = pool({ ...spec, servers: [{ name: 'a' }] });
    expect(mcpPool.expand(few).violations.map(({ reason }) => reason)).not.toContain('TooLarge');
  });

  it('cannot be held to a limit by a server without one, and says which', () => {
    const template = { source, config: { port: 1 }, runtime: { resources: {} } };
    const [violation] = mcpPool.expand(pool({ template, servers: [{ name: 'a' }], limits: { cpu: 9 } })).violations;
    expect(violation).toMatchObject({ reason: 'LimitExceeded', detail: expect.stringContaining('server a') });
  });

  it.each([undefined, 'x', {}, { spec: 5 }, { spec: { servers: 'x', template: 1, limits: [] } }])(
    'never throws, whatever it is: %j',
    (object) => {
      expect(pathsOf(object).length).toBeGreaterThan(0);
    },
  );
});

const now = '2026-11-30T06:00:00Z';

interface Standing {
  readonly generation?: number;
  readonly about?: number;
  readonly phase?: string;
}

type Condition = readonly [type: string, status: string, observedGeneration: number, message: string];

const server = (name: string, ready: string, { generation = 1, about = 1, phase = 'Running' }: Standing = {}) => ({
  name,
  generation,
  status: {
    ...{ phase, address: { url: `http://${name}` } },
    conditions: [
      { type: 'Accepted', status: 'True', observedGeneration: generation, reason: 'R', message: 'fine' },
      { type: 'Ready', status: ready, observedGeneration: about, reason: 'R', message: `says ${name}` },
    ],
  },
});

const report = (input: Partial<CompositeReport>) =>
  poolStatus({
    ...{ generation: 2, previous: undefined, servers: [], wanted: ['a', 'b'], waiting: [], now },
    ...input,
  });

describe('the status of a pool', () => {
  it('counts its servers, with a line for each', () => {
    expect(report({ servers: [server('b', 'True'), server('a', 'True')] })).toMatchObject({
      ...{ phase: 'Running', servers: 2, readyServers: 2, counts: { running: 2, failed: 0, pending: 0 } },
      members: [
        { name: 'a', phase: 'Running', ready: 'True', address: 'http://a' },
        { name: 'b', phase: 'Running', ready: 'True', address: 'http://b' },
      ],
      conditions: [{ type: 'Ready', status: 'True', reason: 'AllReady', observedGeneration: 2 }],
    });
  });

  it('names the server for which the others wait', () => {
    const servers = [server('a', 'True', { generation: 2, about: 1 }), server('b', 'True')];
    expect(report({ servers, waiting: ['b'] })).toMatchObject({
      ...{ phase: 'Running', holdingUp: 'a', readyServers: 1 },
      members: [{ name: 'a' }, { name: 'b', waits: true }],
      conditions: [{ status: 'False', reason: 'HeldUp' }],
    });
  });

  it.each<[why: string, conditions: readonly Condition[], said: string, phase: string]>([
    [
      'is not looked at yet',
      [['Accepted', 'True', 1, 'fine']],
      'its generation 2 has not been looked at yet',
      'Running',
    ],
    ['is refused', [['Accepted', 'False', 2, 'a port']], 'a port', 'Failed'],
    [
      'does not come up',
      [
        ['Accepted', 'True', 2, 'fine'],
        ['Stalled', 'True', 2, 'Image pull failed'],
      ],
      'Image pull failed',
      'Failed',
    ],
    [
      'is on its way, after another one did not come up',
      [
        ['Accepted', 'True', 2, 'fine'],
        ['Stalled', 'True', 1, 'of before'],
        ['Reconciling', 'True', 2, 'It is proven'],
      ],
      'It is proven',
      'Running',
    ],
    [
      'is about to be asked',
      [['Accepted', 'True', 2, 'fine']],
      'its generation 2 has not been verified yet',
      'Running',
    ],
  ])(
    'says why the newest version of that server %s, and not that the one before it is ready (it quoted that)',
    (_why, conditions, said, phase) => {
      const status = {
        phase: 'Running',
        conditions: [['Ready', 'True', 1, 'MCP server is ready'] as Condition, ...conditions].map(
          ([type, is, observedGeneration, message]) => ({ type, status: is, observedGeneration, reason: 'R', message }),
        ),
      };
      const kept = keptStatus({ ...status, serverInfo: { name: 'x' } });
      const told = report({
        servers: [{ name: 'a', generation: 2, status: kept }, server('b', 'True')],
        waiting: ['b'],
      });
      expect(told).toMatchObject({ phase, conditions: [{ reason: 'HeldUp' }] });
      const [{ message }] = told['conditions'] as readonly [{ readonly message: string }];
      expect(message).toBe(`a is not ready as it is now: ${said}; the change of b waits for it`);
    },
  );

  it('says why one is not ready, too, and names a few of many', () => {
    const wanted = Array.from({ length: 30 }, (_, index) => `s${index}`);
    const servers = [server('s0', 'False', { phase: 'Failed' })];
    const [{ message }] = report({ servers, wanted })['conditions'] as readonly [{ readonly message: string }];
    expect(message).toMatch(/^0 of 30 servers are ready; not s1, s2, .*, s10 and 20 more; s0: says s0$/);
  });

  it('keeps little of what anybody may write into the status of a server', () => {
    const long = 'x'.repeat(30_000);
    const conditions = ['Ready', 'Accepted', 'Stalled', 'Other'].map((type) => ({ type, status: long, message: long }));
    const kept = JSON.stringify(keptStatus({ phase: long, address: { url: long }, conditions, extensions: long }));
    expect(kept.length).toBeLessThan(8_000);
  });

  it.each([
    ['one that is missing', [server('a', 'True')], 'Pending'],
    ['one that is not ready', [server('a', 'True'), server('b', 'Unknown', { phase: 'Pending' })], 'Pending'],
    ['one that failed', [server('a', 'True'), server('b', 'False', { phase: 'Failed' })], 'Failed'],
  ])('is not ready with %s', (_name, servers, phase) => {
    expect(report({ servers })).toMatchObject({ phase, conditions: [{ status: 'False', reason: 'ServersNotReady' }] });
  });
});
