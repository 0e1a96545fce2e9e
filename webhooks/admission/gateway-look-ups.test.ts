import { describe, expect, it } from '@jest/globals';
import type { ReferenceFacts } from '../core/engine/facts.ts';
import { claimText } from '../core/mcpserver/prefix-claim.ts';
import type { PrefixClaim } from '../core/mcpserver/prefix-claim.ts';
import type { Reference } from '../core/mcpserver/references.ts';
import { digest } from '../platform/digest.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { createLookUps, defaultLookUpLimits, type LookUpLimits, type LookUpResult } from './look-ups.ts';

const edge: Reference = {
  ...{ kind: 'ConfigMap', name: 'edge', isOptional: false, usage: 'gateway', path: ['spec'] },
  keys: ['gateway-name', 'gateway-namespace'].map((key) => ({ key, path: ['spec'] })),
};
const gateway = { namespace: 'gateways', name: 'public' };
const edgePath = '/api/v1/namespaces/mcp/configmaps/edge';
const gatewayPath = '/apis/gateway.networking.k8s.io/v1/namespaces/gateways/gateways/public';
const listeners = [{ name: 'web', protocol: 'HTTP', port: 80, hostname: '*.example.com' }];

interface StartOptions extends Partial<LookUpLimits> {
  readonly isRouting?: boolean;
  readonly isRegistering?: boolean;
  readonly seesAll?: boolean;
}

function start({ isRouting = true, isRegistering = true, seesAll = true, ...limits }: StartOptions = {}) {
  const api = createFakeKubeApi();
  const name = (as: string, host = 'mcp.example.com'): void => {
    const data = { 'gateway-name': as, 'gateway-namespace': 'gateways', 'route-hostname': host };
    api.put(edgePath, { metadata: { name: 'edge', namespace: 'mcp' }, data });
  };
  name('public');
  api.put(gatewayPath, { spec: { listeners } });
  const clock = createFakeClock();
  const results: LookUpResult[] = [];
  const gather = createLookUps(api, clock, {
    limits: { ...defaultLookUpLimits, ...limits },
    onResult: (result) => results.push(result),
    atGateways: { isRouting: () => isRouting, isRegistering: () => isRegistering, seesAll },
  });
  const say = (data: Readonly<Record<string, string>>): void => {
    api.remove(edgePath);
    api.put(edgePath, { metadata: { name: 'edge', namespace: 'mcp' }, data });
  };
  const context = { remainingMs: () => 1_000, signal: () => new AbortController().signal };
  const lookUp = (reference = edge): Promise<ReferenceFacts> => gather('mcp', [reference], context);
  const readsOfGateways = (): number => api.reads.filter((path) => path.includes('/gateways/')).length;
  return { api, clock, results, lookUp, name, say, readsOfGateways };
}

describe('the Gateway that a ConfigMap names', () => {
  it('is known by its listeners, and no other one is', async () => {
    const { lookUp, results } = start();
    const { listenersOf } = await lookUp();
    expect(listenersOf?.(gateway)).toEqual(listeners);
    expect(listenersOf?.({ namespace: 'mcp', name: 'public' })).toBeUndefined();
    expect(results).toEqual(['found', 'found']);
  });

  it('is read once for requests that follow each other, and again later', async () => {
    const { lookUp, clock, results, readsOfGateways } = start();
    await lookUp();
    await lookUp();
    expect(readsOfGateways()).toBe(1);
    expect(results).toEqual(['found', 'found', 'found', 'found']);
    await clock.advance(2_001);
    await lookUp();
    expect(readsOfGateways()).toBe(2);
  });

  it('is read for nobody where no routes are made, nor for the provider of another kind of name', async () => {
    const off = start({ isRouting: false });
    expect((await off.lookUp()).listenersOf?.(gateway)).toBeUndefined();
    const { lookUp, readsOfGateways } = start();
    await lookUp({ ...edge, keys: [{ key: 'extension-name', path: ['spec'] }] });
    expect([off.readsOfGateways(), readsOfGateways()]).toEqual([0, 0]);
  });

  it('is read for nobody whose route is for every host', async () => {
    const { lookUp, name, readsOfGateways } = start();
    name('public', '');
    expect((await lookUp()).listenersOf?.(gateway)).toBeUndefined();
    expect(readsOfGateways()).toBe(0);
  });

  it('is asked for under no name that a Gateway cannot have', async () => {
    const { lookUp, name, readsOfGateways } = start();
    name('../secrets');
    await lookUp();
    expect(readsOfGateways()).toBe(0);
  });

  it.each([
    [403, 'forbidden'],
    [404, 'missing'],
    [500, 'failed'],
  ] as const)('is not known where the API server answers %i, and is asked for again', async (status, result) => {
    const { api, lookUp, results } = start();
    api.answer(({ path }) => path === gatewayPath, status);
    expect((await lookUp()).listenersOf?.(gateway)).toBeUndefined();
    expect(results).toEqual(['found', result]);
    api.answer(() => false, undefined);
    expect((await lookUp()).listenersOf?.(gateway)).toEqual(listeners);
  });

  it('counts against the budget of the process, and has the slot of one request', async () => {
    const { lookUp, results, readsOfGateways } = start({ burst: 1, readsPerSecond: 0 });
    expect((await lookUp()).listenersOf?.(gateway)).toBeUndefined();
    expect(results).toEqual(['found', 'over-budget']);
    expect(readsOfGateways()).toBe(0);
    const one = start({ readers: { count: 1, ofNamespace: 1, reserved: 0 } });
    await one.lookUp();
    await one.clock.advance(2_001);
    expect((await one.lookUp()).listenersOf?.(gateway)).toEqual(listeners);
  });
});

