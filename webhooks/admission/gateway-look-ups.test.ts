import { describe, expect, it } from '@jest/globals';
import type { ReferenceFacts } from '../core/engine/facts.ts';
import type { Reference } from '../core/mcpserver/references.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { createLookUps, defaultLookUpLimits, type LookUpLimits, type LookUpResult } from './look-ups.ts';

const edge: Reference = {
  ...{ kind: 'ConfigMap', name: 'edge', isOptional: false, usage: 'gateway', path: ['spec'] },
  keys: ['gateway-name', 'gateway-namespace'].map((key) => ({ key, path: ['spec'] })),
};
const gateway = { namespace: 'gateways', name: 'public' };
const gatewayPath = '/apis/gateway.networking.k8s.io/v1/namespaces/gateways/gateways/public';
const listeners = [{ name: 'web', protocol: 'HTTP', port: 80, hostname: '*.example.com' }];

function start({ isRouting = true, ...limits }: Partial<LookUpLimits> & { readonly isRouting?: boolean } = {}) {
  const api = createFakeKubeApi();
  const name = (as: string, host = 'mcp.example.com'): void => {
    const data = { 'gateway-name': as, 'gateway-namespace': 'gateways', 'route-hostname': host };
    api.put('/api/v1/namespaces/mcp/configmaps/edge', { metadata: { name: 'edge', namespace: 'mcp' }, data });
  };
  name('public');
  api.put(gatewayPath, { spec: { listeners } });
  const clock = createFakeClock();
  const results: LookUpResult[] = [];
  const gather = createLookUps(api, clock, {
    limits: { ...defaultLookUpLimits, ...limits },
    onResult: (result) => results.push(result),
    isRouting: () => isRouting,
  });
  const context = { remainingMs: () => 1_000, signal: () => new AbortController().signal };
  const lookUp = (reference = edge): Promise<ReferenceFacts> => gather('mcp', [reference], context);
  const readsOfGateways = (): number => api.reads.filter((path) => path.includes('/gateways/')).length;
  return { api, clock, results, lookUp, name, readsOfGateways };
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
    expect((await off.lookUp()).listenersOf).toBeUndefined();
    const { lookUp, readsOfGateways } = start();
    await lookUp({ ...edge, keys: [{ key: 'extension-name', path: ['spec'] }] });
    expect([off.readsOfGateways(), readsOfGateways()]).toEqual([0, 0]);
  });

  it('is read for nobody whose route is for every host', async () => {
    const { lookUp, name, readsOfGateways } = start();
    name('public', '');
    expect((await lookUp()).listenersOf).toBeUndefined();
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
