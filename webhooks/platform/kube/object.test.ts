import { describe, expect, it } from '@jest/globals';

import { keyOf, splitKey } from './object.ts';

describe('the key of an object', () => {
  it.each([
    { kind: 'MCPServer', namespace: 'mcp', name: 'search' },
    { kind: 'MCPServer.mcp.v2dy.io', namespace: 'mcp', name: 'search.v2' },
    { kind: 'Node', namespace: '', name: 'worker' },
  ])('is split into what it was made from: $kind $namespace $name', (object) => {
    expect(splitKey(keyOf(object))).toEqual(object);
  });

  it('is another one for another kind of the same name', () => {
    const keys = ['MCPServer', 'MCPPool', 'MCPServer.mcp.v2dy.io'].map((kind) =>
      keyOf({ kind, namespace: 'mcp', name: 'search' }),
    );
    expect(new Set(keys).size).toBe(3);
  });
});
