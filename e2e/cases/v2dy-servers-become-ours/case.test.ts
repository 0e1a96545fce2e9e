/**
 * @alone it installs the chart with another CustomResourceDefinition and another webhook.
 * @installs the chart with that feature to begin with.
 * @slow the pods are replaced when the feature comes, and when it goes.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { installChart } from '../../harness/chart.ts';
import { eventually } from '../../harness/eventually.ts';
import { restoreChart } from '../../harness/installation.ts';
import { untilKindsAreServed } from '../../harness/kinds.ts';
import { apply, conditionOf, get, kubectl, kubectlOk, type KubeObject } from '../../harness/kubectl.ts';
import { untilComplete } from '../../harness/leader.ts';
import { imageOf, stdioCommand, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

const resource = 'mcpservers.mcp.v2dy.io';

/** The second sample of ADR-001 but for its image, which stands in, and the variable by which that is told what it is. */
function sendgrid(image: string, spec: object = {}): object {
  return {
    ...{ apiVersion: 'mcp.v2dy.io/v1', kind: 'MCPServer', metadata: { name: 'sendgrid-mcp' } },
    spec: {
      ...{ image, port: 3001, protocol: 'http' },
      env: [
        {
          name: 'BEARER_TOKEN_BEARERAUTH',
          valueFrom: { secretKeyRef: { name: 'sendgrid-secrets', key: 'bearer-token' } },
        },
        { name: 'ODD_ARGUMENTS', value: '3001 good' },
      ],
      ...spec,
    },
  };
}

/** The first sample of ADR-001. */
const exampleServer = {
  ...{ apiVersion: 'mcp.v2dy.io/v1', kind: 'MCPServer', metadata: { name: 'example-mcp-server' } },
  spec: {
    ...{ image: 'mcp/example-server:latest', port: 3000, protocol: 'http', replicas: 1 },
    resources: { requests: { memory: '64Mi', cpu: '250m' }, limits: { memory: '128Mi', cpu: '500m' } },
    env: [{ name: 'API_KEY', valueFrom: { secretKeyRef: { name: 'mcp-secrets', key: 'api-key' } } }],
  },
};

