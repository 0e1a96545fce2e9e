import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parseBridgeConfig } from '../../../webhooks/bridge/config.ts';
import { startBridge } from '../../../webhooks/bridge/start.ts';
import { systemClock } from '../../../webhooks/platform/clock.ts';
import { silentLogger } from '../../../webhooks/platform/log.ts';
import { buildShim } from '../../../scripts/image/shim.ts';
import { ensureUv } from '../../../scripts/image/uv.ts';
import { eventually } from '../../harness/eventually.ts';

/** Of a cluster that nobody is asked for: kubernetes-mcp-server does not start without one. */
const kubeconfig = `apiVersion: v1
kind: Config
clusters: [{name: none, cluster: {server: 'https://127.0.0.1:1'}}]
contexts: [{name: none, context: {cluster: none, user: none}}]
current-context: none
users: [{name: none, user: {token: none}}]
`;

/** A machine on which packages can be run: the shim, npx and uvx, and a home for all that they download. */
export interface Workshop {
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly close: () => Promise<void>;
}

export async function openWorkshop(): Promise<Workshop> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-published-'));
  await writeFile(join(folder, 'shim'), await buildShim());
  await chmod(join(folder, 'shim'), 0o755);
  await writeFile(join(folder, 'kubeconfig'), kubeconfig);
  const programs = [await ensureUv(), dirname(process.execPath), process.env['PATH']];
  return {
    folder,
    env: { ...process.env, HOME: folder, KUBECONFIG: join(folder, 'kubeconfig'), PATH: programs.join(delimiter) },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The real shim and the real bridge in front of a command, as they are in a pod, until `use` is done. */
export async function behindTheBridge<T>(
  { folder, env }: Workshop,
  command: readonly string[],
  use: (url: string) => Promise<T>,
): Promise<T> {
  const socket = join(folder, 'stdio.sock');
  const shim = spawn(
    join(folder, 'shim'),
    ['listen', '--socket', socket, '--max', '4', '--grace', '5s', '--', ...command],
    {
      ...{ cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] },
    },
  );
  let said = '';
  shim.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4_000)));
  const exited = once(shim, 'exit');
  const parsed = parseBridgeConfig({ MCP_SOCKET: socket, MCP_START_SECONDS: '120', MCP_GRACE_SECONDS: '2' });
  if (!parsed.ok) throw new Error(parsed.problems.join());
  const { config } = parsed;
  const end = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const ports = new Promise<{ readonly port: number; readonly healthPort: number }>((resolve, reject) => {
    running = startBridge({
      config: { ...config, port: 0, healthPort: 0 },
      ...{ clock: systemClock, log: silentLogger, signal: end.signal, version: '1.2.3', host: '127.0.0.1' },
      onListening: resolve,
    });
    running.catch(reject);
  });
  try {
    const { port, healthPort } = await ports;
    const isReady = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${healthPort}/readyz`)).ok;
    await eventually('the bridge is ready', isReady, { describe: () => Promise.resolve(said) });
    return await use(`http://127.0.0.1:${port}/mcp`);
  } finally {
    shim.kill('SIGTERM');
    end.abort();
    await Promise.all([running, exited]);
  }
}
