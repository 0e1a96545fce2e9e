import { commandInCluster, type ClusterHandle } from '../../scripts/cluster/cluster.ts';
import { ensureTraefik, type Traefik } from '../../scripts/cluster/packages/traefik.ts';
import { resolveSettings } from '../../scripts/cluster/settings.ts';
import { addressOfNode, startProgram, type Running } from './beside.ts';
import { eventually } from './eventually.ts';
import { conditionOf, get, kubectlOk } from './kubectl.ts';

/** At which it listens, and so the one that a listener of its Gateways may have. */
export const gatewayPort = 18_000;
export const gatewayClass = 'traefik';

/** The first time it takes minutes. */
export function buildTraefik(): Promise<Traefik> {
  const { cache } = resolveSettings({}, process.env);
  return ensureTraefik(cache, (line) => process.stderr.write(`${line}\n`));
}

export async function removeGatewayApi({ crds }: Traefik): Promise<void> {
  await kubectlOk(['delete', '--ignore-not-found', '--filename', crds]);
}

/** The kinds of the Gateway API, and a Traefik for them in the network of the cluster; ends when that has taken its class. */
export async function startTraefik(cluster: ClusterHandle, { program, crds }: Traefik): Promise<Running> {
  await kubectlOk(['apply', '--server-side', '--force-conflicts', '--filename', crds]);
  await kubectlOk(['wait', '--for=condition=Established', '--timeout=60s', '--filename', crds]);
  const address = await addressOfNode();
  const command = [
    ...[program, `--entryPoints.web.address=${address}:${gatewayPort}`],
    ...['--providers.kubernetesGateway=true', `--providers.kubernetesGateway.statusAddress.ip=${address}`],
    ...['--global.checkNewVersion=false', '--global.sendAnonymousUsage=false'],
  ];
  const running = startProgram(await commandInCluster(cluster, command), cluster.environment);
  await kubectlOk(['apply', '--server-side', '--filename', '-'], {
    ...{ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GatewayClass', metadata: { name: gatewayClass } },
    spec: { controllerName: 'traefik.io/gateway-controller' },
  });
  const read = (): ReturnType<typeof get> => get('default', 'gatewayclasses', gatewayClass);
  await eventually(
    'Traefik has taken its GatewayClass',
    async () => conditionOf(await read(), 'Accepted')?.status === 'True',
    { describe: async () => ({ said: running.said(), status: (await read())?.status }) },
  );
  return running;
}
