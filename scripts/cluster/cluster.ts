import path from 'node:path';
import { runCommand, runInteractively, type CommandResult, type Environment } from './command.ts';
import { existingProvider } from './existing-provider.ts';
import { ClusterFailure } from './failure.ts';
import { withImageArchive } from './image-archive.ts';
import { isKindUsable, kindProvider } from './kind-provider.ts';
import { kubeconfigOf } from './kubeconfig-path.ts';
import { withLock } from './lock.ts';
import { packagesProvider } from './packages/packages-provider.ts';
import { createStderrReport, type Report } from './progress.ts';
import type { ClusterStatus, Provider, UpContext } from './provider.ts';
import { resolveSettings, type ClusterOptions, type ClusterSettings } from './settings.ts';
import { readState, removeDirectoryIfEmpty, type ClusterState } from './state.ts';
import { ensureTools } from './tools.ts';

export type { ClusterOptions } from './settings.ts';
export type { ClusterStatus } from './provider.ts';

/** A cluster that was started. */
export interface ClusterHandle {
  readonly name: string;
  readonly provider: ClusterState['provider'];
  /** A kubeconfig of our own whose current context is this cluster. */
  readonly kubeconfig: string;
  /** A directory with `kubectl` and `helm`. */
  readonly toolsPath: string;
  /** The caller's environment with KUBECONFIG, and PATH beginning with `toolsPath`. */
  readonly environment: Environment;
  readonly settings: ClusterSettings;
}

/** Makes the cluster run and waits until its node is ready and its DNS answers. Does little if it is so already. */
export async function upCluster(
  options: ClusterOptions = {},
  report: Report = createStderrReport(),
): Promise<ClusterHandle> {
  const settings = resolveSettings(options, process.env);
  return withLock(lockFile(settings), report, async () => {
    const before = await readState(settings.directory);
    const context = { toolsPath: await ensureTools(settings.cache), report };
    const provider = await chooseProvider(settings, before);
    await bringUp(provider, settings, before, context);
    return createHandle(settings, provider, context.toolsPath);
  });
}

/** The cluster if it was started before (it may have ended since), else undefined. */
export async function findCluster(options: ClusterOptions = {}): Promise<ClusterHandle | undefined> {
  const settings = resolveSettings(options, process.env);
  const state = await readState(settings.directory);
  return state === undefined ? undefined : createHandle(settings, state.provider, await ensureTools(settings.cache));
}

/** Removes the cluster and all that it made on this machine, except the cache. False if there was none. */
export async function downCluster(
  options: ClusterOptions = {},
  report: Report = createStderrReport(),
): Promise<boolean> {
  const settings = resolveSettings(options, process.env);
  const wasThere = await withLock(lockFile(settings), report, async () => {
    const state = await readState(settings.directory);
    if (state !== undefined) await bindCluster(settings, state).down();
    return state !== undefined;
  });
  if (options.state === undefined) await removeDirectoryIfEmpty(path.dirname(settings.directory));
  return wasThere;
}

export async function clusterStatus(handle: ClusterHandle): Promise<ClusterStatus> {
  return (await boundTo(handle)).status(handle.toolsPath);
}

/** Makes an image known to the nodes: the path of an OCI or Docker archive, or a name in buildah's local store. */
export async function loadImage(handle: ClusterHandle, image: string): Promise<void> {
  const cluster = await boundTo(handle);
  // Nothing can be loaded there: say so before anything is written.
  if (handle.provider === 'existing') return cluster.loadArchive(image);
  await withImageArchive(image, (archive) => cluster.loadArchive(archive));
}

/**
 * Runs a program of this machine where the addresses of pods and Services can be reached, with the cluster's DNS,
 * KUBECONFIG and PATH. With the packages provider that is the cluster's own network: no internet, another loopback.
 */
export async function execInCluster(handle: ClusterHandle, command: readonly string[]): Promise<CommandResult> {
  return runCommand(await commandInCluster(handle, command), { env: handle.environment });
}

/** The same on the caller's terminal; the exit code. */
export async function execInteractively(handle: ClusterHandle, command: readonly string[]): Promise<number> {
  return runInteractively(await commandInCluster(handle, command), handle.environment);
}

/** The command line that does it, for callers who spawn it themselves; give it `handle.environment`. */
export async function commandInCluster(handle: ClusterHandle, command: readonly string[]): Promise<readonly string[]> {
  return (await boundTo(handle)).wrapCommand(command);
}

type ProviderName = ClusterState['provider'];

/** What was asked for; without a wish, what the cluster was made with, else kind where it works. */
async function chooseProvider(
  { name, provider, existing }: ClusterSettings,
  before: ClusterState | undefined,
): Promise<ProviderName> {
  const wish = existing !== undefined ? 'existing' : provider === 'auto' ? before?.provider : provider;
  if (wish !== undefined && before !== undefined && before.provider !== wish) {
    throw new ClusterFailure(
      `Cluster "${name}" was made another way (${before.provider}): end it with \`down\` first, or choose another --name.`,
    );
  }
  return wish ?? ((await isKindUsable()) ? 'kind' : 'packages');
}

async function bringUp(
  provider: ProviderName,
  settings: ClusterSettings,
  before: ClusterState | undefined,
  context: UpContext,
): Promise<void> {
  switch (provider) {
    case 'packages':
      return packagesProvider.up(settings, before?.provider === provider ? before : undefined, context);
    case 'kind':
      return kindProvider.up(settings, before?.provider === provider ? before : undefined, context);
    case 'existing':
      return existingProvider.up(settings, before?.provider === provider ? before : undefined, context);
  }
}

/** A provider together with the cluster it made. */
interface BoundCluster {
  down(): Promise<void>;
  status(toolsPath: string): Promise<ClusterStatus>;
  loadArchive(archive: string): Promise<void>;
  wrapCommand(command: readonly string[]): readonly string[];
}

async function boundTo({ settings }: ClusterHandle): Promise<BoundCluster> {
  const state = await readState(settings.directory);
  if (state === undefined)
    throw new ClusterFailure(`There is no cluster "${settings.name}": start it with \`npm run cluster -- up\`.`);
  return bindCluster(settings, state);
}

function bindCluster(settings: ClusterSettings, state: ClusterState): BoundCluster {
  switch (state.provider) {
    case 'packages':
      return bindProvider(packagesProvider, settings, state);
    case 'kind':
      return bindProvider(kindProvider, settings, state);
    case 'existing':
      return bindProvider(existingProvider, settings, state);
  }
}

function bindProvider<S extends ClusterState>(
  provider: Provider<S>,
  settings: ClusterSettings,
  state: S,
): BoundCluster {
  return {
    down: () => provider.down(settings, state),
    status: (toolsPath) => provider.status(settings, state, toolsPath),
    loadArchive: (archive) => provider.loadArchive(settings, state, archive),
    wrapCommand: (command) => provider.wrapCommand(settings, state, command),
  };
}

function createHandle(settings: ClusterSettings, provider: ProviderName, toolsPath: string): ClusterHandle {
  const kubeconfig = kubeconfigOf(settings.directory);
  const environment = {
    ...process.env,
    KUBECONFIG: kubeconfig,
    PATH: `${toolsPath}${path.delimiter}${process.env['PATH'] ?? ''}`,
  };
  return { name: settings.name, provider, kubeconfig, toolsPath, environment, settings };
}

/** Beside the cluster's directory, which `down` deletes. */
function lockFile({ directory }: ClusterSettings): string {
  return `${directory}.lock`;
}
