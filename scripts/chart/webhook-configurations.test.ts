import { describe, expect, it } from '@jest/globals';
import { at, render } from './render.ts';

const kinds = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'] as const;

type Webhook = Readonly<Record<string, unknown>>;

/** Of both configurations, with the path at which each is asked. */
async function webhooksOf(...args: readonly string[]): Promise<readonly Webhook[]> {
  const manifests = await render(...args);
  return kinds.flatMap((kind) => {
    const configuration = manifests.find((manifest) => manifest.kind === kind);
    return (at(configuration, 'webhooks') as readonly Webhook[]).map(({ clientConfig, ...webhook }) => ({
      ...webhook,
      path: at(clientConfig, 'service.path'),
    }));
  });
}

/** In the words of the API server. */
const asked = (verb: string, path: string, failurePolicy: string) => ({
  ...{ name: `${verb}.mcpservers.mcp.x-k8s.io`, path, failurePolicy },
  ...{ admissionReviewVersions: ['v1'], matchPolicy: 'Equivalent', sideEffects: 'None', timeoutSeconds: 5 },
  rules: [
    {
      ...{ apiGroups: ['mcp.x-k8s.io'], apiVersions: ['v1alpha1', 'v1beta1'], scope: 'Namespaced' },
      ...{ operations: ['CREATE', 'UPDATE'], resources: ['mcpservers'] },
    },
  ],
  matchConditions: [{ name: 'not-being-deleted', expression: '!has(object.metadata.deletionTimestamp)' }],
});

describe('the webhooks', () => {
  it('are asked of MCPServers alone, neither of their status nor of deletions; validation fails closed, defaults open', async () => {
    expect(await webhooksOf()).toEqual([asked('mutate', '/mutate', 'Ignore'), asked('validate', '/validate', 'Fail')]);
  });

  it('are chosen by no label that users write, in some namespaces either', async () => {
    const all = [
      ...['v2dy.enabled=true', 'v2dy.pools.enabled=true', 'policyConfigMap.name=ours'],
      ...['policyConfigMap.limitsReplicas=true', 'watchNamespaces={a,b}'],
    ].join();
    const webhooks = await webhooksOf('--set', all);
    expect(webhooks.map(({ name }) => name)).toEqual([
      ...['mutate.mcpservers.mcp.x-k8s.io', 'validate.mcpservers.mcp.x-k8s.io', 'scale.mcpservers.mcp.x-k8s.io'],
      ...['validate.mcpservers.mcp.v2dy.io', 'scale.mcpservers.mcp.v2dy.io', 'validate.mcppools.mcp.v2dy.io'],
    ]);
    const named = [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['a', 'b'] }];
    for (const webhook of webhooks) {
      expect(webhook).not.toHaveProperty('objectSelector');
      expect(webhook).toMatchObject({ namespaceSelector: { matchExpressions: named }, sideEffects: 'None' });
      expect(JSON.stringify(webhook['rules'])).not.toMatch(/DELETE|status|\*/);
    }
  });
});
