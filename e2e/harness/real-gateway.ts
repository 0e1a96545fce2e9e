import { afterAll, beforeAll } from '@jest/globals';
import type { ClusterHandle } from '../../scripts/cluster/cluster.ts';
import type { Report } from '../../scripts/cluster/progress.ts';
import { resolveSettings } from '../../scripts/cluster/settings.ts';
import { addressOfNode, serviceBeside, type Running } from './beside.ts';
import { installChart } from './chart.ts';
import { localCluster } from './components.ts';
import { eventually } from './eventually.ts';
import { installKinds } from './kinds.ts';
import { apply, conditionOf, get, kubectlOk } from './kubectl.ts';
import { useNamespace } from './namespace.ts';
import { startNodePods } from './node-pod.ts';

/** A controller of Gateways of another project, and what serves at them. */
export interface RealGateway {
  readonly controllerName: string;
  /** Of the listener, and where it listens for that at the address of the node. */
  readonly port: number;
  readonly listensOn: number;
  /** Whether it refuses the younger of two routes with the same host and path; default: it takes both. */
  readonly refusesTwins?: boolean;
  /** The first time it takes minutes. */
  readonly build: (cache: string, report: Report) => Promise<BuiltGateway>;
}

export interface BuiltGateway {
  /** A directory with the kinds of the Gateway API, and its own. */
  readonly crds: string;
  /** In the network of the cluster. */
  readonly start: (where: Where) => Promise<RunningGateway>;
}

export interface RunningGateway extends Running {
  /** Its controller is away for as long as `work` takes, and what serves with it where both are one program. */
  readonly withoutController: (work: () => Promise<void>) => Promise<void>;
}

/** What is one program. */
export function runController(start: () => Running): RunningGateway {
  let running = start();
  return {
    said: () => running.said(),
    stop: () => running.stop(),
    async withoutController(work) {
      await running.stop();
      try {
        await work();
      } finally {
        running = start();
      }
    },
  };
}

export interface Where {
  readonly cluster: ClusterHandle;
  /** Of the node. */
  readonly address: string;
  /** What it serves. */
  readonly gateway: { readonly name: string; readonly namespace: string };
}

/** Where servers are published in a case, and who calls them. */
export interface Edge {
  /** Of the servers; the pod `client` is in it, and the ConfigMap `edge`. */
  readonly namespace: string;
  /** Of the Gateway, which admits no routes of it. */
  readonly gateways: string;
  readonly host: string;
  /** The URL of the host. */
  readonly root: string;
  readonly withoutController: RunningGateway['withoutController'];
}

export const gatewayName = 'public';

/** The chart with routes, then the kinds of the Gateway API, a real gateway and a Gateway of it. Call at the top of `describe`. */
export function useGateway({ controllerName, port, listensOn, build }: RealGateway): Edge {
  const namespace = useNamespace();
  const gateways = useNamespace();
  const host = `edge.${gateways}.svc.cluster.local`;
  const withoutController: Edge['withoutController'] = async (work) => running?.withoutController(work);
  const edge: Edge = { namespace, gateways, host, root: `http://${host}:${port}`, withoutController };
  let built: BuiltGateway | undefined;
  let running: RunningGateway | undefined;

  beforeAll(async () => {
    const { cache } = resolveSettings({}, process.env);
    built = await build(cache, (line) => process.stderr.write(`${line}\n`));
    await installChart({ args: ['--set', 'gateway.httpRoute.enabled=true'] });
    await installKinds(built.crds);
    const gateway = { name: gatewayName, namespace: gateways };
    running = await built.start({ cluster: await localCluster(), address: await addressOfNode(), gateway });
    await kubectlOk(['apply', '--server-side', '--filename', '-'], gatewayClass(gateways, controllerName));
    const service = await serviceBeside({ name: 'edge', namespace: gateways, port, listensOn });
    await apply(gateways, { apiVersion: 'v1', kind: 'List', items: [gatewayFor(edge, port), ...service] });
    await apply(namespace, settingsFor(edge, 'edge'));
    await startNodePods(namespace, [{ name: 'client' }]);
    await untilTaken(gateways, running);
  }, 3_600_000);

  // Whoever comes next brings the chart back.
  afterAll(async () => {
    await running?.stop();
    await kubectlOk(['delete', 'gatewayclass', gateways, '--ignore-not-found']);
    if (built !== undefined) await kubectlOk(['delete', '--ignore-not-found', '--filename', built.crds]);
  });
  return edge;
}

async function untilTaken(gateways: string, running: Running): Promise<void> {
  const read = (): ReturnType<typeof get> => get(gateways, 'gateways.gateway.networking.k8s.io', gatewayName);
  await eventually(
    'its controller has taken the Gateway',
    async () => conditionOf(await read(), 'Accepted')?.status === 'True',
    { describe: async () => ({ said: running.said(), status: (await read())?.status }) },
  );
}

/** Which Gateway a server is published at, and by which host. */
export function settingsFor(
  { gateways, host }: Edge,
  name: string,
  more: Readonly<Record<string, string>> = {},
): object {
  const data = { 'gateway-name': gatewayName, 'gateway-namespace': gateways, 'route-hostname': host, ...more };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
}

function gatewayClass(name: string, controllerName: string): object {
  const apiVersion = 'gateway.networking.k8s.io/v1';
  return { apiVersion, kind: 'GatewayClass', metadata: { name }, spec: { controllerName } };
}

function gatewayFor({ namespace, gateways }: Edge, port: number): object {
  const selector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
  const allowedRoutes = { namespaces: { from: 'Selector', selector } };
  const listener = { name: 'web', protocol: 'HTTP', port, hostname: '*.svc.cluster.local', allowedRoutes };
  return {
    ...{ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway' },
    ...{ metadata: { name: gatewayName, namespace: gateways } },
    spec: { gatewayClassName: gateways, listeners: [listener] },
  };
}
