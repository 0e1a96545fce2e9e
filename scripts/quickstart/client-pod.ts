import type { ClusterHandle } from '../cluster/cluster.ts';
import { requireCommand, runCommand } from '../cluster/command.ts';
import { ClusterFailure } from '../cluster/failure.ts';
import { diagnose } from './diagnosis.ts';

/** What the official MCP client saw (scripts/image/mcp-client.ts). */
export interface ClientReport {
  readonly server?: { readonly name: string; readonly version: string };
  readonly tools: readonly string[];
  readonly result?: { readonly isError?: boolean; readonly content: readonly { readonly text?: string }[] };
}

export interface ClientCall {
  readonly namespace: string;
  /** Of the image mcp-client. */
  readonly image: string;
  readonly server: string;
  readonly url: string;
  readonly tool: string;
  readonly toolArguments: object;
}

/** Longest we wait for the client's pod, start included. */
const timeout = '60s';

/** Runs the client as a pod in the namespace and returns what it printed; the pod is removed again. */
export async function callFromInside(cluster: ClusterHandle, call: ClientCall): Promise<ClientReport> {
  const name = `mcp-client-${call.server}-${Date.now().toString(36)}`;
  const kubectl = ['kubectl', '--namespace', call.namespace];
  const options = { env: cluster.environment };
  const overrides = JSON.stringify({ spec: podSpec(name, call) });
  await requireCommand(
    [
      ...kubectl,
      'run',
      name,
      `--image=${call.image}`,
      '--restart=Never',
      '--override-type=strategic',
      '--overrides',
      overrides,
    ],
    'check that the namespace exists',
    options,
  );
  try {
    const wait = [
      ...kubectl,
      'wait',
      `pod/${name}`,
      '--for=jsonpath={.status.phase}=Succeeded',
      `--timeout=${timeout}`,
    ];
    const { code } = await runCommand(wait, options);
    if (code === 0) {
      const { stdout } = await runCommand([...kubectl, 'logs', name], options);
      return JSON.parse(stdout) as ClientReport;
    }
    const { namespace, server } = call;
    const parts = await Promise.all([
      diagnose(cluster, { kind: 'Pod', namespace, name, selector: `run=${name}` }),
      diagnose(cluster, { kind: 'MCPServer', namespace, name: server, selector: `mcp-server=${server}` }),
    ]);
    throw new ClusterFailure(`The MCP client could not speak to ${call.url} within ${timeout}.\n${parts.join('\n')}`);
  } finally {
    await runCommand([...kubectl, 'delete', 'pod', name, '--wait=false', '--ignore-not-found'], options);
  }
}

function podSpec(name: string, { image, url, tool, toolArguments }: ClientCall): object {
  return {
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name,
        image,
        args: [url, tool, JSON.stringify(toolArguments)],
        securityContext: {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          readOnlyRootFilesystem: true,
        },
      },
    ],
  };
}