describe('the prefix that a ConfigMap claims', () => {
  const claim = { extension: { namespace: 'mcp-system', name: 'tools' }, prefix: 'search_' };
  const claimed = { 'extension-namespace': 'mcp-system', 'extension-name': 'tools', prefix: 'search_' };
  const reference: Reference = { ...edge, keys: [{ key: 'extension-name', path: ['spec'] }] };
  const server = { namespace: 'mcp', name: 'search' };
  const all = '/apis/mcp.kuadrant.io/v1/mcpserverregistrations';

  function claiming(options?: StartOptions) {
    const started = start(options);
    started.say(claimed);
    /** As one that is applied by the reconciler: `second` of the same minute. */
    const register = (namespace: string, name: string, second: string, of: PrefixClaim = claim): string => {
      const metadata = {
        ...{ namespace, name: `${name}-gateway-binding`, creationTimestamp: `2026-11-30T10:00:${second}Z` },
        labels: { 'mcp-server': name, 'mcp-lifecycle/prefix': digest(claimText(of)) },
      };
      const path = `/apis/mcp.kuadrant.io/v1/namespaces/${namespace}/mcpserverregistrations/${metadata.name}`;
      started.api.put(path, { metadata });
      return path;
    };
    const holder = async (): Promise<unknown> => (await started.lookUp(reference)).prefixHolder?.(claim, server);
    const lists = (): readonly string[] => started.api.reads.filter((read) => read.includes('mcpserverregistrations'));
    return { ...started, register, holder, lists };
  }

  it('is that of the server that was registered with it first, in whichever namespace', async () => {
    const { register, holder, lists } = claiming();
    register('mcp', 'find', '02');
    register('team-b', 'find', '01');
    expect(await holder()).toEqual({ namespace: 'team-b', name: 'find' });
    expect(lists()).toEqual([`GET ${all}`]);
  });

  it('is its own where it was the first, and of nobody who is on his way out, or at another gateway', async () => {
    const { api, register, holder } = claiming();
    register('mcp', 'search', '02');
    register('mcp', 'find', '03');
    const leaving = register('mcp', 'list', '01');
    api.put(leaving, { metadata: { deletionTimestamp: '2026-11-30T10:01:00Z' } });
    register('mcp', 'other', '01', { ...claim, extension: { namespace: 'mcp-system', name: 'others' } });
    register('mcp', 'third', '01', { ...claim, prefix: 'search' });
    expect(await holder()).toBeUndefined();
  });

  it('is asked for once for requests that follow each other, and again later', async () => {
    const { register, holder, clock, lists } = claiming();
    expect([await holder(), await holder(), lists().length]).toEqual([undefined, undefined, 1]);
    register('mcp', 'find', '01');
    await clock.advance(2_001);
    expect([await holder(), lists().length]).toEqual([{ namespace: 'mcp', name: 'find' }, 2]);
  });

  it('is looked for in the namespace of the server alone where only some can be read', async () => {
    const { register, holder, lists } = claiming({ seesAll: false });
    register('team-b', 'find', '01');
    register('mcp', 'list', '02');
    expect(await holder()).toEqual({ namespace: 'mcp', name: 'list' });
    expect(lists()).toEqual(['GET /apis/mcp.kuadrant.io/v1/namespaces/mcp/mcpserverregistrations']);
  });

  it('is asked for by nobody where nothing is registered, for no other provider, and not where none is said', async () => {
    const off = claiming({ isRegistering: false });
    await off.holder();
    const other = claiming();
    await other.lookUp(edge);
    const silent = claiming();
    silent.say({ ...claimed, prefix: ' ' });
    await silent.holder();
    const impossible = claiming();
    impossible.say({ ...claimed, prefix: 'Search,mcp-server=find' });
    await impossible.holder();
    expect([off, other, silent, impossible].flatMap(({ lists }) => lists())).toEqual([]);
  });

  it.each([403, 404, 500])('is nobody else’s where the API server answers %i', async (status) => {
    const { api, register, holder, results } = claiming();
    register('mcp', 'find', '01');
    api.answer(({ path }) => path === all, status);
    expect(await holder()).toBeUndefined();
    expect(results).not.toEqual(['found', 'found']);
  });

  it('counts against the budget of the process', async () => {
    const { holder, lists, results } = claiming({ burst: 1, readsPerSecond: 0 });
    expect(await holder()).toBeUndefined();
    expect([results, lists()]).toEqual([['found', 'over-budget'], []]);
  });
});
