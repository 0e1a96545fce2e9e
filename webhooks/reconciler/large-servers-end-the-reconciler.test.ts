import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { serveFakeApi } from '../platform/kube/testing/serve-fake-api.ts';

const large = 10;
const collection = '/apis/mcp.x-k8s.io/v1beta1/namespaces/tenant/mcpservers';

/** 1.4 MB that everything accepts: the peers of a policy have no limit but the size of an object. */
const ingressFrom = Array.from({ length: 38_000 }, (_, at) => ({
  ipBlock: { cidr: `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}/32` },
}));

const api = createFakeKubeApi();

function aServer(name: string, spec: object = {}): void {
  api.put(`${collection}/${name}`, {
    ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name, namespace: 'tenant' } },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: 'example.com/search:1' } },
      config: { port: 8080 },
      ...spec,
    },
  });
}

/** The reconciler as it is, without its Lease. */
const program = (port: number): string => `
  import { Registry } from 'prom-client';
  import { systemClock } from ${JSON.stringify(new URL('../platform/clock.ts', import.meta.url))};
  import { createCollector } from ${JSON.stringify(new URL('../platform/collect-garbage.ts', import.meta.url))};
  import { createKubeApi } from ${JSON.stringify(new URL('../platform/kube/api-client.ts', import.meta.url))};
  import { lead } from ${JSON.stringify(new URL('lead.ts', import.meta.url))};
  import { builtInPolicy } from ${JSON.stringify(new URL('../core/rules/built-in-policy.ts', import.meta.url))};
  import { fixedPolicy } from ${JSON.stringify(new URL('../platform/policy/policy-source.ts', import.meta.url))};
  import { createReconcilerMetrics } from ${JSON.stringify(new URL('metrics.ts', import.meta.url))};
  const credentials = () => Promise.resolve({ tls: {}, headers: {} });
  const url = new URL('http://127.0.0.1:${port}');
  const api = createKubeApi({ server: { url, credentials, forgetCredentials() {} }, userAgent: 'test' });
  const quiet = () => undefined;
  await lead({
    api, clock: systemClock, random: Math.random, log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    metrics: createReconcilerMetrics(new Registry()), collectGarbage: createCollector(), namespaces: [],
    clusterDomain: 'cluster.local', podName: 'p', version: '1', installation: undefined, features: [],
    policies: fixedPolicy(builtInPolicy),
    probe: () => Promise.resolve({ state: 'failed', message: 'nobody there' }),
  }, new AbortController().signal);
`;

const judged = (): number => new Set(api.writes.filter((write) => write.endsWith('/status'))).size;

describe('ten accepted servers of 1.4 MB', () => {
  let reconciler: ReturnType<typeof spawn>;
  let server: Awaited<ReturnType<typeof serveFakeApi>>;

  beforeAll(async () => {
    for (let at = 0; at < large; at += 1) aServer(`large-${at}`, { network: { ingressFrom } });
    server = await serveFakeApi(api);
    // Three more than the chart gives: from source the program takes nine before it reads anything (15.6 MB of heap) more
    // than the image's bundle does (6.8 MB).
    const flags = ['--max-semi-space-size=1', '--max-old-space-size=32'];
    const { port } = server.address() as AddressInfo;
    reconciler = spawn(process.execPath, [...flags, '--input-type=module', '--eval', program(port)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  });

  afterAll(async () => {
    reconciler.kill('SIGKILL');
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('are expanded by a reconciler with the heap that the chart gives it, and hold up no other', async () => {
    const ended = once(reconciler, 'exit').then(([code, signal]) => `the reconciler ended: ${String(code ?? signal)}`);
    aServer('other');
    const gone = ended.then(() => true);
    while (judged() <= large) {
      if (await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 100, false))])) break;
    }
    expect(judged() > large ? 'all were judged' : await ended).toBe('all were judged');
  });
});
