import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';

import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { runAsReconciler } from './testing/run-as-reconciler.ts';
import { startLead } from './testing/start-lead.ts';

const moduleUrl = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);

/** A Deployment of a server with a thousand variables. */
const aDeployment = `
  const aDeployment = (name, edit) => {
    const env = Array.from({ length: 1_000 }, (_, at) => {
      const variable = \`\${name}_\${edit}_\${at}\`.padEnd(200, '_');
      return ['k:' + JSON.stringify({ name: variable }), { '.': {}, 'f:name': {}, 'f:value': {} }];
    });
    return {
      apiVersion: 'apps/v1', kind: 'Deployment',
      metadata: { name, namespace: 'tenant', uid: name, resourceVersion: String(edit + 1), managedFields: [
        { manager: 'mcp-lifecycle', operation: 'Apply', apiVersion: 'apps/v1', fieldsV1: { 'f:env': Object.fromEntries(env) } },
      ] },
    };
  };
`;

describe('what a reconciler with the heap that the chart gives it remembers of Deployments of a thousand variables', () => {
  it.each([
    ['is the same after 300 edits of one', `for (let at = 0; at < 300; at += 1) cache.put(aDeployment('one', at));`],
    ['fits for 300 of them', `for (let at = 0; at < 300; at += 1) cache.put(aDeployment('number-' + at, 0));`],
  ])('%s', async (_, work) => {
    const program = `
      import { ChildCache } from ${moduleUrl('child-cache.ts')};
      const cache = new ChildCache();
      ${aDeployment}
      ${work}
    `;
    expect(await runAsReconciler(program)).toBe('ended well');
  });
});

describe('what is remembered of 150 Deployments that somebody gave our label', () => {
  it.each([
    [
      'an applied hash of 256 KiB',
      `metadata.annotations = { 'mcp-lifecycle/applied-hash': long.slice(0, 256 * 1024) };`,
    ],
    [
      'an owner with a name of 1 MB',
      `metadata.ownerReferences = [{ kind: 'MCPServer', name: long, controller: true }];`,
    ],
    ['a condition of 1 MB', `status.conditions = [{ type: 'Available', status: 'False', message: long }];`],
  ])('is no more than fits with %s', async (_, change) => {
    const program = `
      import { ChildCache } from ${moduleUrl('child-cache.ts')};
      const cache = new ChildCache();
      for (let at = 0; at < 150; at += 1) {
        const long = String(at).padEnd(1_000_000, 'x');
        const metadata = { name: 'd' + at, namespace: 'tenant', uid: 'u' + at, resourceVersion: '1' };
        const status = {};
        ${change}
        // As it comes from the wire: texts of its own.
        cache.put(JSON.parse(JSON.stringify({ apiVersion: 'apps/v1', kind: 'Deployment', metadata, status })));
      }
    `;
    expect(await runAsReconciler(program)).toBe('ended well');
  });
});

describe('a Deployment of which not all is remembered', () => {
  const server = '/apis/mcp.x-k8s.io/v1beta1/namespaces/tenant/mcpservers/many';
  const deployment = '/apis/apps/v1/namespaces/tenant/deployments/many';
  const api = createFakeKubeApi();
  const clock = createFakeClock();
  const extraLabels = Object.fromEntries(
    Array.from({ length: 500 }, (_, at) => [`example.com/label-${at}-${'x'.repeat(40)}`, 'x']),
  );

  it('is read when it is decided about: what is as it was is not written, and what was changed is', async () => {
    api.put(server, {
      ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name: 'many', namespace: 'tenant' } },
      spec: {
        source: { type: 'ContainerImage', containerImage: { ref: 'example.com/search:1' } },
        config: { port: 8080 },
        extraLabels,
      },
    });
    const stop = startLead({
      ...{ api, clock, version: '1', namespaces: [], metrics: createReconcilerMetrics(new Registry()) },
      probe: () => Promise.resolve({ state: 'failed', message: 'nobody there' }),
    });
    await clock.advance(5_000);
    const before = api.writes.length;
    api.put(deployment, { status: { observedGeneration: 1, replicas: 1, readyReplicas: 0 } });
    await clock.advance(5_000);
    const isOfDeployment = (request: string): boolean => request.endsWith(deployment);
    expect(api.writes.slice(before).filter(isOfDeployment)).toEqual([]);
    expect(api.reads.filter(isOfDeployment)).not.toEqual([]);
    api.put(deployment, { spec: { replicas: 7 } });
    await clock.advance(5_000);
    expect(api.get(deployment)).toMatchObject({ spec: { replicas: 1 } });
    await stop();
  });
});
