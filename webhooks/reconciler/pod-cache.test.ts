import { describe, expect, it, jest } from '@jest/globals';

import { PodCache } from './pod-cache.ts';
import { runAsReconciler } from './testing/run-as-reconciler.ts';
import { ofReplicaSet } from './testing/replica-set.ts';

const waiting = (message: string) => ({
  ...{ image: 'example.com/search:1', ready: false, restartCount: 0 },
  state: { waiting: { reason: 'ErrImagePull', message } },
});

const pod = (name: string, namespace: string, containerStatuses: readonly unknown[]) => ({
  metadata: {
    ...{ name, namespace, uid: name, resourceVersion: '1' },
    labels: { 'mcp-server': 'search', 'pod-template-hash': '5d4f8c7b9' },
    ownerReferences: ofReplicaSet('search', '5d4f8c7b9'),
  },
  status: { containerStatuses },
});

describe('PodCache', () => {
  it('keeps a pod whose server runs and whose bridge is not ready: it may turn out to answer nothing', () => {
    const running = (name: string, ready: boolean) => ({
      ...{ name, image: 'example.com/search:1', ready, restartCount: 0 },
      state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
    });
    const withBridge = (ready: boolean) => {
      const { status, ...of } = pod('a', 'mcp', [running('mcp-server', true)]);
      return { ...of, status: { ...status, initContainerStatuses: [running('mcp-bridge', ready)] } };
    };
    const cache = new PodCache();
    expect(cache.put(withBridge(false))).toBe('MCPServer/mcp/search');
    expect(cache.of('MCPServer/mcp/search')).toHaveLength(1);
    cache.put(withBridge(true));
    expect(cache.of('MCPServer/mcp/search')).toEqual([]);
  });

  it('keeps of a pod that fails what is read of it, and nothing of one that is healthy again or gone', () => {
    const cache = new PodCache();
    const read = { name: 'mcp-server', ...waiting('no such image') };
    const container = { ...read, volumeMounts: [{ name: 'data' }] };
    expect(cache.put(pod('a', 'mcp', [container]))).toBe('MCPServer/mcp/search');
    expect(cache.put(pod('a', 'mcp', [container]))).toBeUndefined();
    expect(cache.of('MCPServer/mcp/search')).toEqual([
      { metadata: { name: 'a', template: '5d4f8c7b9' }, status: { containerStatuses: [read] } },
    ]);
    cache.put(pod('b', 'mcp', [waiting('no such image')]));
    expect(cache.put(pod('a', 'mcp', [{ ...read, ready: true, state: { running: {} } }]))).toBe('MCPServer/mcp/search');
    expect(cache.remove(pod('b', 'mcp', []))).toBe('MCPServer/mcp/search');
    expect(cache.of('MCPServer/mcp/search')).toEqual([]);
  });

  it('keeps a pod that its node cannot start, which nobody would tell of later', () => {
    const cache = new PodCache();
    const creating = { ...waiting(''), state: { waiting: { reason: 'ContainerCreating' } } };
    const unready = { type: 'PodReadyToStartContainers', status: 'False', lastTransitionTime: '2026-01-01T00:00:00Z' };
    const starting = (condition: object) => {
      const { metadata, status } = pod('a', 'mcp', [creating]);
      return { metadata, status: { ...status, conditions: [condition] } };
    };
    expect(cache.put(starting(unready))).toBe('MCPServer/mcp/search');
    expect(cache.of('MCPServer/mcp/search')).toHaveLength(1);
    expect(cache.of('MCPServer/mcp/search')[0]?.status?.conditions).toEqual([unready]);
    expect(cache.put(starting({ ...unready, status: 'True' }))).toBe('MCPServer/mcp/search');
    expect(cache.of('MCPServer/mcp/search')).toEqual([]);
  });

  it('knows where each healthy pod is asked, and tells when they are others, more or fewer', () => {
    const cache = new PodCache();
    const healthy = (name: string, restartCount = 0, changes: object = {}) => {
      const container = { ...waiting(''), ready: true, restartCount, state: { running: {} } };
      const { metadata, status } = pod(name, 'mcp', [container]);
      return {
        metadata,
        spec: { containers: [{ ports: [{ name: 'other', containerPort: 1 }] }, { ports: [mcp] }] },
        status: {
          ...status,
          podIP: `10.0.0.${name.length}`,
          conditions: [{ type: 'Ready', status: 'True' }],
          ...changes,
        },
      };
    };
    const mcp = { name: 'mcp', containerPort: 8080 };
    expect(cache.put(healthy('a'))).toBe('MCPServer/mcp/search');
    expect(cache.put(healthy('a'))).toBeUndefined();
    const a = { name: 'a', template: '5d4f8c7b9', address: '10.0.0.1', port: 8080, restarts: 0 };
    expect(cache.servingOf('MCPServer/mcp/search')).toEqual([a]);
    expect(cache.put(healthy('bb', 2))).toBe('MCPServer/mcp/search');
    const bb = { ...a, name: 'bb', address: '10.0.0.2', restarts: 2 };
    expect(cache.servingOf('MCPServer/mcp/search')).toEqual([a, bb]);
    expect(cache.put(healthy('a', 0, { conditions: [{ type: 'Ready', status: 'False' }] }))).toBe(
      'MCPServer/mcp/search',
    );
    expect(cache.servingOf('MCPServer/mcp/search')).toEqual([bb]);
    const leaving = healthy('bb', 2);
    const metadata = { ...leaving.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' };
    expect(cache.put({ ...leaving, metadata })).toBe('MCPServer/mcp/search');
    // Nobody is reached at its port any more.
    expect(cache.remove(leaving)).toBe('MCPServer/mcp/search');
    expect(cache.remove(leaving)).toBeUndefined();
    cache.put(healthy('a'));
    expect(cache.keepOnly(new Set(['Pod/mcp/other']))).toEqual(['MCPServer/mcp/search']);
    expect(cache.servingOf('MCPServer/mcp/search')).toEqual([]);
  });

  it('knows the port of a pod that is on its way out until it is gone, and tells when nobody is reached there any more', () => {
    const cache = new PodCache();
    const at = (name: string, containerPort: number, more: object = {}) => ({
      metadata: {
        ...{ name, namespace: 'mcp', labels: { 'mcp-server': 'search', 'pod-template-hash': name } },
        ...{ ownerReferences: ofReplicaSet('search', name), ...more },
      },
      spec: { containers: [{ ports: [{ name: 'mcp', containerPort }] }] },
      status: { podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'True' }] },
    });
    const leaves = { deletionTimestamp: '2026-01-01T00:00:00Z' };
    const ports = () => cache.portsOf('MCPServer/mcp/search');
    for (const one of [at('a', 8080), at('b', 8080), at('c', 9090)]) cache.put(one);
    for (const name of ['a', 'b']) cache.put(at(name, 8080, leaves));
    expect(cache.servingOf('MCPServer/mcp/search')).toMatchObject([{ name: 'c' }]);
    expect(ports()).toEqual([9090, 8080]);
    expect(cache.remove(at('a', 8080, leaves))).toBeUndefined();
    expect(cache.remove(at('b', 8080, leaves))).toBe('MCPServer/mcp/search');
    expect(ports()).toEqual([9090]);
    cache.put(at('d', 8080, leaves));
    expect(cache.put(at('d', 8080, { ...leaves, labels: {} }))).toBe('MCPServer/mcp/search');
    cache.put(at('e', 8080, leaves));
    expect(cache.keepOnly(new Set(['Pod/mcp/c']))).toEqual(['MCPServer/mcp/search']);
    expect(ports()).toEqual([9090]);
  });

  it('knows the port of metrics of such a pod in the same way (it was closed at once)', () => {
    const cache = new PodCache();
    const at = (name: string, containerPort: number, more: object = {}) => ({
      metadata: {
        ...{ name, namespace: 'mcp', labels: { 'mcp-server': 'search', 'pod-template-hash': name } },
        ...{ ownerReferences: ofReplicaSet('search', name), ...more },
      },
      spec: {
        containers: [
          {
            ports: [
              { name: 'mcp', containerPort: 8080 },
              { name: 'metrics', containerPort },
            ],
          },
        ],
      },
      status: { podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'True' }] },
    });
    const leaving = at('a', 9100, { deletionTimestamp: '2026-01-01T00:00:00Z' });
    for (const one of [at('a', 9100), at('b', 9101), leaving]) cache.put(one);
    expect(cache.servingOf('MCPServer/mcp/search')).toMatchObject([{ name: 'b', port: 8080, metricsPort: 9101 }]);
    expect(cache.metricsPortsOf('MCPServer/mcp/search')).toEqual([9101, 9100]);
    expect(cache.remove(leaving)).toBe('MCPServer/mcp/search');
    expect(cache.metricsPortsOf('MCPServer/mcp/search')).toEqual([9101]);
  });

  it('forgets a pod whose label somebody takes away, whether it serves or fails', () => {
    const cache = new PodCache();
    const labels = { 'mcp-server': 'search', 'pod-template-hash': 'x' };
    const spec = { containers: [{ ports: [{ name: 'mcp', containerPort: 8080 }] }] };
    const status = { podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'True' }] };
    const ownerReferences = ofReplicaSet('search', 'x');
    const serves = { metadata: { name: 'a', namespace: 'mcp', labels, ownerReferences }, spec, status };
    const fails = pod('b', 'mcp', [waiting('no such image')]);
    cache.put(serves);
    cache.put(fails);
    for (const one of [serves, fails]) {
      expect(cache.put({ ...one, metadata: { ...one.metadata, labels: {} } })).toBe('MCPServer/mcp/search');
    }
    expect(cache.servingOf('MCPServer/mcp/search')).toEqual([]);
    expect(cache.of('MCPServer/mcp/search')).toEqual([]);
  });

  it('does not count a pod that has our labels and is not of a ReplicaSet of the server, whether it serves or fails', () => {
    const cache = new PodCache();
    const candidates = new PodCache('mcp-lifecycle/candidate-of', 'mcp-lifecycle/candidate-template');
    const spec = { containers: [{ ports: [{ name: 'mcp', containerPort: 8080 }] }] };
    const ofKubelet = { podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'True' }] };
    const { metadata, status } = pod('a', 'mcp', [waiting('no such image')]);
    const candidateLabels = {
      ...{ 'mcp-lifecycle/candidate-of': 'search', 'mcp-lifecycle/candidate-template': 'next' },
      'pod-template-hash': '5d4f8c7b9',
    };
    const put = (ownerReferences: readonly object[] | undefined): void => {
      const one = { ...metadata, ownerReferences, creationTimestamp: '2026-01-01T00:00:00Z' };
      cache.put({ metadata: one, spec, status: { ...status, ...ofKubelet } });
      candidates.put({ metadata: { ...one, labels: candidateLabels }, spec, status: ofKubelet });
    };
    const server = 'MCPServer/mcp/search';
    const known = () =>
      [cache.of(server), cache.servingOf(server), candidates.servingOf(server)].map((all) => all.length);
    const [ours] = ofReplicaSet('search', '5d4f8c7b9');
    const strays = [
      ...[undefined, [], ofReplicaSet('search', 'other'), ofReplicaSet('research', '5d4f8c7b9')],
      ...[[{ ...ours, controller: false }], [{ ...ours, kind: 'DaemonSet' }]],
    ];
    for (const owners of strays) {
      put(owners);
      expect(known()).toEqual([0, 0, 0]);
      expect(cache.newestTemplateOf(server)).toBeUndefined();
    }
    put(ofReplicaSet('search', '5d4f8c7b9'));
    expect(known()).toEqual([1, 1, 0]);
    expect(cache.newestTemplateOf(server)).toBe('5d4f8c7b9');
    put(ofReplicaSet('search-candidate', '5d4f8c7b9'));
    expect(known()).toEqual([0, 0, 1]);
    put(undefined);
    expect(known()).toEqual([0, 0, 0]);
  });

  it('takes no server’s pods apart for the event of a pod that is nobody’s, and still finds one that lost its label', () => {
    const cache = new PodCache();
    const spec = { containers: [{ ports: [{ name: 'mcp', containerPort: 8080 }] }] };
    const status = { podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'True' }] };
    const named = (name: string, labels: object) => {
      const ownerReferences = ofReplicaSet(`server-${name.split('-')[1] ?? ''}`, 'x');
      return { metadata: { name, namespace: 'mcp', labels, ownerReferences }, spec, status };
    };
    for (let at = 0; at < 300; at += 1) {
      const labels = { 'mcp-server': `server-${at}`, 'pod-template-hash': 'x' };
      for (const name of [`pod-${at}-a`, `pod-${at}-b`]) cache.put(named(name, labels));
    }
    const nobodys = named('pod-7', {});
    const split = jest.spyOn(String.prototype, 'split');
    expect(cache.put(nobodys)).toBeUndefined();
    const pieces = split.mock.calls.length;
    split.mockRestore();
    expect(pieces).toBeLessThan(10);
    expect(cache.put(named('pod-7-b', {}))).toBe('MCPServer/mcp/server-7');
    expect(cache.servingOf('MCPServer/mcp/server-7')).toMatchObject([{ name: 'pod-7-a' }]);
  });

  it('keeps 64 pods of a server that has a thousand', () => {
    const cache = new PodCache();
    const spec = { containers: [{ ports: [{ name: 'mcp', containerPort: 8080 }] }] };
    const status = { podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'True' }] };
    for (let at = 0; at < 1_000; at += 1) {
      const labels = { 'mcp-server': 'search', 'pod-template-hash': 'x' };
      const ownerReferences = ofReplicaSet('search', 'x');
      cache.put({ metadata: { name: `pod-${at}`, namespace: 'mcp', labels, ownerReferences }, spec, status });
    }
    expect(cache.servingOf('MCPServer/mcp/search')).toHaveLength(64);
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
        const labels = { 'mcp-server': 's', 'pod-template-hash': 'x' };
        const ownerReferences = [{ kind: 'ReplicaSet', name: 's-x', controller: true }];
        const metadata = { name: 'p' + at, namespace: 't', uid: 'u' + at, labels, ownerReferences };
        // As it comes from the wire: texts of its own.
        cache.put(JSON.parse(JSON.stringify({ metadata, status: { containerStatuses } })));
      }
    `;
    expect(await runAsReconciler(program)).toBe('ended well');
  });
});
