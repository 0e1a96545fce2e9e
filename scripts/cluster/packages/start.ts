import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { parseAddressPlan, type AddressPlan } from '../address-plan.ts';
import { ClusterFailure } from '../failure.ts';
import { readBootId, readProcessIdentity, type ProcessIdentity } from '../process-identity.ts';
import type { Report } from '../progress.ts';
import type { ClusterSettings } from '../settings.ts';
import { removeState, requireOwnDirectory, writeState, type PackagesState } from '../state.ts';
import { ensureBinaries } from './binaries.ts';
import { buildCertificateRequests, readAdminCredentials, writeCertificates } from './certificates.ts';
import { createCgroups, removeCgroups } from './cgroups.ts';
import { buildConfigFiles, renderAdminKubeconfig } from './config-files.ts';
import { ensureHostPackages, loadKernelModules } from './host-packages.ts';
import { buildLayout, cgroupName, type Layout } from './layout.ts';
import { buildPlan, type Binaries } from './plan.ts';

/**
 * Starts the processes of a cluster that does not run. Data of an earlier run on the same boot is used again, so what
 * was in the cluster before a crash is there after it.
 */
export async function startPackages(
  settings: ClusterSettings,
  before: PackagesState | undefined,
  report: Report,
): Promise<PackagesState> {
  requireVisibleDirectory(settings.directory);
  await requireOwnDirectory(settings.directory);
  const addresses = parseAddressPlan(settings.podCidr, settings.serviceCidr);
  await ensureHostPackages(report);
  const binaries = await ensureBinaries(settings.cache, report);
  await loadKernelModules();

  const usable = before !== undefined && isUsable(settings, before, report) ? before : undefined;
  if (usable === undefined) await removeState(settings.directory);
  const listener = await listenOnLoopback({ asked: settings.port, before: usable?.port });
  try {
    return await startWithListener(settings, { addresses, binaries, listener });
  } finally {
    // The supervisor has its own by now, or there is none.
    listener.close();
  }
}

interface Ingredients {
  readonly addresses: AddressPlan;
  readonly binaries: Binaries;
  readonly listener: net.Server;
}

async function startWithListener(
  { name, directory, podCidr, serviceCidr }: ClusterSettings,
  { addresses, binaries, listener }: Ingredients,
): Promise<PackagesState> {
  const layout = buildLayout(directory);
  const { port } = listener.address() as net.AddressInfo;
  const state: PackagesState = { provider: 'packages', port, podCidr, serviceCidr, bootId: readBootId() };
  // Before each thing that `down` would have to remove: whatever happens then, it knows of it.
  await writeState(directory, state);
  await removeCgroups(cgroupName(layout));
  createCgroups(cgroupName(layout));
  await writeFiles({ name, port, addresses, layout, binaries });
  const supervisor = startNamespaces(layout, addresses);
  const running: PackagesState = { ...state, process: supervisor.identity };
  await writeState(directory, running);
  await handOver(supervisor.child, listener, supervisor.logFile);
  return running;
}

/** In there /run, /var/lib and /var/log are the cluster's own. */
function requireVisibleDirectory(directory: string): void {
  if (/^\/(run|var\/run|var\/lib|var\/log|proc|sys)(\/|$)/.test(directory)) {
    throw new ClusterFailure(
      `A cluster cannot keep its state in ${directory}: choose a directory outside /run, /var/lib and /var/log with --state.`,
    );
  }
}

function isUsable(settings: ClusterSettings, before: PackagesState, report: Report): boolean {
  if (before.bootId !== readBootId()) {
    report('the machine was restarted: beginning with an empty cluster');
    return false;
  }
  if (before.podCidr !== settings.podCidr || before.serviceCidr !== settings.serviceCidr) {
    report('the address ranges changed: beginning with an empty cluster');
    return false;
  }
  report('the cluster had ended: starting it again with what was in it');
  return true;
}

const firstPort = 6443;
const lastPort = 6542;

