import { describe, expect, it } from '@jest/globals';
import { toStored } from './as-stored.ts';
import { renderPath } from './violation.ts';

const head = { apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer' };
const source = { type: 'ContainerImage', containerImage: { ref: 'nginx:1.25' } };

function specOf(spec: object): unknown {
  const { object } = toStored({ ...head, metadata: { name: 'a' }, spec });
  return object !== null && typeof object === 'object' && 'spec' in object ? object.spec : undefined;
}

describe('toStored', () => {
  it('sets the defaults of the schema, also below a default', () => {
    expect(specOf({ source, config: { port: 1 } })).toEqual({
      source,
      config: { port: 1, path: '/mcp' },
      runtime: { replicas: 1 },
    });
  });

  it('sets a default where null is written, and drops other nulls', () => {
    expect(
      specOf({ source, config: { port: 1, path: null, env: null }, runtime: { replicas: null, health: null } }),
    ).toEqual({ source, config: { port: 1, path: '/mcp' }, runtime: { replicas: 1 } });
  });

  it('keeps a null in a list, which the schema refuses', () => {
    expect(specOf({ config: { arguments: ['a', null] } })).toMatchObject({ config: { arguments: ['a', null] } });
  });

  it('sets defaults in the items of a list', () => {
    const storage = [{ path: '/data', source: { type: 'EmptyDir' } }];
    expect(specOf({ config: { storage } })).toMatchObject({ config: { storage: [{ permissions: 'ReadOnly' }] } });
  });

  it('drops what the schema does not know, and says so', () => {
    const raw = {
      ...head,
      extra: 1,
      metadata: { name: 'a', lables: { a: 'b' }, labels: { any: 'x' } },
      spec: {
        source,
        config: { port: 1, prot: 2, env: [{ name: 'A', valu: 'x' }] },
        extraLabels: { any: 'x' },
        runtime: { resources: { limits: { cpu: 1 } } },
        constructor: 1,
      },
    };
    const { object, unknownFields } = toStored(raw);
    expect(unknownFields.map(renderPath)).toEqual([
      'metadata.lables',
      'extra',
      'spec.config.prot',
      'spec.config.env[0].valu',
      'spec.constructor',
    ]);
    expect(JSON.stringify(object)).not.toMatch(/lables|extra"|prot|valu"|constructor/);
    expect(object).toMatchObject({ metadata: { labels: { any: 'x' } }, spec: { extraLabels: { any: 'x' } } });
  });

  it('drops the status without a word', () => {
    const { object, unknownFields } = toStored({
      ...head,
      status: { phase: 'Running', nonsense: 1, conditions: [{ tpye: 'Ready' }] },
    });
    expect(object).toEqual(head);
    expect(unknownFields.map(renderPath)).toEqual(['status.nonsense', 'status.conditions[0].tpye']);
  });

  it('reads nulls of metadata as Go does', () => {
    const metadata = { name: 'a', creationTimestamp: null, labels: { a: null }, annotations: null };
    expect(toStored({ ...head, metadata }).object).toEqual({ ...head, metadata: { name: 'a', labels: { a: '' } } });
  });

  it('leaves alone what is no object, and values of the wrong type', () => {
    expect(toStored('x').object).toBe('x');
    expect(toStored({ ...head, metadata: 1, spec: [1] }).object).toEqual({ ...head, metadata: 1, spec: [1] });
    expect(specOf({ config: { env: 'x' }, runtime: 3 })).toEqual({ config: { env: 'x', path: '/mcp' }, runtime: 3 });
  });
});
