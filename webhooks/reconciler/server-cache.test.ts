import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';

import { ServerCache } from './server-cache.ts';

const server = (name: string, bytes: number, resourceVersion = '1') => ({
  metadata: { name, namespace: 'mcp', uid: name, resourceVersion },
  spec: { config: { arguments: ['x'.repeat(bytes)] } },
});

/** What is as good as random, and so becomes by a quarter shorter at most: six bits of each eight tell something. */
const packedBytes = 45_000;
const unlikeOthers = (name: string, resourceVersion: string) => ({
  metadata: { name, namespace: 'mcp', uid: name, resourceVersion },
  spec: {
    config: { arguments: [createHash('shake256', { outputLength: packedBytes }).update(name).digest('base64')] },
  },
});

describe('ServerCache', () => {
  it('keeps the text of no large server, and says that it is there', () => {
    const servers = new ServerCache();
    servers.put(server('small', 1_000));
    servers.put(server('large', 100_000));
    expect([servers.has('MCPServer/mcp/small'), servers.isLarge('MCPServer/mcp/small')]).toEqual([true, false]);
    expect([servers.has('MCPServer/mcp/large'), servers.isLarge('MCPServer/mcp/large')]).toEqual([true, true]);
    expect(servers.get('MCPServer/mcp/small')).toMatchObject({ metadata: { name: 'small' } });
    expect(servers.get('MCPServer/mcp/large')).toBeUndefined();
    expect(servers.put(server('large', 100_000))).toBe('known');
    servers.put(server('large', 1_000, '2'));
    expect(servers.get('MCPServer/mcp/large')).toMatchObject({ metadata: { resourceVersion: '2' } });
  });

  it('keeps no more than 4 MiB of texts, whatever comes and goes', () => {
    const servers = new ServerCache();
    const names = Array.from({ length: 200 }, (_, at) => `server-${at}`);
    const kept = (): number => names.filter((name) => servers.get(`MCPServer/mcp/${name}`) !== undefined).length;
    for (const version of ['1', '2', '3']) for (const name of names) servers.put(unlikeOthers(name, version));
    // Those that were written last are not packed.
    const most = (3 * 1024 * 1024) / packedBytes + (1024 * 1024) / ((packedBytes * 4) / 3);
    expect(kept()).toBeLessThanOrEqual(most);
    expect(kept()).toBeGreaterThan(most * 0.9);
    for (const name of names.slice(0, 150)) servers.remove(server(name, 1));
    for (const name of names.slice(150)) servers.put(unlikeOthers(name, '4'));
    expect(kept()).toBe(50);
    servers.keepOnly(new Set());
    expect(servers.size).toBe(0);
  });

  it('knows whether there are servers in several namespaces, whatever comes and goes', () => {
    const servers = new ServerCache();
    const inOther = { ...server('c', 1), metadata: { ...server('c', 1).metadata, namespace: 'other' } };
    expect(servers.isOfSeveralNamespaces()).toBe(false);
    for (const name of ['a', 'b']) servers.put(server(name, 1));
    expect(servers.isOfSeveralNamespaces()).toBe(false);
    servers.put(inOther);
    expect(servers.isOfSeveralNamespaces()).toBe(true);
    servers.remove(server('a', 1));
    expect(servers.isOfSeveralNamespaces()).toBe(true);
    servers.remove(inOther);
    expect(servers.isOfSeveralNamespaces()).toBe(false);
  });
});