/** A listener in this network namespace, whose connections are taken by the supervisor in the cluster's own. */
async function listenOnLoopback(ports: {
  readonly asked: number | undefined;
  /** Of the cluster before it ended; another one may have it by now, and every file that names it is written anew. */
  readonly before: number | undefined;
}): Promise<net.Server> {
  const { asked, before } = ports;
  if (asked !== undefined) {
    const listener = await tryToListen(asked);
    if (listener !== undefined) return listener;
    throw new ClusterFailure(`Port ${asked} of 127.0.0.1 is taken: end what listens there, or choose another --port.`);
  }
  const others = Array.from({ length: lastPort - firstPort + 1 }, (_, index) => firstPort + index);
  for (const candidate of before === undefined ? others : [before, ...others]) {
    const listener = await tryToListen(candidate);
    if (listener !== undefined) return listener;
  }
  throw new ClusterFailure(
    `All ports from ${firstPort} to ${lastPort} of 127.0.0.1 are taken: choose another with --port.`,
  );
}

function tryToListen(port: number): Promise<net.Server | undefined> {
  const server = net.createServer();
  return new Promise((resolve) => {
    server.once('error', () => {
      resolve(undefined);
    });
    server.listen(port, '127.0.0.1', () => {
      resolve(server);
    });
  });
}

interface FilesInput {
  readonly name: string;
  readonly port: number;
  readonly addresses: AddressPlan;
  readonly layout: Layout;
  readonly binaries: Binaries;
}

async function writeFiles(input: FilesInput): Promise<void> {
  const { name, port, addresses, layout } = input;
  await Promise.all([layout.logs, layout.data].map((directory) => mkdir(directory, { recursive: true })));
  if (!existsSync(layout.pki)) await writeCertificates(layout.pki, buildCertificateRequests(name, addresses));
  for (const [file, content] of buildConfigFiles(input)) {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  await writeFile(layout.plan, JSON.stringify(buildPlan(input), null, 2));
  const kubeconfig = renderAdminKubeconfig(name, port, await readAdminCredentials(layout.pki));
  await writeFile(layout.kubeconfig, kubeconfig, { mode: 0o600 });
}

interface StartedSupervisor {
  readonly child: ChildProcess;
  readonly identity: ProcessIdentity;
  readonly logFile: string;
}

/** Starts the supervisor in fresh namespaces. */
function startNamespaces(layout: Layout, addresses: AddressPlan): StartedSupervisor {
  const here = import.meta.dirname;
  const logFile = path.join(layout.logs, 'supervisor.log');
  const log = openSync(logFile, 'a');
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const init = [
    'sh',
    path.join(here, 'init.sh'),
    addresses.bridgeAddress,
    addresses.nodeAddress,
    addresses.serviceCidr,
  ];
  const supervisor = [process.execPath, path.join(here, 'supervisor.ts'), layout.plan];
  const child = spawn('unshare', [...namespaces, ...init, ...supervisor], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const identity = child.pid === undefined ? undefined : readProcessIdentity(child.pid);
  if (identity === undefined) throw new ClusterFailure(`The cluster ended at once: read ${logFile} for the reason.`);
  return { child, identity, logFile };
}

/** Gives the listener to the supervisor, which then lives on without us. */
function handOver(child: ChildProcess, listener: net.Server, logFile: string): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const fail = (cause?: unknown): void => {
      const message = `The cluster's namespaces could not be set up: read ${logFile} for the reason.`;
      reject(new ClusterFailure(message, { cause }));
    };
    child.once('error', fail);
    child.once('exit', () => {
      fail();
    });
    // The supervisor says that it listens; a message sent earlier could get lost on its way through init.
    child.once('message', () => {
      child.send('listener', listener, (error) => {
        if (error === null) resolve();
        else fail(error);
      });
    });
  }).finally(() => {
    child.removeAllListeners();
    if (child.connected) child.disconnect();
    child.unref();
  });
}