describe('an MCPServer of mcp.v2dy.io', () => {
  const namespace = useNamespace();
  const image = (): string => imageOf('odd-mcp-server');

  const read = async (name = 'sendgrid-mcp'): Promise<KubeObject | undefined> => {
    const args = ['get', resource, name, '--namespace', namespace, '--output', 'json'];
    const { code, stdout } = await kubectl(args);
    return code === 0 ? (JSON.parse(stdout) as KubeObject) : undefined;
  };
  const untilReady = (status: string, generation: number): Promise<KubeObject> =>
    eventually(`it is Ready=${status} of generation ${generation}`, async () => {
      const found = await read();
      const ready = conditionOf(found, 'Ready');
      return ready?.status === status && ready.observedGeneration === generation ? found : undefined;
    });
  const dryRun = (manifest: object): ReturnType<typeof kubectl> =>
    kubectl(['apply', '--dry-run=server', '--namespace', namespace, '--filename', '-'], manifest);

  beforeAll(async () => {
    await installChart({ args: ['--set', 'v2dy.enabled=true'] });
    await untilComplete();
    await untilKindsAreServed(`crd/${resource}`);
  });
  // It would stay, and kubectl could take `mcpserver` for it.
  afterAll(() => kubectl(['delete', 'crd', resource, '--ignore-not-found']));

  it('applies as the design of its operator has it, and is refused at the fields that were written', async () => {
    // Until API servers know its CA they refuse by themselves.
    await eventually('the webhook is asked', async () => {
      const { code, stderr } = await dryRun(sendgrid('https://example.com/x'));
      return code !== 0 && /spec\.image: .* \[image-reference-valid\]/.test(stderr);
    });
    const stdio = await dryRun(sendgrid(image(), { protocol: 'stdio', port: undefined }));
    expect(stdio.stderr).toMatch(/spec\.protocol: /);
    expect(await dryRun(exampleServer)).toMatchObject({ code: 0 });
    const warned = await dryRun(sendgrid(image()));
    expect(warned).toMatchObject({ code: 0, stderr: expect.stringContaining('secretKeyRef') });
  });

  it('becomes one of ours, whose status it has, and applying it again changes nothing', async () => {
    await apply(namespace, {
      ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'sendgrid-secrets' } },
      stringData: { 'bearer-token': 'x' },
    });
    await apply(namespace, sendgrid(image()));
    const found = await untilReady('True', 1);
    expect(found.status).toMatchObject({
      ...{ phase: 'Running', replicas: 1, readyReplicas: 1, observedGeneration: 1 },
      address: { url: `http://sendgrid-mcp.${namespace}.svc.cluster.local:3001/mcp` },
    });
    const ours = await untilCondition(namespace, 'sendgrid-mcp', { type: 'Verified', status: 'True' });
    await apply(namespace, sendgrid(image()));
    const again = await get(namespace, 'mcpservers', 'sendgrid-mcp');
    expect(again?.metadata.generation).toBe(ours.metadata.generation);
    expect((await read())?.metadata.generation).toBe(1);
  });

  it('is what kubectl means by the bare name of the kind, and has a short name that ours does not', async () => {
    for (const name of ['mcpserver', 'v2mcp']) {
      const { stdout } = await kubectl(['get', name, '--namespace', namespace, '--output', 'name']);
      expect(stdout.trim()).toBe('mcpserver.mcp.v2dy.io/sendgrid-mcp');
    }
  });

  it('is scaled, and ours follows; whoever scales ours is brought back', async () => {
    const replicas = async (): Promise<unknown> => {
      const { runtime } = (await get(namespace, 'mcpservers', 'sendgrid-mcp'))?.spec ?? {};
      return (runtime as { readonly replicas?: number } | undefined)?.replicas;
    };
    const scale = (what: string, count: number): Promise<string> =>
      kubectlOk(['scale', what, 'sendgrid-mcp', `--replicas=${count}`, '--namespace', namespace]);
    await scale(resource, 2);
    await eventually('ours has two replicas', async () => (await replicas()) === 2);
    const found = await untilReady('True', 2);
    expect(found.status).toMatchObject({ selector: 'mcp-server=sendgrid-mcp' });
    await scale('mcpservers.mcp.x-k8s.io', 5);
    await eventually('ours has two replicas again', async () => (await replicas()) === 2);
  });

  it('is scaled by an autoscaler that names it', async () => {
    // Below the least of an autoscaler nobody has to measure anything.
    await apply(namespace, {
      ...{ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'sendgrid-mcp' } },
      spec: {
        scaleTargetRef: { apiVersion: 'mcp.v2dy.io/v1', kind: 'MCPServer', name: 'sendgrid-mcp' },
        ...{ minReplicas: 3, maxReplicas: 4 },
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
        ],
      },
    });
    const found = await eventually('it has three replicas', async () => {
      const server = await read();
      return server?.status?.['readyReplicas'] === 3 ? server : undefined;
    });
    expect(found.spec).toMatchObject({ replicas: 3 });
    expect((await get(namespace, 'deployments', 'sendgrid-mcp'))?.spec).toMatchObject({ replicas: 3 });
    await kubectlOk(['delete', 'horizontalpodautoscaler', 'sendgrid-mcp', '--namespace', namespace]);
  });

  it('that speaks stdio is served, with the command of its annotation', async () => {
    await apply(namespace, {
      ...{ apiVersion: 'mcp.v2dy.io/v1', kind: 'MCPServer' },
      metadata: { name: 'files', annotations: { 'mcp-lifecycle/stdio-command': JSON.stringify(stdioCommand) } },
      spec: { image: imageOf('stdio-mcp-server'), protocol: 'stdio' },
    });
    await untilCondition(namespace, 'files', { type: 'Verified', status: 'True' });
    const found = await eventually('it is ready', async () => {
      const server = await read('files');
      return conditionOf(server, 'Ready')?.status === 'True' ? server : undefined;
    });
    expect(found.status).toMatchObject({
      ...{ phase: 'Running', address: { url: `http://files.${namespace}.svc.cluster.local:3000/mcp` } },
    });
  });

  it('that is deleted without ours leaves it as one of nobody, with nothing of ours in it', async () => {
    const before = await get(namespace, 'deployments', 'sendgrid-mcp');
    await kubectlOk(['delete', resource, 'sendgrid-mcp', '--cascade=orphan', '--namespace', namespace]);
    const left = await eventually('it is let go of', async () => {
      const server = await get(namespace, 'mcpservers', 'sendgrid-mcp');
      return JSON.stringify(server?.metadata.labels ?? {}).includes('mcp-lifecycle/') ? undefined : server;
    });
    expect(left.spec).toMatchObject({ config: { port: 3001 }, runtime: { replicas: 3 } });
    const args = ['get', 'mcpservers.mcp.x-k8s.io', 'sendgrid-mcp', '--namespace', namespace, '--show-managed-fields'];
    const { metadata } = JSON.parse(await kubectlOk([...args, '--output', 'json'])) as {
      readonly metadata: {
        readonly managedFields: readonly { readonly manager: string }[];
        readonly annotations?: object;
      };
    };
    expect(metadata.managedFields.map(({ manager }) => manager)).not.toContain('mcp-lifecycle');
    expect(metadata.annotations ?? {}).not.toHaveProperty('mcp-lifecycle/applied-hash');
    expect(metadata).not.toHaveProperty('ownerReferences');
    const after = await get(namespace, 'deployments', 'sendgrid-mcp');
    expect(after?.metadata.generation).toBe(before?.metadata.generation);
  });

  it('goes on serving when the feature is turned off, and ends with its object', async () => {
    const before = await get(namespace, 'deployments', 'files');
    await restoreChart();
    await untilComplete();
    expect(await read('files')).toBeDefined();
    expect((await get(namespace, 'deployments', 'files'))?.metadata.uid).toBe(before?.metadata.uid);
    await kubectlOk(['delete', resource, 'files', '--namespace', namespace]);
    await eventually(
      'ours and its Deployment are gone',
      async () =>
        (await get(namespace, 'mcpservers', 'files')) === undefined &&
        (await get(namespace, 'deployments', 'files')) === undefined,
    );
  });
});
