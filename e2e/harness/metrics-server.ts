import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { commandInCluster, type ClusterHandle } from '../../scripts/cluster/cluster.ts';
import { ensureMetricsServer } from '../../scripts/cluster/packages/metrics-server.ts';
import { resolveSettings } from '../../scripts/cluster/settings.ts';
import { serviceBeside, startProgram, type Running } from './beside.ts';
import { eventually } from './eventually.ts';
import { kubectl, kubectlOk } from './kubectl.ts';

const port = 10_443;
const service = { name: 'metrics-server', namespace: 'kube-system' };
const apiService = 'v1beta1.metrics.k8s.io';
/** More than the ten for which a kubelet is waited, or it ends at once. */
const everySeconds = 11;

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
    ...[`--secure-port=${port}`, `--cert-dir=${folder}`, `--metric-resolution=${everySeconds}s`],
    ...['--kubelet-insecure-tls', '--kubelet-preferred-address-types=InternalIP'],
  ]);
  const running = startProgram(command, cluster.environment);
  await kubectlOk(['apply', '--server-side', '--filename', '-'], await registration());
  await eventually('metrics of pods are served', async () => (await kubectl(['top', 'nodes'])).code === 0, {
    withinMs: 180_000,
    describe: async () => ({ said: running.said(), top: (await kubectl(['top', 'nodes'])).stderr }),
  });
  return {
    said: () => running.said(),
    async stop() {
      await kubectlOk(['delete', '--ignore-not-found', 'apiservice', apiService]);
      const ofService = ['service,endpointslice', service.name, '--namespace', service.namespace];
      await kubectlOk(['delete', '--ignore-not-found', ...ofService]);
      await running.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** No pod is behind the Service: the program runs beside them. */
async function registration(): Promise<object> {
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      ...(await serviceBeside({ ...service, port: 443, listensOn: port })),
      {
        ...{ apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: apiService } },
        spec: {
          ...{ service, group: 'metrics.k8s.io', version: 'v1beta1', insecureSkipTLSVerify: true },
          ...{ groupPriorityMinimum: 100, versionPriority: 100 },
        },
      },
    ],
  };
}
