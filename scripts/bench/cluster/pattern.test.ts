import { expect, it } from '@jest/globals';
import { forServer, withoutMarks } from './pattern.ts';

const object = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'the-pattern', namespace: 'mcp', labels: { of: 'the-pattern' } },
  spec: { url: 'http://the-pattern.mcp.svc', uid: 'u-1' },
};

it('is written for another server with its name and its uid, wherever they stand', () => {
  const pattern = { name: 'the-pattern', uid: 'u-1', objects: [{ plural: 'services', object }], status: { by: 'u-1' } };
  expect(forServer(pattern, { name: 'search', uid: 'u-2' })).toEqual({
    ...{ name: 'search', uid: 'u-2', status: { by: 'u-2' } },
    objects: [
      {
        plural: 'services',
        object: {
          ...object,
          metadata: { name: 'search', namespace: 'mcp', labels: { of: 'search' } },
          spec: { url: 'http://search.mcp.svc', uid: 'u-2' },
        },
      },
    ],
  });
});

it('leaves out what an API server adds', () => {
  const stored = { ...object, metadata: { ...object.metadata, uid: 'u-3' }, deprecatedCount: 1 };
  expect(withoutMarks(stored)).toEqual({ ...object, metadata: { name: 'the-pattern', namespace: 'mcp' } });
});
