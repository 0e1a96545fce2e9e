import { describe, expect, it, jest } from '@jest/globals';
import { findDrift } from './owned-fields.ts';

/** What the API server writes for our field manager after we applied {@link applied}. */
const fields = {
  'f:metadata': {
    'f:annotations': { 'f:mcp-lifecycle/applied-hash': {} },
    'f:labels': { 'f:app': {}, 'f:mcp-server': {} },
    'f:ownerReferences': { 'k:{"uid":"u-1"}': {} },
  },
  'f:spec': {
    'f:replicas': {},
    'f:selector': {},
    'f:template': {
      'f:spec': {
        'f:containers': {
          'k:{"name":"mcp-server"}': {
            '.': {},
            'f:args': {},
            'f:env': {
              'k:{"name":"A"}': { '.': {}, 'f:name': {}, 'f:value': {} },
              'k:{"name":"B"}': { '.': {}, 'f:name': {} },
            },
            'f:image': {},
            'f:name': {},
            'f:ports': {
              'k:{"containerPort":8080,"protocol":"TCP"}': {
                '.': {},
                'f:containerPort': {},
                'f:name': {},
                'f:protocol': {},
              },
            },
          },
        },
        'f:volumes': { 'k:{"name":"vol-0"}': { '.': {}, 'f:emptyDir': {}, 'f:name': {} } },
      },
    },
  },
};

const container = {
  name: 'mcp-server',
  image: 'example/search:1',
  args: ['--port', '8080'],
  env: [{ name: 'A', value: '1' }, { name: 'B' }],
  ports: [{ name: 'mcp', containerPort: 8080, protocol: 'TCP' }],
};

const applied = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'search',
    namespace: 'mcp',
    labels: { app: 'mcp-server', 'mcp-server': 'search' },
    annotations: { 'mcp-lifecycle/applied-hash': 'abc' },
    ownerReferences: [{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', name: 'search', uid: 'u-1' }],
  },
  spec: {
    replicas: 1,
    selector: { matchLabels: { 'mcp-server': 'search' } },
    template: { spec: { containers: [container], volumes: [{ name: 'vol-0', emptyDir: {} }] } },
  },
};

/** The fields with one place (a path of keys) replaced, or removed when the replacement is undefined. */
function changed(path: readonly string[], replacement: unknown): string {
  const replace = (node: unknown, [key, ...rest]: readonly string[]): unknown => {
    if (key === undefined) return replacement;
    const entries = Object.entries(node ?? {});
    const [, before] = entries.find(([name]) => name === key) ?? [];
    return { ...Object.fromEntries(entries), [key]: replace(before, rest) };
  };
  return JSON.stringify(replace(fields, path));
}

const ofContainer = ['f:spec', 'f:template', 'f:spec', 'f:containers', 'k:{"name":"mcp-server"}'];

describe('findDrift', () => {
  it('finds none in what the API server writes after an apply', () => {
    expect(findDrift(applied, JSON.stringify(fields))).toBeUndefined();
  });

  it.each([
    ['a label was changed by somebody', ['f:metadata', 'f:labels', 'f:app'], undefined],
    ['all labels were taken', ['f:metadata', 'f:labels'], undefined],
    ['the replicas were scaled by somebody', ['f:spec', 'f:replicas'], undefined],
    ['the selector was replaced', ['f:spec', 'f:selector'], undefined],
    ['the image was changed', [...ofContainer, 'f:image'], undefined],
    ['an environment value was changed', [...ofContainer, 'f:env', 'k:{"name":"A"}', 'f:value'], undefined],
    ['an environment variable was removed', [...ofContainer, 'f:env', 'k:{"name":"B"}'], undefined],
    ['only the shell of an element is left', [...ofContainer, 'f:env', 'k:{"name":"A"}'], { '.': {} }],
    ['the container was removed', ofContainer.slice(0, -1), undefined],
    ['the owner reference was removed', ['f:metadata', 'f:ownerReferences'], undefined],
    ['a field of ours is left over from an earlier apply', ['f:spec', 'f:paused'], {}],
    ['an element is left over', [...ofContainer, 'f:env', 'k:{"name":"OLD"}'], { '.': {}, 'f:name': {} }],
    ['a positional element is owned', [...ofContainer, 'f:env', 'i:0'], {}],
  ])('names the place when %s', (_, path, replacement) => {
    const drift = findDrift(applied, changed(path, replacement));
    const isExtra = replacement !== undefined && !path.includes('k:{"name":"A"}');
    expect(drift).toEqual({ lost: isExtra ? [] : [path], extra: isExtra ? [path] : [] });
  });

  it.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['nothing', '{}'],
  ])('finds something to apply for fields that are %s', (_, text) => {
    expect(findDrift(applied, text)?.lost.length).toBeGreaterThan(0);
  });

  it('reads sets', () => {
    const object = { metadata: { finalizers: ['a', 'b'] } };
    expect(findDrift(object, '{"f:metadata":{"f:finalizers":{"v:\\"a\\"":{},"v:\\"b\\"":{}}}}')).toBeUndefined();
    const at = ['f:metadata', 'f:finalizers'];
    expect(findDrift(object, '{"f:metadata":{"f:finalizers":{"v:\\"a\\"":{},"v:\\"c\\"":{}}}}')).toEqual({
      lost: [[...at, 'v:"b"']],
      extra: [[...at, 'v:"c"']],
    });
  });

  it('finds that one element is there twice, and another one not', () => {
    const object = { metadata: { labels: { a: 'b' } }, spec: { env: [{ name: 'A' }, { name: 'A' }] } };
    const owned = { 'k:{"name":"A"}': { '.': {}, 'f:name': {} }, 'k:{"name":"B"}': { '.': {}, 'f:name': {} } };
    const text = JSON.stringify({ 'f:metadata': { 'f:labels': { 'f:a': {} } }, 'f:spec': { 'f:env': owned } });
    const at = ['f:spec', 'f:env'];
    expect(findDrift(object, text)).toEqual({
      lost: [[...at, 'k:{"name":"A"}']],
      extra: [[...at, 'k:{"name":"B"}']],
    });
  });

  it('finds nothing under a key that nests deeper than any', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const text = JSON.stringify({ 'f:spec': { 'f:env': { [`k:{"name":${deep}}`]: {} } } });
    expect(findDrift({ spec: { env: [{ name: 'A' }] } }, text)?.extra).toHaveLength(1);
  });

  it('reads each element once, where an object has a thousand variables', () => {
    const names = Array.from({ length: 1_000 }, (_, index) => `A${index}`);
    const object = { spec: { env: names.map((name) => ({ name, value: 'x' })) } };
    const owned = names.map((name) => [`k:${JSON.stringify({ name })}`, { '.': {}, 'f:name': {}, 'f:value': {} }]);
    const text = JSON.stringify({ 'f:spec': { 'f:env': Object.fromEntries(owned) as unknown } });
    const parse = jest.spyOn(JSON, 'parse');
    expect(findDrift(object, text)).toBeUndefined();
    const parses = parse.mock.calls.length;
    parse.mockRestore();
    expect(parses).toBeLessThan(3 * names.length);
  });
});
