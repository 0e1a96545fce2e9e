import { describe, expect, it } from '@jest/globals';
import type { KubeApi } from '../platform/kube/api.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { readStored } from './read-stored.ts';

const everywhere = { context: 'prod', namespace: '' };

/** A list that never ends, of servers with that in their spec. */
function endless(spec: object): { readonly api: KubeApi; readonly asked: () => number } {
  let asked = 0;
  const api: KubeApi = {
    ...createFakeKubeApi(),
    request: () => {
      asked += 1;
      const items = Array.from({ length: 50 }, () => ({ metadata: { namespace: 'tools', name: 'a' }, spec }));
      return Promise.resolve({ ok: true, body: { metadata: { continue: 'more' }, items } });
    },
  };
  return { api, asked: () => asked };
}

describe('the MCPServers of a cluster', () => {
  it('are read up to a number of them, and that there are more is a problem', async () => {
    const { api, asked } = endless({});
    const { servers, problem } = await readStored(api, everywhere);
    expect(servers).toHaveLength(20_000);
    expect(problem?.file).toBe('context prod');
    expect(problem?.message).toMatch(/^more than 20000 MCPServers or 64 MiB .* first 20000 .* --namespace$/);
    expect(asked()).toBe(401);
  });

  it('are read up to a size of all together', async () => {
    const { api, asked } = endless({ text: 'x'.repeat(1_000_000) });
    const { servers, problem } = await readStored(api, everywhere);
    expect(servers.length).toBeLessThan(68);
    expect(problem?.message).toContain(`the first ${servers.length} were judged`);
    expect(asked()).toBe(2);
  });

  it('are kept without what nobody judges', async () => {
    const api = createFakeKubeApi();
    const metadata = { namespace: 'tools', name: 'a', labels: { team: 'x' }, managedFields: [{ manager: 'kubectl' }] };
    const path = '/apis/mcp.x-k8s.io/v1beta1/namespaces/tools/mcpservers/a';
    api.put(path, { kind: 'MCPServer', metadata, spec: { config: { port: 8080 } }, status: { conditions: [] } });
    const { servers, problem } = await readStored(api, everywhere);
    expect(problem).toBeUndefined();
    expect(servers.map(({ value }) => value)).toEqual([
      {
        kind: 'MCPServer',
        metadata: expect.objectContaining({ name: 'a', labels: { team: 'x' } }),
        spec: { config: { port: 8080 } },
      },
    ]);
    expect(JSON.stringify(servers)).not.toContain('managedFields');
  });
});
