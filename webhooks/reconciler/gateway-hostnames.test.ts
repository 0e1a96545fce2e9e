import { afterEach, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { readPolicy } from '../core/policy/read-policy.ts';
import { rules } from '../core/rules/index.gen.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { fixedPolicy } from '../platform/policy/policy-source.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';

const serverPath = '/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/search';
const routesApi = '/apis/gateway.networking.k8s.io/v1';
const gatewayPath = `${routesApi}/namespaces/gateways/gateways/public`;
const listOf = (name: string) => ({ kind: 'APIResourceList', resources: [{ name }] });

const running: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

/** A cluster in which a policy refuses what the rule finds. */
async function accepted(listener: string, { features = ['gateway', 'gateway.httpRoute'], status = 200 } = {}) {
  const read = readPolicy(
    {
      ...{ apiVersion: 'mcp-lifecycle.policy/v1alpha1', kind: 'Policy' },
      rules: { 'gateway-hostname-matches-listener': { action: 'deny' } },
    },
    rules,
  );
  if (read.type !== 'usable') throw new Error(JSON.stringify(read));
  const api: FakeKubeApi = createFakeKubeApi();
  api.put('/apis/mcp.x-k8s.io/v1alpha1', listOf('mcpgatewaybindings'));
  api.put(routesApi, listOf('httproutes'));
  api.put(gatewayPath, { spec: { listeners: [{ name: 'web', protocol: 'HTTP', port: 80, hostname: listener }] } });
  if (status !== 200) api.answer(({ path }) => path === gatewayPath, status);
  const data = { 'gateway-name': 'public', 'gateway-namespace': 'gateways', 'route-hostname': 'mcp.example.com' };
  const metadata = { name: 'edge', namespace: 'mcp' };
  api.put('/api/v1/namespaces/mcp/configmaps/edge', { apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
  api.put(serverPath, {
    ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer' },
    metadata: { name: 'search', namespace: 'mcp', generation: 1 },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: 'example.com/search:1' } },
      config: { port: 8080, path: '/mcp' },
      gateway: { provider: 'httproute', configRef: 'edge' },
    },
  });
  const clock = createFakeClock();
  const stop = startLead({
    ...{ api, clock, features, namespaces: [], version: '1', policies: fixedPolicy(read.policy) },
    metrics: createReconcilerMetrics(new Registry()),
    probe: () => Promise.resolve(verified),
  });
  running.push(stop);
  await clock.advance(5_000);
  const said = api.get(serverPath)?.['status'] as { readonly conditions?: readonly Condition[] } | undefined;
  return said?.conditions?.find(({ type }) => type === 'Accepted');
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly message: string;
}

it('judges the host of a route by the listeners of its Gateway, as admission does', async () => {
  const message = expect.stringContaining('gateway-hostname-matches-listener');
  expect(await accepted('*.example.org')).toMatchObject({ status: 'False', message });
  expect(await accepted('*.example.com')).toMatchObject({ status: 'True' });
});

it.each([403, 404, 500])('holds nobody back whose Gateway cannot be read (%i)', async (status) => {
  expect(await accepted('*.example.org', { status })).toMatchObject({ status: 'True' });
});

it('asks for no Gateway where routes are not its own business', async () => {
  expect(await accepted('*.example.org', { features: ['gateway'] })).toMatchObject({ status: 'True' });
});
