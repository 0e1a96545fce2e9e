import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { issueAuthority, issueServing, serviceDnsNames } from '../../../webhooks/platform/tls/certificates.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectl, kubectlOk, type KubeObject } from '../../harness/kubectl.ts';
import { imageOf, kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

const port = 8443;

/** Writes into each Deployment what a platform may want: a variable into our container, the node's processes. */
const hook = `
  const { KEY: key, CERT: cert } = process.env;
  const patchOf = ({ spec: { template: { spec: { containers } } } }) => [
    { op: 'add', path: '/spec/template/spec/hostPID', value: true },
    { op: 'add', path: '/spec/template/spec/containers/0/env', value: [{ name: 'INJECTED', value: '1' }] },
  ].filter(({ path }) => !path.endsWith('env') || containers[0].env === undefined);
  require('node:https').createServer({ key, cert }, (request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk)).on('end', () => {
      const { uid, object } = JSON.parse(body).request;
      const patch = Buffer.from(JSON.stringify(patchOf(object))).toString('base64');
      const answer = { uid, allowed: true, patchType: 'JSONPatch', patch };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }));
    });
  }).listen(${port});`;

describe('what a mutating webhook of the cluster writes into our own requests', () => {
  const namespace = useNamespace();
  const configuration = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingWebhookConfiguration' };

  beforeAll(async () => {
    const authority = await issueAuthority(new Date());
    const names = serviceDnsNames('hook', namespace, 'cluster.local');
    const { certificate, privateKey } = await issueServing(authority, names, new Date());
    await apply(namespace, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'hook', labels: { app: 'hook' } },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: 'hook',
            image: imageOf('mcp-client'),
            command: ['/nodejs/bin/node', '-e', hook],
            env: [
              { name: 'KEY', value: privateKey },
              { name: 'CERT', value: certificate },
            ],
            readinessProbe: { tcpSocket: { port }, periodSeconds: 1 },
          },
        ],
      },
    });
    await apply(namespace, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'hook' },
      spec: { selector: { app: 'hook' }, ports: [{ port: 443, targetPort: port }] },
    });
    await kubectlOk(['wait', 'pod/hook', '--namespace', namespace, '--for=condition=Ready', '--timeout=300s']);
    await apply(namespace, {
      ...configuration,
      metadata: { name: namespace },
      webhooks: [
        {
          name: 'hook.e2e.example.com',
          ...{ admissionReviewVersions: ['v1'], sideEffects: 'None', failurePolicy: 'Fail' },
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
          rules: [
            { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['deployments'] },
          ],
          clientConfig: {
            service: { name: 'hook', namespace },
            caBundle: Buffer.from(authority.certificate).toString('base64'),
          },
        },
      ],
    });
    const probe = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'probe' }, spec: probeSpec };
    await eventually('the webhook is called', async () => {
      const { stdout } = await kubectl(
        ['create', '--dry-run=server', '--namespace', namespace, '--filename', '-', '--output', 'json'],
        probe,
      );
      return stdout.includes('INJECTED');
    });
  });

  afterAll(async () => {
    await kubectl(['delete', 'mutatingwebhookconfiguration', namespace, '--ignore-not-found']);
  });

  it('stays, and what weakens the pods is named in status', async () => {
    await apply(namespace, kubernetesServer('search', { runtime: { replicas: 0 } }));
    await untilCondition(namespace, 'search', { type: 'Ready', status: 'True' });
    const foreignOf = (of: KubeObject | undefined): unknown =>
      (of?.status as { readonly extensions?: { readonly foreign?: unknown } } | undefined)?.extensions?.foreign;
    const server = await eventually('status names something', async () => {
      const found = await get(namespace, 'mcpservers', 'search');
      return foreignOf(found) === undefined ? undefined : found;
    });
    expect(foreignOf(server)).toEqual({
      fields: [{ kind: 'Deployment', path: 'spec.template.spec.hostPID', state: 'FromAdmission' }],
    });
    expect(conditionOf(server, 'Accepted')).toMatchObject({
      status: 'True',
      message: 'Configuration is valid; 1 field that others wrote stands in what runs, see status.extensions.foreign',
    });
    const deployment = await get(namespace, 'deployments', 'search');
    expect(JSON.stringify(deployment?.spec)).toContain('INJECTED');
    // Written once: what nobody owns is no reason to write again.
    expect(deployment?.metadata.generation).toBe(1);
  });
});

const probeSpec = {
  selector: { matchLabels: { app: 'probe' } },
  template: {
    metadata: { labels: { app: 'probe' } },
    spec: { containers: [{ name: 'probe', image: 'example.com/probe:1' }] },
  },
};
