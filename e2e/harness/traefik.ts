import { commandInCluster } from '../../scripts/cluster/cluster.ts';
import { ensureTraefik } from '../../scripts/cluster/packages/traefik.ts';
import { startProgram } from './beside.ts';
import { runController, type RealGateway } from './real-gateway.ts';

const port = 18_000;
/** Where Prometheus finds at the address of the node what it counts. */
export const traefikMetrics = { port: 18_001, path: '/metrics' };

/** One program for both. A listener of its Gateways has the port at which it listens. */
export const traefik: RealGateway = {
  ...{ controllerName: 'traefik.io/gateway-controller', port, listensOn: port },
  async build(cache, report) {
    const { program, crds } = await ensureTraefik(cache, report);
    return {
      crds,
      async start({ cluster, address }) {
        const command = [
          ...[program, `--entryPoints.web.address=${address}:${port}`],
          ...['--providers.kubernetesGateway=true', `--providers.kubernetesGateway.statusAddress.ip=${address}`],
          ...[
            `--entryPoints.metrics.address=${address}:${traefikMetrics.port}`,
            '--metrics.prometheus.entryPoint=metrics',
          ],
          ...['--global.checkNewVersion=false', '--global.sendAnonymousUsage=false'],
        ];
        const inCluster = await commandInCluster(cluster, command);
        return runController(() => startProgram(inCluster, cluster.environment));
      },
    };
  },
};
