// Untested: kind needs Docker, which was not available where this was written. The commands are those of its manual.
import { hasProgram, requireCommand, runCommand } from './command.ts';
import { kubeconfigOf } from './kubeconfig-path.ts';
import { reportWhile } from './progress.ts';
import type { ClusterStatus, Provider, UpContext } from './provider.ts';
import { readNodeStatus } from './node-status.ts';
import type { ClusterSettings } from './settings.ts';
import { removeState, writeState, type KindState } from './state.ts';

export const kindProvider: Provider<KindState> = {
  up,
  down,
  status,
  loadArchive,
  wrapCommand: (_settings, _state, command) => command,
};

/** kind is of use where its program exists and a Docker daemon answers. */
export async function isKindUsable(): Promise<boolean> {
  return (await hasProgram('kind')) && (await runCommand(['docker', 'info'])).code === 0;
}

async function up(
  settings: ClusterSettings,
  before: KindState | undefined,
  { toolsPath, report }: UpContext,
): Promise<void> {
  const kindName = before?.kindName ?? `mcp-lifecycle-${settings.name}`;
  const state: KindState = { provider: 'kind', kindName };
  if ((await listClusters()).includes(kindName)) {
    if ((await status(settings, state, toolsPath)).isUp) {
      report(`cluster "${settings.name}" already runs`);
      return;
    }
    report(`cluster "${settings.name}" does not answer: creating it again`);
    await down(settings, state);
  }
  await writeState(settings.directory, state);
  const create = [
    'kind',
    'create',
    'cluster',
    '--name',
    kindName,
    '--kubeconfig',
    kubeconfigOf(settings.directory),
    '--wait',
    '120s',
  ];
  await reportWhile(report, `creating the kind cluster ${kindName}`, () =>
    requireCommand(create, `run \`${create.join(' ')}\` to see all that it says`),
  );
}

async function down(settings: ClusterSettings, { kindName }: KindState): Promise<void> {
  const remove = ['kind', 'delete', 'cluster', '--name', kindName, '--kubeconfig', kubeconfigOf(settings.directory)];
  await requireCommand(remove, 'check that Docker runs, then run this again');
  await removeState(settings.directory);
}

function status(settings: ClusterSettings, _state: KindState, toolsPath: string): Promise<ClusterStatus> {
  return readNodeStatus(kubeconfigOf(settings.directory), toolsPath);
}

async function loadArchive(_settings: ClusterSettings, { kindName }: KindState, archive: string): Promise<void> {
  await requireCommand(
    ['kind', 'load', 'image-archive', archive, '--name', kindName],
    `check that ${archive} is an image archive and that Docker runs`,
  );
}

async function listClusters(): Promise<readonly string[]> {
  return (await requireCommand(['kind', 'get', 'clusters'], 'check that Docker runs, then run this again'))
    .trim()
    .split('\n');
}
