import { describe, expect, it } from '@jest/globals';

import { ChildCache } from './child-cache.ts';

const key = (name: string): string => `MCPServer/mcp/${name}`;
const child = (name: string, resourceVersion: string, owner?: { readonly name: string; readonly uid: string }) => ({
  ...{ apiVersion: 'v1', kind: 'ConfigMap' },
  metadata: {
    ...{ name, namespace: 'mcp', uid: `uid-of-${name}`, resourceVersion },
    ownerReferences:
      owner === undefined
        ? []
        : [{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', controller: true, ...owner }],
  },
});
const search = { name: 'search', uid: 'u-1' };
const namesOf = (cache: ChildCache, server: string): readonly string[] =>
  cache.of(key(server)).map((one) => one.child.name);

describe('children with names of their own', () => {
  it('are found by the server that controls them, beside the one that has its name', () => {
    const cache = new ChildCache('ConfigMap');
    for (const name of ['search', 'search-a', 'search-b']) cache.put(child(name, '1', search));
    cache.put(child('other', '1', { name: 'other', uid: 'u-2' }));
    expect(namesOf(cache, 'search')).toEqual(['search', 'search-a', 'search-b']);
    expect(namesOf(cache, 'other')).toEqual(['other']);
    expect(cache.get(key('search'))?.child.name).toBe('search');
  });

  it('concern that server when they change, change hands or end', () => {
    const cache = new ChildCache('ConfigMap');
    expect(cache.serversOf(child('search-a', '1', search))).toEqual([key('search-a'), key('search')]);
    cache.put(child('search-a', '1', search));
    const taken = child('search-a', '2', { name: 'other', uid: 'u-2' });
    expect(cache.serversOf(taken)).toEqual([key('search-a'), key('other'), key('search')]);
    cache.put(taken);
    expect([namesOf(cache, 'search'), namesOf(cache, 'other')]).toEqual([[], ['search-a']]);
    expect(cache.keepOnly(new Set())).toEqual([key('search-a'), key('other')]);
    expect(namesOf(cache, 'other')).toEqual([]);
  });

  it('are found by the server that wanted the name, while somebody else has it', () => {
    const cache = new ChildCache('ConfigMap');
    const theirs = child('search-a', '1', { name: 'x', uid: 'u-3' });
    cache.put(theirs, undefined, key('search'));
    expect(namesOf(cache, 'search')).toEqual(['search-a']);
    expect(cache.serversOf(theirs)).toContain(key('search'));
    cache.put(child('search-a', '2', { name: 'y', uid: 'u-4' }));
    expect(namesOf(cache, 'search')).toEqual(['search-a']);
    expect(namesOf(cache, 'x')).toEqual([]);
    cache.remove(child('search-a', '3'));
    expect(namesOf(cache, 'search')).toEqual([]);
  });

  it("of a namesake in another group are nobody's", () => {
    const cache = new ChildCache('ConfigMap');
    const foreign = child('search-a', '1', search);
    const [owner] = foreign.metadata.ownerReferences;
    cache.put({
      ...foreign,
      metadata: { ...foreign.metadata, ownerReferences: [{ ...owner, apiVersion: 'mcp.v2dy.io/v1' }] },
    });
    expect(namesOf(cache, 'search')).toEqual([]);
  });
});
