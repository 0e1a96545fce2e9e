import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { commandInCluster, type ClusterHandle } from '../../scripts/cluster/cluster.ts';
import { ensureMetricsServer } from '../../scripts/cluster/packages/metrics-server.ts';
import { resolveSettings } from '../../scripts/cluster/settings.ts';
import { registerApi, startProgram, type Running } from './beside.ts';
import { eventually } from './eventually.ts';
import { kubectl } from './kubectl.ts';

const port = 10_443;
const api = { group: 'metrics.k8s.io', version: 'v1beta1', serviceName: 'metrics-server', listensOn: port };
/** It wants to measure a good deal less often than it waits for a kubelet, or ends at once. */
const seconds = { resolution: 10, timeout: 5 };

/** The first time it takes minutes. */
export function buildMetricsServer(): Promise<string> {
  const { cache } = resolveSettings({}, process.env);
  return ensureMetricsServer(cache, (line) => process.stderr.write(`${line}\n`));
}

/** A metrics-server in the network of the cluster, which API servers ask through its Service; ends when that answers. */
export async function startMetricsServer(cluster: ClusterHandle, program: string): Promise<Running> {
  const folder = await mkdtemp(path.join(tmpdir(), 'mcp-lifecycle-metrics-server-'));
  const kubeconfigs = ['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'];
  const command = await commandInCluster(cluster, [
    program,
    ...kubeconfigs.map((flag) => `--${flag}=${cluster.kubeconfig}`),
    ...[`--secure-port=${port}`, `--cert-dir=${folder}`, `--metric-resolution=${seconds.resolution}s`],
    ...[`--kubelet-request-timeout=${seconds.timeout}s`, '--kubelet-insecure-tls'],
    '--kubelet-preferred-address-types=InternalIP',
  ]);
  const running = startProgram(command, cluster.environment);
  const unregister = await registerApi(api);
  const stop = async (): Promise<void> => {
    await unregister();
    await running.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await eventually('metrics of pods are served', async () => (await kubectl(['top', 'nodes'])).code === 0, {
      withinMs: 180_000,
      describe: async () => ({ said: running.said(), top: (await kubectl(['top', 'nodes'])).stderr }),
    });
  } catch (error) {
    // An API that nobody serves keeps every namespace from being deleted.
    await stop().catch(() => undefined);
    throw error;
  }
  return { said: () => running.said(), stop };
}
