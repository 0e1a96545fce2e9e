import { describe, expect, it } from '@jest/globals';

import { ChildCache } from './child-cache.ts';

const deployment = (resourceVersion: string, changes: Record<string, unknown> = {}, status: unknown = {}) => ({
  ...{ apiVersion: 'apps/v1', kind: 'Deployment' },
  metadata: { name: 'search', namespace: 'mcp', uid: 'd', generation: 1, resourceVersion, ...changes },
  status,
});

const managed = (fieldsV1: unknown) => ({
  managedFields: [{ manager: 'mcp-lifecycle', operation: 'Apply', apiVersion: 'apps/v1', fieldsV1 }],
});

describe('a newer version of a child', () => {
  it.each([
    ['a new status', deployment('2', managed({ 'f:a': {} }), { readyReplicas: 1 })],
    ['a field of ours that somebody took', deployment('2', managed({}))],
    ['its deletion', deployment('2', { ...managed({ 'f:a': {} }), deletionTimestamp: 'now' })],
    ['its replacement', deployment('2', { ...managed({ 'f:a': {} }), uid: 'another' })],
  ])('with %s is news', (_, newer) => {
    const cache = new ChildCache();
    cache.put(deployment('1', managed({ 'f:a': {} })));
    expect(cache.put(newer)).toBe('changed');
  });

  it('with nothing that a decision looks at is none, and is known from then on', () => {
    const cache = new ChildCache();
    cache.put(deployment('1', managed({ 'f:a': {} })));
    const annotated = { ...managed({ 'f:a': {} }), annotations: { 'example.com/seen': '1' } };
    expect(cache.put(deployment('2', annotated))).toBe('known');
    expect(cache.get('MCPServer/mcp/search')?.child.resourceVersion).toBe('2');
  });

  it('is not overtaken by an older one that comes late', () => {
    const cache = new ChildCache();
    cache.put(deployment('10', {}, { readyReplicas: 1 }));
    expect(cache.put(deployment('9'))).toBe('known');
    expect(cache.get('MCPServer/mcp/search')?.deployment?.readyReplicas).toBe(1);
  });
});

describe('a list', () => {
  it('is believed about an object of which a later version was known, unless that is later than the list', () => {
    const cache = new ChildCache();
    cache.put(deployment('10', {}, { readyReplicas: 1 }));
    expect(cache.put(deployment('8', {}, { readyReplicas: 2 }), '9')).toBe('known');
    expect(cache.get('MCPServer/mcp/search')?.deployment?.readyReplicas).toBe(1);
    expect(cache.put(deployment('8', {}, { readyReplicas: 2 }), '10')).toBe('changed');
    expect(cache.get('MCPServer/mcp/search')?.deployment?.readyReplicas).toBe(2);
  });

  it('is believed about everything after versions went back', () => {
    const cache = new ChildCache();
    cache.put(deployment('10', {}, { readyReplicas: 1 }));
    cache.doubtVersions();
    expect(cache.put(deployment('8', {}, { readyReplicas: 2 }))).toBe('changed');
    expect(cache.put(deployment('7'))).toBe('known');
    expect(cache.get('MCPServer/mcp/search')?.deployment?.readyReplicas).toBe(2);
  });
});

describe('a child that is gone, or lost our label so that the watch ends with it', () => {
  it('is not brought back by the late answer to a write of before', () => {
    const cache = new ChildCache();
    cache.put(deployment('9'));
    expect(cache.remove(deployment('11'))).toBe('changed');
    expect(cache.put(deployment('10'))).toBe('known');
    expect(cache.get('MCPServer/mcp/search')).toBeUndefined();
  });

  it('is known again as what it is since then, and as what was made in its place', () => {
    const cache = new ChildCache();
    cache.remove(deployment('11'));
    expect(cache.put(deployment('11'))).toBe('changed');
    cache.remove(deployment('12'));
    expect(cache.put(deployment('10', { uid: 'another' }))).toBe('changed');
  });
});

describe('children of a kind above MCPServer', () => {
  const pools = { group: 'example.com', apiVersion: 'example.com/v1', kind: 'MCPPool' };
  const pooled = (apiVersion: string) => ({
    ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer' },
    metadata: {
      ...{ name: 'many-0', namespace: 'mcp', uid: 's', resourceVersion: '1' },
      ownerReferences: [{ apiVersion, kind: 'MCPPool', name: 'many', uid: 'p', controller: true }],
    },
  });

  it('are found by the owner of that kind, and by no MCPServer of its name', () => {
    const cache = new ChildCache('MCPServer', undefined, pools);
    cache.put(pooled('example.com/v1'));
    expect(cache.of('MCPPool/mcp/many').map(({ child }) => child.name)).toEqual(['many-0']);
    expect(cache.of('MCPServer/mcp/many')).toEqual([]);
    expect(cache.serversOf(pooled('example.com/v1'))).toContain('MCPPool/mcp/many');
    expect(cache.keepOnly(new Set())).toContain('MCPPool/mcp/many');
  });

  it('are not found by an owner of that name in another group', () => {
    const cache = new ChildCache('MCPServer', undefined, pools);
    cache.put(pooled('other.com/v1'));
    expect(cache.of('MCPPool/mcp/many')).toEqual([]);
  });
});

it('whoever follows what is kept is told again of a child whose server is gone, and then of its end', () => {
  const told: unknown[] = [];
  const onKept = (...[, child]: readonly [string, { readonly name: string }?]): void => void told.push(child?.name);
  const cache = new ChildCache('Deployment', undefined, undefined, { exists: () => false, onKept });
  cache.put(deployment('1'));
  cache.forget('MCPServer/mcp/search');
  cache.forget('MCPServer/mcp/other');
  cache.remove(deployment('1'));
  expect(told).toEqual(['search', 'search', undefined]);
});
