import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { commandInCluster } from '../../scripts/cluster/cluster.ts';
import { requireCommand } from '../../scripts/cluster/command.ts';
import { ensureContour, type Contour } from '../../scripts/cluster/packages/contour.ts';
import { startProgram } from './beside.ts';
import { runController, type RealGateway, type RunningGateway, type Where } from './real-gateway.ts';

/** What Contour adds to the port of a listener, for an Envoy that may open no privileged one. */
const added = 8_000;
const listensOn = 18_000;
const xds = 18_002;
/** Where Prometheus finds at the address of the node what Envoy counts. */
export const contourMetrics = { port: 18_001, path: '/stats/prometheus' };

/** The controller beside an Envoy, for one Gateway that it is told (`gatewayRef`). */
export const contour: RealGateway = {
  ...{ controllerName: 'projectcontour.io/gateway-controller', refusesTwins: true },
  ...{ port: listensOn - added, listensOn },
  async build(cache, report) {
    const built = await ensureContour(cache, report);
    return { crds: built.crds, start: (where) => startBoth(built, where) };
  },
};

async function startBoth({ program, envoy }: Contour, { cluster, address, gateway }: Where): Promise<RunningGateway> {
  const folder = await mkdtemp(path.join(tmpdir(), 'mcp-lifecycle-contour-'));
  const [config, bootstrap] = [path.join(folder, 'contour.yaml'), path.join(folder, 'envoy.json')];
  // JSON is YAML.
  await writeFile(config, JSON.stringify({ gateway: { gatewayRef: gateway } }));
  const connection = ['--xds-address=127.0.0.1', `--xds-port=${xds}`];
  const first = [program, 'bootstrap', bootstrap, ...connection, `--admin-address=${path.join(folder, 'admin.sock')}`];
  await requireCommand([...first, `--namespace=${gateway.namespace}`], 'see what it says');
  const controller = await commandInCluster(cluster, [
    ...[program, 'serve', `--config-path=${config}`, `--kubeconfig=${cluster.kubeconfig}`, ...connection],
    ...['--insecure', '--disable-leader-election', `--ingress-status-address=${address}`],
    ...[`--stats-address=${address}`, `--stats-port=${contourMetrics.port}`],
    // Envoy cannot open its standard output, which is a socket here, and would not listen at all.
    ...['--envoy-http-access-log=/dev/null', '--envoy-https-access-log=/dev/null'],
  ]);
  const proxy = await commandInCluster(cluster, [
    ...[
      envoy,
      '--config-path',
      bootstrap,
      '--service-cluster',
      'edge',
      '--service-node',
      'edge',
      '--disable-hot-restart',
    ],
  ]);
  const deciding = runController(() => startProgram(controller, cluster.environment));
  const serving = startProgram(proxy, cluster.environment);
  return {
    said: () => [...deciding.said(), ...serving.said()],
    withoutController: deciding.withoutController,
    async stop() {
      await serving.stop();
      await deciding.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
