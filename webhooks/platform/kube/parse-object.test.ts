import { describe, expect, it } from '@jest/globals';

import { knownEvent, parseEventLine, parseObject } from './parse-object.ts';

const metadata = { name: 'a', namespace: 'mcp', uid: 'u-1', resourceVersion: '7' };
const service = {
  kind: 'Service',
  apiVersion: 'v1',
  metadata: {
    ...metadata,
    labels: { app: 'mcp-server' },
    managedFields: [{ manager: 'x', fieldsV1: { 'f:spec': {} } }],
  },
  spec: { type: 'ClusterIP' },
};
/** As API servers write objects of a CustomResourceDefinition. */
function custom(more: Readonly<Record<string, unknown>>): object {
  const { name, namespace, resourceVersion, uid } = metadata;
  return {
    apiVersion: 'mcp.x-k8s.io/v1beta1',
    kind: 'MCPServer',
    metadata: { ...more, name, namespace, resourceVersion, uid },
    spec: { source: {} },
  };
}

const isKnown = (): boolean => true;

describe('an answer with an object', () => {
  it('is all that it says, where nothing else is asked for', () => {
    expect(parseObject(JSON.stringify(service))).toEqual(service);
  });

  it('is not parsed where the object is known in its version', () => {
    const asked: unknown[] = [];
    const known = (object: unknown): boolean => asked.push(object) > 0;
    // Cut: whoever parsed it would fail.
    const text = JSON.stringify(service).slice(0, -1);
    expect(parseObject(text, { isKnown: known })).toEqual({ metadata });
    expect(asked).toEqual([{ metadata }]);
  });

  it('is parsed where it is not known', () => {
    expect(parseObject(JSON.stringify(service), { isKnown: () => false })).toEqual(service);
  });

  it.each<[string, object]>([
    ['begins with another name', { apiVersion: 'v1', kind: 'Service', metadata }],
    ['says something before its name', { kind: 'X', apiVersion: 'v1', metadata: { annotations: {}, ...metadata } }],
    [
      'has the version of something inside',
      { kind: 'X', apiVersion: 'v1', metadata: { name: 'a' }, spec: { metadata } },
    ],
    ['has a name that is escaped', { kind: 'X', apiVersion: 'v1', metadata: { ...metadata, name: 'a"b' } }],
    ['has a version that is none', { kind: 'X', apiVersion: 'v1', metadata: { ...metadata, resourceVersion: 'x' } }],
    ['is a list', { kind: 'ServiceList', apiVersion: 'v1', metadata: { resourceVersion: '7' }, items: [service] }],
  ])('is parsed where it %s', (_, object) => {
    expect(parseObject(JSON.stringify(object), { isKnown })).toEqual(object);
  });

  it('is not parsed where it is a known one of a custom kind, whose names are in order', () => {
    const text = JSON.stringify(custom({}));
    expect(parseObject(text.slice(0, -1), { isKnown })).toEqual({ metadata });
    expect(parseObject(text, { isKnown: () => false })).toEqual(custom({}));
  });

  it('is told by no annotations that look like metadata', () => {
    const lookalike = { name: 'b', namespace: 'mcp', resourceVersion: '1', uid: 'u-2', '},"spec":{': '},"spec":{' };
    expect(parseObject(JSON.stringify(custom({ annotations: lookalike })), { isKnown })).toEqual({ metadata });
  });

  it('is read where something stands in it that is looked for', () => {
    const reading = { isKnown, isReadWith: 'other-controller' };
    const object = custom({ managedFields: [{ manager: 'other-controller' }] });
    expect(parseObject(JSON.stringify(object), reading)).toEqual(object);
    expect(parseObject(JSON.stringify(custom({})), reading)).toEqual({ metadata });
  });

  it('comes without the list of managed fields, which nobody reads there', () => {
    const emptied = { ...service, metadata: { ...service.metadata, managedFields: [] } };
    expect(parseObject(JSON.stringify(service), { ignoresManagedFields: true })).toEqual(emptied);
  });

  it('is nothing where it is not JSON', () => {
    expect(parseObject('<html>', { isKnown, ignoresManagedFields: true })).toBeUndefined();
  });
});

describe('a line of a watch', () => {
  it.each(['ADDED', 'MODIFIED'])('says %s, and of a known object nothing more than which one', (type) => {
    const text = JSON.stringify({ type, object: service }).slice(0, -2);
    expect(parseEventLine(text, { isKnown })).toEqual({ type, object: { metadata } });
  });

  it('is not made a text where how it begins tells that its object is known', () => {
    const bytes = (event: object): Buffer => Buffer.from(JSON.stringify(event));
    const event = { type: 'MODIFIED', object: service };
    expect(knownEvent(bytes(event), { isKnown })).toEqual({ type: 'MODIFIED', object: { metadata } });
    expect(knownEvent(bytes(event), { isKnown: () => false })).toBeUndefined();
    expect(knownEvent(bytes(event))).toBeUndefined();
    expect(knownEvent(bytes({ ...event, type: 'DELETED' }), { isKnown })).toBeUndefined();
    expect(knownEvent(bytes({ ...event, object: custom({}) }), { isKnown })).toBeUndefined();
  });

  it.each(['DELETED', 'BOOKMARK', 'ERROR'])('is all that it says where it says %s', (type) => {
    const event = { type, object: service };
    expect(parseEventLine(JSON.stringify(event), { isKnown })).toEqual(event);
  });

  it('is all that it says of an object that is not known', () => {
    const event = { type: 'MODIFIED', object: service };
    expect(parseEventLine(JSON.stringify(event), { isKnown: () => false })).toEqual(event);
  });
});
