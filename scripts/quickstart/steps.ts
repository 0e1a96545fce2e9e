import { fileURLToPath } from 'node:url';
import type { ClusterHandle } from '../cluster/cluster.ts';
import { requireCommand, runCommand } from '../cluster/command.ts';
import { ClusterFailure } from '../cluster/failure.ts';
import { diagnose } from './diagnosis.ts';

const sampleFile = (name: string): string => fileURLToPath(new URL(`samples/${name}.yaml`, import.meta.url));

export const namespace = 'mcp-quickstart';

/** A server that the quickstart leaves running, and a tool of it to call. */
export interface SampleServer {
  readonly name: string;
  readonly sample: string;
  readonly port: number;
  readonly tool: string;
  readonly toolArguments: object;
}

/** Two real servers, of different makers, languages and revisions of the protocol. */
export const servers = [
  // The tool works with the rights of ClusterRole `view`.
  { name: 'kubernetes', sample: 'server', port: 8080, tool: 'namespaces_list', toolArguments: {} },
  { name: 'everything', sample: 'everything', port: 3001, tool: 'echo', toolArguments: { message: 'hello' } },
] as const satisfies readonly SampleServer[];

const show = ['kubectl', '--namespace', namespace, 'get', 'mcpserver'];

export async function applySamples(cluster: ClusterHandle): Promise<void> {
  await requireCommand(
    ['kubectl', 'apply', ...servers.flatMap(({ sample }) => ['--filename', sampleFile(sample)])],
    'remove the quickstart with `npm run quickstart -- --down` and run it again',
    { env: cluster.environment },
  );
}

/** What kubectl says to a manifest that must be refused. */
export async function showDenied(cluster: ClusterHandle): Promise<string> {
  const { code, stderr } = await tryOut(cluster, 'denied');
  if (code !== 0 && stderr.includes('run-as-non-root')) return stderr.trim();
  throw new ClusterFailure(
    `A container that runs as root was not refused by our rule (kubectl said: ${stderr.trim()}).`,
  );
}

/** What kubectl says to a manifest that is admitted with a warning. */
export async function showWarned(cluster: ClusterHandle): Promise<string> {
  const { code, stdout, stderr } = await tryOut(cluster, 'warned');
  if (code === 0 && stderr.includes('Warning:')) return `${stderr.trim()}\n${stdout.trim()}`;
  throw new ClusterFailure(
    `A missing ConfigMap was not warned about (kubectl said: ${stderr.trim()}${stdout.trim()}).`,
  );
}

/** A server dry run: the webhooks judge, nothing is stored. */
function tryOut(cluster: ClusterHandle, name: string): Promise<{ code: number; stdout: string; stderr: string }> {
  return runCommand(['kubectl', 'apply', '--dry-run=server', '--filename', sampleFile(name)], {
    env: cluster.environment,
  });
}

/** Waits until the server is Ready and Verified, and returns its address. */
export async function waitUntilVerified(cluster: ClusterHandle, name: string): Promise<string> {
  const options = { env: cluster.environment };
  for (const condition of ['Ready', 'Verified']) {
    const wait = ['kubectl', '--namespace', namespace, 'wait', `mcpserver/${name}`];
    const { code } = await runCommand([...wait, `--for=condition=${condition}`, '--timeout=90s'], options);
    if (code !== 0) throw new ClusterFailure(await explainNotYet(cluster, name, condition));
  }
  const url = await requireCommand(
    [...show, name, '--output', 'jsonpath={.status.address.url}'],
    'run it again',
    options,
  );
  if (url === '') throw new ClusterFailure(`${name} is verified but has no address in status: please report this.`);
  return url;
}

async function explainNotYet(cluster: ClusterHandle, name: string, condition: string): Promise<string> {
  const why = await diagnose(cluster, { kind: 'MCPServer', namespace, name, selector: `mcp-server=${name}` });
  return `MCPServer ${name} did not become ${condition} within 90 seconds.\n${why}`;
}

export async function showServers(cluster: ClusterHandle): Promise<string> {
  return (await requireCommand([...show, '--output', 'wide'], 'run it again', { env: cluster.environment })).trim();
}
