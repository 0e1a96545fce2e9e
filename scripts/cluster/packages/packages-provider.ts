import { requireCommand } from '../command.ts';
import { ClusterFailure } from '../failure.ts';
import { isAlive, readFirstChild } from '../process-identity.ts';
import type { Report } from '../progress.ts';
import type { ClusterStatus, PartStatus, Provider, UpContext } from '../provider.ts';
import type { ClusterSettings } from '../settings.ts';
import type { PackagesState } from '../state.ts';
import { renewApiAddress } from './api-address.ts';
import { buildLayout } from './layout.ts';
import { ctr, stepNames } from './plan.ts';
import { startPackages } from './start.ts';
import { readPackagesStatus, type ComponentStatus } from './status.ts';
import { endNamespaces, stopPackages } from './stop.ts';
import { isReady, waitUntilReady } from './wait.ts';

export const packagesProvider: Provider<PackagesState> = {
  up,
  down: stopPackages,
  status: readStatus,
  loadArchive,
  wrapCommand,
};

async function up(
  settings: ClusterSettings,
  before: PackagesState | undefined,
  { report, toolsPath }: UpContext,
): Promise<void> {
  const condition = before === undefined ? 'ended' : await judgeRunning(settings, before, report);
  if (condition === 'ready') return;
  const state =
    before !== undefined && condition === 'starting' ? before : await startPackages(settings, before, report);
  const layout = buildLayout(settings.directory);
  await waitUntilReady(state, layout, report);
  if (before !== undefined && before.port !== state.port) await renewApiAddress(layout.kubeconfig, toolsPath);
}

/** How a cluster is that was started some time; one that lacks a component is ended, to be started again. */
async function judgeRunning(
  settings: ClusterSettings,
  state: PackagesState,
  report: Report,
): Promise<'ready' | 'starting' | 'ended'> {
  if (state.process === undefined || !isAlive(state.process)) return 'ended';
  requireSameSettings(settings, state);
  const status = await readPackagesStatus(state);
  const lacking = status.type === 'answered' ? stepNames.filter((name) => !hasComponent(status.components, name)) : [];
  if (lacking.length > 0) {
    report(`cluster "${settings.name}" runs without ${lacking.join(' and ')}: starting it again with what is in it`);
    await endNamespaces(state.process);
    return 'ended';
  }
  const condition = isReady(status) ? 'ready' : 'starting';
  report(`cluster "${settings.name}" already runs${condition === 'ready' ? '' : ': waiting until all of it works'}`);
  return condition;
}

function hasComponent(components: readonly ComponentStatus[], wanted: string): boolean {
  return components.some(({ name }) => name === wanted);
}

function requireSameSettings({ name, port, podCidr, serviceCidr }: ClusterSettings, running: PackagesState): void {
  const isSame =
    (port ?? running.port) === running.port && podCidr === running.podCidr && serviceCidr === running.serviceCidr;
  if (isSame) return;
  throw new ClusterFailure(
    `Cluster "${name}" already runs with port ${running.port}, pods ${running.podCidr}, Services ${running.serviceCidr}: end it with \`down\` first, or choose another --name.`,
  );
}

async function readStatus(_settings: ClusterSettings, state: PackagesState): Promise<ClusterStatus> {
  const status = await readPackagesStatus(state);
  switch (status.type) {
    case 'ended':
      return { isUp: false, parts: [] };
    case 'silent':
      return { isUp: false, parts: [{ name: 'supervisor', isHealthy: false, note: 'does not answer (yet)' }] };
    case 'answered':
      return { isUp: isReady(status), parts: status.components.map(toPart) };
  }
}

function toPart({ name, state, pid, exits }: ComponentStatus): PartStatus {
  const note = [state, ...(exits === 0 ? [] : [`ended ${exits} times by itself`])].join(', ');
  return { name, isHealthy: state === 'healthy', note, ...(pid === undefined ? {} : { pid }) };
}

async function loadArchive(settings: ClusterSettings, state: PackagesState, archive: string): Promise<void> {
  const enter = ['nsenter', '--target', String(requireProcess(settings, state)), '--net', '--mount', '--'];
  const advice = `check that ${archive} is an OCI or Docker archive of an image for this machine`;
  await requireCommand([...enter, ...ctr, 'images', 'import', '-'], advice, { inputFile: archive });
}

/** Runs with the cluster's network and DNS, but sees the machine's files. */
const resolvConfScript = 'mount --bind "$1" /etc/resolv.conf 2>/dev/null; shift; exec "$@"';

function wrapCommand(settings: ClusterSettings, state: PackagesState, command: readonly string[]): readonly string[] {
  const enter = ['nsenter', '--target', String(requireProcess(settings, state)), '--net', '--'];
  const { resolvConf } = buildLayout(settings.directory);
  return [...enter, 'unshare', '--mount', 'sh', '-c', resolvConfScript, 'sh', resolvConf, ...command];
}

function requireProcess({ name }: ClusterSettings, state: PackagesState): number {
  const init = state.process !== undefined && isAlive(state.process) ? readFirstChild(state.process.pid) : undefined;
  if (init === undefined)
    throw new ClusterFailure(`Cluster "${name}" does not run: start it with \`npm run cluster -- up\`.`);
  return init;
}
