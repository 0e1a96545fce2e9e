import { expect, it } from '@jest/globals';
import { runAsReconciler } from '../testing/run-as-reconciler.ts';

const from = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);

/** A hundred servers that stand, each with 300 KB of which the pool says nothing; all of them change in one round. */
const program = `
import { mcpPool } from ${from('../../core/composites/mcp-pool.ts')};
import { reconcileComposite } from ${from('./reconcile-composite.ts')};
import { Setbacks } from ${from('../setbacks.ts')};
import { Repairs } from ${from('./repairs.ts')};
import { systemClock } from ${from('../../platform/clock.ts')};

const env = Array.from({ length: 20 }, (_, index) => ({ name: 'V' + index, value: 'x'.repeat(60) }));
const template = { source: { type: 'ContainerImage', containerImage: { ref: 'a/b:1' } }, config: { port: 8080, env } };
const servers = Array.from({ length: 100 }, (_, index) => ({ name: 's' + index }));
const pool = JSON.stringify({
  metadata: { name: 'p', namespace: 'x', uid: 'u', generation: 1 }, spec: { template, servers },
});
const owner = { apiVersion: 'mcp.v2dy.io/v1', kind: 'MCPPool', name: 'p', uid: 'u', controller: true };
const others = JSON.stringify(Array.from({ length: 1_000 }, (_, index) => ({ name: 'W' + index, value: 'x'.repeat(270) })));
let applied = 0;
const request = async ({ path, method, query }) => {
  if (path.includes('mcppools')) return { ok: true, body: method === 'GET' ? { items: [JSON.parse(pool)] } : {} };
  if (method !== 'GET') {
    applied += 1;
    return { ok: true, body: { metadata: { name: 'x' }, spec: { config: { env: JSON.parse(others) } } } };
  }
  const name = query?.fieldSelector?.split('=')[1];
  if (name === undefined) return { ok: true, body: { items: [] } };
  const metadata = { name, namespace: 'x', uid: name, generation: 1, ownerReferences: [owner] };
  return { ok: true, body: { items: [{ metadata, spec: { config: { env: JSON.parse(others) } } }] } };
};
const world = {
  of: { ...mcpPool, isOrdered: undefined }, api: { request }, clock: systemClock, events: { record: () => undefined },
  setbacks: new Setbacks(), repairs: new Repairs(systemClock),
};
const done = await reconcileComposite('MCPPool/x/p', world, new AbortController().signal);
if (applied !== 100) throw new Error(JSON.stringify({ done, applied }));
`;

it('applies a hundred MCPServers, each of 300 KB, one after the other', async () => {
  expect(await runAsReconciler(program)).toBe('ended well');
});
