import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectl, kubectlOk, list } from '../../harness/kubectl.ts';
import { everythingServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

describe('what cannot be written', () => {
  const namespace = useNamespace();
  const only = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };

  const webhookDown = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: namespace },
    webhooks: [
      {
        ...{ name: 'theirs.example.com', failurePolicy: 'Fail', sideEffects: 'None', timeoutSeconds: 1 },
        ...{ admissionReviewVersions: ['v1'], namespaceSelector: only },
        clientConfig: { url: 'https://127.0.0.1:1/' },
        rules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] }],
      },
    ],
  };

  const noServerInfo = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: namespace },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        namespaceSelector: only,
        resourceRules: [
          {
            ...{ apiGroups: ['mcp.x-k8s.io'], apiVersions: ['*'], operations: ['UPDATE'] },
            resources: ['mcpservers/status'],
          },
        ],
      },
      validations: [{ expression: '!has(object.status.serverInfo)', message: 'no serverInfo here' }],
    },
  };

  const binding = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name: namespace },
    spec: { policyName: namespace, validationActions: ['Deny'] },
  };

  const create = (object: object): Promise<string> => kubectlOk(['create', '--filename', '-'], object);
  const stop = (resource: string) => kubectl(['delete', resource, namespace, '--ignore-not-found']);
  const noteOf = async (wanted: string): Promise<unknown> =>
    (await list({ namespace }, 'events.events.k8s.io')).find(({ reason }) => reason === wanted)?.['note'];

  beforeAll(async () => {
    await create(webhookDown);
    await create(noServerInfo);
    await create(binding);
    // Both are in force some time after they were stored.
    await eventually('the webhook of somebody else refuses', async () => {
      const dryRun = ['create', 'deployment', 'probe', '--image=x', '--dry-run=server', '--namespace', namespace];
      return (await kubectl(dryRun)).code !== 0;
    });
    await apply(namespace, everythingServer('search'));
  });

  afterAll(async () => {
    await stop('validatingwebhookconfiguration');
    await stop('validatingadmissionpolicybinding');
    await stop('validatingadmissionpolicy');
  });

  it('a Deployment, because somebody’s webhook is down: status and one event say so, and it is tried again', async () => {
    const server = await untilCondition(namespace, 'search', { type: 'Available', status: 'False' });
    expect(conditionOf(server, 'Available')?.reason).toBe('DeploymentUnavailable');
    expect(conditionOf(server, 'Available')?.message).toMatch(
      /^Failed to reconcile Deployment: .*failed calling webhook "theirs\.example\.com".*; it is tried again$/,
    );
    expect(await eventually('an event', () => noteOf('DeploymentUnavailable'))).toContain('theirs.example.com');
    await stop('validatingwebhookconfiguration');
    await eventually('the Deployment', () => get(namespace, 'deployments', 'search'));
  });

  it('a status, because the API server refuses a part of it: the rest is written, and says why', async () => {
    const server = await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    expect(conditionOf(server, 'Verified')?.message).toMatch(
      /^Only a part of this status can be written: .*no serverInfo/,
    );
    expect(conditionOf(server, 'Ready')?.status).toBe('True');
    expect(server.status).not.toHaveProperty('serverInfo');
    expect(await eventually('an event', () => noteOf('StatusNotWritten'))).toContain('no serverInfo here');
  });
});
