import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { ClusterHandle } from '../../scripts/cluster/cluster.ts';
import { kubectlOk } from './kubectl.ts';

/** The last lines of what a program says, for a failure. */
const keptLines = 20;

export interface Running {
  /** Ends it; throws when it had ended before. */
  readonly stop: () => Promise<void>;
  /** Its last lines. */
  readonly said: () => readonly string[];
}

/** Beside the cluster, or in its network: see `commandInCluster`. */
export function startProgram(
  command: readonly string[],
  environment: ClusterHandle['environment'] = process.env,
): Running {
  const [program = '', ...args] = command;
  // A group of its own: what enters the network of the cluster is a program that starts another one.
  const child = spawn(program, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const lines: string[] = [];
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding('utf8').on('data', (text: string) => {
      lines.push(...text.trim().split('\n'));
      lines.splice(0, Math.max(0, lines.length - keptLines));
    });
  }
  const ended = once(child, 'close');
  return {
    said: () => lines,
    async stop() {
      const hadEnded = child.exitCode !== null;
      endGroup(child);
      await ended;
      if (hadEnded) throw new Error(`${program} ended by itself:\n${lines.join('\n')}`);
    },
  };
}

function endGroup({ pid, exitCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null) process.kill(-pid, 'SIGTERM');
}

/** Of the node, at which programs in the network of the cluster listen. */
export async function addressOfNode(): Promise<string> {
  const query = `jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}`;
  return (await kubectlOk(['get', 'nodes', '--output', query])).trim();
}

export interface ServiceBeside {
  readonly name: string;
  readonly namespace: string;
  readonly port: number;
  readonly listensOn: number;
}

/** A Service without pods, of a program that listens at the address of the node. */
export async function serviceBeside({ name, namespace, port, listensOn }: ServiceBeside): Promise<readonly object[]> {
  const metadata = { name, namespace };
  const labels = { 'kubernetes.io/service-name': name };
  return [
    {
      ...{ apiVersion: 'v1', kind: 'Service', metadata },
      spec: { ports: [{ name: 'web', port, targetPort: listensOn }] },
    },
    {
      ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { ...metadata, labels } },
      ...{
        addressType: 'IPv4',
        endpoints: [{ addresses: [await addressOfNode()], conditions: { ready: true } }],
      },
      ports: [{ name: 'web', port: listensOn, protocol: 'TCP' }],
    },
  ];
}

export interface ApiBeside {
  readonly group: string;
  readonly version: string;
  /** In kube-system. */
  readonly serviceName: string;
  readonly listensOn: number;
}

/** Has API servers ask a program beside the cluster for a group of APIs; what takes that back. */
export async function registerApi(api: ApiBeside): Promise<() => Promise<void>> {
  const { group, version, listensOn } = api;
  const service = { name: api.serviceName, namespace: 'kube-system' };
  const name = `${version}.${group}`;
  const apiService = {
    ...{ apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name } },
    spec: {
      ...{ service, group, version, insecureSkipTLSVerify: true },
      ...{ groupPriorityMinimum: 100, versionPriority: 100 },
    },
  };
  const items = [...(await serviceBeside({ ...service, port: 443, listensOn })), apiService];
  await kubectlOk(['apply', '--server-side', '--filename', '-'], { apiVersion: 'v1', kind: 'List', items });
  return async () => {
    await kubectlOk(['delete', '--ignore-not-found', 'apiservice', name]);
    const ofService = ['service,endpointslice', service.name, '--namespace', service.namespace];
    await kubectlOk(['delete', '--ignore-not-found', ...ofService]);
  };
}
