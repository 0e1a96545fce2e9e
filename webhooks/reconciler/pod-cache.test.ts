import { describe, expect, it } from '@jest/globals';

import { PodCache } from './pod-cache.ts';
import { runAsReconciler } from './testing/run-as-reconciler.ts';

const waiting = (message: string) => ({
  ...{ image: 'example.com/search:1', ready: false, restartCount: 0 },
  state: { waiting: { reason: 'ErrImagePull', message } },
});

const pod = (name: string, namespace: string, containerStatuses: readonly unknown[]) => ({
  metadata: { name, namespace, uid: name, resourceVersion: '1', labels: { 'mcp-server': 'search' } },
  status: { containerStatuses },
});

describe('PodCache', () => {
  it('keeps of a pod that fails what is read of it, and nothing of one that is healthy again or gone', () => {
    const cache = new PodCache();
    const read = waiting('no such image');
    const container = { ...read, name: 'mcp-server', volumeMounts: [{ name: 'data' }] };
    expect(cache.put(pod('a', 'mcp', [container]))).toBe('MCPServer/mcp/search');
    expect(cache.put(pod('a', 'mcp', [container]))).toBeUndefined();
    expect(cache.of('MCPServer/mcp/search')).toEqual([
      { metadata: { name: 'a' }, status: { containerStatuses: [read] } },
    ]);
    cache.put(pod('b', 'mcp', [waiting('no such image')]));
    expect(cache.put(pod('a', 'mcp', [{ ...read, ready: true, state: { running: {} } }]))).toBe('MCPServer/mcp/search');
    expect(cache.remove(pod('b', 'mcp', []))).toBe('MCPServer/mcp/search');
    expect(cache.of('MCPServer/mcp/search')).toEqual([]);
  });

  it('has room for the pod of another namespace beside any number of one', () => {
    const cache = new PodCache();
    cache.put(pod('a', 'few', [waiting('no such image')]));
    const many = Array.from({ length: 100 }, () => waiting('x'.repeat(5_000)));
    for (let at = 0; at < 200; at += 1) cache.put(pod(`many-${at}`, 'many', many));
    expect(cache.of('MCPServer/few/search')).toHaveLength(1);
    expect(cache.of('MCPServer/many/search').length).toBeGreaterThan(10);
    expect(JSON.stringify(cache.of('MCPServer/many/search')).length).toBeLessThan(1.1 * 1024 * 1024);
  });

  it('ends no reconciler with the heap that the chart gives it by 150 pods of 400 containers that fail', async () => {
    const program = `
      import { PodCache } from ${JSON.stringify(new URL('pod-cache.ts', import.meta.url).href)};
      const cache = new PodCache();
      for (let at = 0; at < 150; at += 1) {
        const containerStatuses = Array.from({ length: 400 }, (_, container) => ({
          name: 'c' + container, image: 'x'.repeat(200) + container, ready: false, restartCount: 0,
          state: { waiting: { reason: 'ErrImagePull', message: String(container).padEnd(400, 'y') } },
        }));
        const metadata = { name: 'p' + at, namespace: 't', uid: 'u' + at, labels: { 'mcp-server': 's' } };
        // As it comes from the wire: texts of its own.
        cache.put(JSON.parse(JSON.stringify({ metadata, status: { containerStatuses } })));
      }
    `;
    expect(await runAsReconciler(program)).toBe('ended well');
  }, 60_000);
});
