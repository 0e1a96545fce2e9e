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
  const { directory, existing } = settings;
  if (existing !== undefined) await copyKubeconfig(directory, existing, toolsPath);
  const { isUp } = await readNodeStatus(kubeconfigOf(directory), toolsPath);
  if (!isUp) {
    if (before === undefined) await removeState(directory);
    throw new ClusterFailure(
      'The existing cluster does not answer or has nodes that are not ready: check it with `kubectl get nodes`.',
    );
  }
  report('the existing cluster answers; nothing was created in it');
}

/** The context alone, made current and with its certificates inside. */
async function copyKubeconfig(
  directory: string,
  { kubeconfig, context }: NonNullable<ClusterSettings['existing']>,
  toolsPath: string,
): Promise<void> {
  await requireOwnDirectory(directory);
  const kubectl = [path.join(toolsPath, 'kubectl'), 'config', '--kubeconfig', kubeconfig];
  const advice = `check that ${kubeconfig} is a kubeconfig with the context that you mean`;
  const name = context ?? (await requireCommand([...kubectl, 'current-context'], advice)).trim();
  const view = [...kubectl, 'view', '--raw', '--minify', '--flatten', '--context', name];
  const copy = await requireCommand(view, advice);
  await writeState(directory, { provider: 'existing', context: name });
  await writeFile(kubeconfigOf(directory), copy, { mode: 0o600 });
}
