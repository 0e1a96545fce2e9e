import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { requireCommand } from './command.ts';
import { ClusterFailure } from './failure.ts';
import { kubeconfigOf } from './kubeconfig-path.ts';
import { readNodeStatus } from './node-status.ts';
import type { Provider, UpContext } from './provider.ts';
import type { ClusterSettings } from './settings.ts';
import { removeState, requireOwnDirectory, writeState, type ExistingState } from './state.ts';

/** Somebody else's cluster: nothing is created or removed in it, only our copy of the way to reach it. */
export const existingProvider: Provider<ExistingState> = {
  up,
  down: (settings) => removeState(settings.directory),
  status: (settings, _state, toolsPath) => readNodeStatus(kubeconfigOf(settings.directory), toolsPath),
  loadArchive: (_settings, { context }, archive) =>
    Promise.reject(
      new ClusterFailure(
        `Images cannot be loaded into the nodes of the existing cluster "${context}": push ${archive} to a registry that they pull from (\`buildah push\`, \`docker push\`), and use its name there.`,
      ),
    ),
  wrapCommand: (_settings, _state, command) => command,
};

async function up(
  settings: ClusterSettings,
  before: ExistingState | undefined,
  { toolsPath, report }: UpContext,
): Promise<void> {
  const given = settings.existing;
  if (given !== undefined) await copyKubeconfig(settings.directory, given, toolsPath);
  const { isUp } = await readNodeStatus(kubeconfigOf(settings.directory), toolsPath);
  const from = given?.kubeconfig ?? before?.context ?? 'the kubeconfig';
  if (!isUp)
    throw new ClusterFailure(
      `The cluster of ${from} does not answer or has nodes that are not ready: check it with \`kubectl get nodes\`.`,
    );
  report(`using the existing cluster of ${from}; nothing was created`);
}

/** The context alone, made current and with its certificates inside. */
async function copyKubeconfig(
  directory: string,
  { kubeconfig, context }: NonNullable<ClusterSettings['existing']>,
  toolsPath: string,
): Promise<void> {
  await requireOwnDirectory(directory);
  const select = context === undefined ? [] : ['--context', context];
  const view = [
    path.join(toolsPath, 'kubectl'),
    'config',
    'view',
    '--kubeconfig',
    kubeconfig,
    '--raw',
    '--minify',
    '--flatten',
    ...select,
  ];
  const copy = await requireCommand(view, `check that ${kubeconfig} is a kubeconfig with that context`);
  await writeState(directory, { provider: 'existing', context: context ?? 'current' });
  await writeFile(kubeconfigOf(directory), copy, { mode: 0o600 });
}
