/**
 * @alone its metrics are an API of the whole cluster.
 * @slow autoscalers look four times a minute, at what was measured before; the first time metrics-server is built.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCommand, type CommandResult } from '../../../scripts/cluster/command.ts';
import type { Running } from '../../harness/beside.ts';
import { localCluster } from '../../harness/components.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectlOk, list, type KubeObject } from '../../harness/kubectl.ts';
import { oddServer, untilCondition } from '../../harness/mcp-server.ts';
import { buildMetricsServer, startMetricsServer } from '../../harness/metrics-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { runInside } from '../../harness/node-pod.ts';

const withinMs = 240_000;

/** 200 m is ten times what is requested, so one busy pod asks for as many as there may be. */
const manifest = oddServer('busy', 'good', {
  mcp: { stateless: true },
  runtime: { resources: { requests: { cpu: '20m', memory: '64Mi' }, limits: { cpu: '200m', memory: '128Mi' } } },
  extensions: {
    autoscaling: {
      ...{ minReplicas: 1, maxReplicas: 2, targetCPUUtilizationPercentage: 300 },
      behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
    },
  },
});

/** Two pods: requested and used of CPU, then of memory; nobody counts calls, and nothing is suggested. */
const lineOf = (namespace: string): RegExp =>
  new RegExp(`^${namespace} +busy +2 +20m +(\\d+)m +64Mi +(\\d+)Mi +- +-$`, 'm');

describe('a server that burns CPU, with a real metrics-server', () => {
  const namespace = useNamespace();
  let metrics: Running | undefined;
  let burning: Promise<string> | undefined;

  beforeAll(async () => {
    metrics = await startMetricsServer(await localCluster(), await buildMetricsServer());
  }, 3_600_000);
  afterAll(async () => {
    await metrics?.stop();
  });

  const read = (): Promise<KubeObject | undefined> => get(namespace, 'mcpservers', 'busy');
  /** As the guide says it, of the context that is named. */
  const cost = async (...args: readonly string[]): Promise<CommandResult> => {
    const { environment } = await localCluster();
    const context = (await kubectlOk(['config', 'current-context'])).trim();
    const command = [process.execPath, 'webhooks/main.ts', 'cost', '--namespace', namespace, '--context', context];
    return runCommand([...command, ...args], { env: environment });
  };
  const untilReplicas = (replicas: number): Promise<unknown> =>
    eventually(
      `there are ${replicas} pods`,
      async () => {
        const server = await read();
        return server?.status?.['readyReplicas'] === replicas && server.status['replicas'] === replicas;
      },
      {
        withinMs,
        describe: async () => (await get(namespace, 'horizontalpodautoscalers', 'busy'))?.status,
      },
    );

  it('gets another pod', async () => {
    await apply(namespace, manifest);
    await untilCondition(namespace, 'busy', { type: 'Verified', status: 'True' });
    const [pod] = await list({ namespace }, 'pods', 'mcp-server=busy');
    burning = runInside(
      namespace,
      pod?.metadata.name ?? '',
      'for (const end = Date.now() + 105e3; Date.now() < end; );',
    );
    await untilReplicas(2);
    expect((await get(namespace, 'deployments', 'busy'))?.spec).toMatchObject({ replicas: 2 });
    expect(conditionOf(await get(namespace, 'horizontalpodautoscalers', 'busy'), 'ScalingActive')?.status).toBe('True');
  });

  it('is told of by cost, with what its busiest pod uses, of which nothing follows for what it should request', async () => {
    const row = await eventually('what the burning pod uses is told', async () => {
      const { code, stdout, stderr } = await cost();
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const [, cpu = '', memory = ''] = lineOf(namespace).exec(stdout) ?? [];
      return Number(cpu) > 50 && { cpu: Number(cpu), memory: Number(memory) };
    });
    // As much as it may, and not more than was there while it was measured.
    expect(row.cpu).toBeLessThanOrEqual(220);
    expect(row.memory).toBeGreaterThan(10);
    expect(row.memory).toBeLessThanOrEqual(128);
    expect((await cost('--output', 'patch')).stdout).toBe('');
  });

  it('and loses it again when it has nothing to do, verified all the time, by nobody else', async () => {
    const { lastTransitionTime } = conditionOf(await read(), 'Verified') ?? {};
    await burning;
    await untilReplicas(1);
    const server = await read();
    expect(server?.spec).toMatchObject({ runtime: { replicas: 1 } });
    expect(conditionOf(server, 'Verified')).toMatchObject({ status: 'True', lastTransitionTime });
    expect(conditionOf(server, 'Autoscaled')).toMatchObject({ status: 'True', reason: 'Applied' });
  });

  it('is left as it is when the same manifest is applied again', async () => {
    const before = (await read())?.metadata.generation;
    await apply(namespace, manifest);
    expect((await read())?.metadata.generation).toBe(before);
  });
});
