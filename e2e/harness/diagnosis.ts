import { runCommand } from '../../scripts/cluster/command.ts';
import { release } from '../../scripts/quickstart/install.ts';

/** One look at the cluster; of many lines the first or the last say most. */
interface Look {
  readonly title: string;
  readonly args: readonly string[];
  readonly keep: 'first' | 'last';
}

/** Of one look, so that what is printed is read. */
const maxLines = 40;
/** Of one line, in characters. */
const maxLength = 300;

const conditions = '{range .status.conditions[*]}  {.type}={.status} {.reason}: {.message}{"\\n"}{end}';
const servers = `{range .items[*]}{.metadata.namespace}/{.metadata.name}{"\\n"}${conditions}{end}`;
const ofRelease = ['--namespace', release.namespace, '--selector', `app.kubernetes.io/instance=${release.name}`];

const looks: readonly Look[] = [
  { title: 'pods', args: ['get', 'pods', '--all-namespaces', '--output', 'wide'], keep: 'first' },
  {
    title: 'MCPServers',
    args: ['get', 'mcpservers', '--all-namespaces', '--output', `jsonpath=${servers}`],
    keep: 'last',
  },
  { title: 'ours', args: ['get', 'deployments,leases,endpointslices,jobs', ...ofRelease], keep: 'first' },
  {
    title: 'the last events',
    args: ['get', 'events', '--all-namespaces', '--sort-by', '.metadata.creationTimestamp'],
    keep: 'last',
  },
  {
    title: 'what our programs said last',
    args: ['logs', ...ofRelease, '--all-containers', '--prefix', '--tail', '15', '--ignore-errors'],
    keep: 'last',
  },
];

/** What helps to understand a failure, some pages at most; what cannot be read says why. Never rejects. */
export async function describeCluster(): Promise<string> {
  const sections = await Promise.all(looks.map(describe));
  return `\n── the cluster at the first failure of this file (${new Date().toISOString()}) ──\n${sections.join('\n')}`;
}

async function describe({ title, args, keep }: Look): Promise<string> {
  const { stdout, stderr } = await runCommand(['kubectl', '--request-timeout', '10s', ...args]);
  const lines = `${stdout}${stderr}`.trimEnd().split('\n');
  const kept = keep === 'first' ? lines.slice(0, maxLines) : lines.slice(-maxLines);
  const left = lines.length > kept.length ? `, ${keep} ${kept.length} of ${lines.length} lines` : '';
  return [`${title}${left}:`, ...kept.map((line) => `  ${line.slice(0, maxLength)}`), ''].join('\n');
}
