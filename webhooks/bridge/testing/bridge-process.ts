import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findFreePort } from '../../platform/http/testing/free-port.ts';
import { startFakeShim } from './fake-shim.ts';
import { eventually, type OddMode } from './use-bridge.ts';

const main = fileURLToPath(new URL('../../main.ts', import.meta.url));
const oddServer = fileURLToPath(new URL('odd-server.cjs', import.meta.url));

export interface BridgeProcess {
  readonly url: string;
  /** `200`, or how the process ended. */
  readonly health: () => Promise<string>;
  /** What of its memory is in no file, which is what counts where memory is short; in bytes. */
  readonly anonymousBytes: () => number;
}

/** Runs `use` with a bridge as its container runs it: a process of its own, with the heap that it has there. */
export async function withBridgeProcess(
  mode: OddMode,
  env: Readonly<Record<string, string>>,
  use: (bridge: BridgeProcess) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-'));
  const socketPath = join(folder, 'stdio.sock');
  const shim = await startFakeShim({ socketPath, command: () => [process.execPath, oddServer, mode] });
  const [port, healthPort] = [await findFreePort(), await findFreePort()];
  const bridge = spawn(process.execPath, ['--max-semi-space-size=1', '--max-old-space-size=40', main, 'bridge'], {
    stdio: 'ignore',
    env: {
      ...{ PATH: process.env['PATH'], MCP_SOCKET: socketPath, MCP_GRACE_SECONDS: '0' },
      ...{ MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_TRIM_THRESHOLD_: '65536', ...env },
      ...{ MCP_PORT: String(port), MCP_HEALTH_PORT: String(healthPort) },
    },
  });
  const ended = new Promise<string>((resolve) => {
    bridge.once('exit', (code, signal) => {
      resolve(`ended: ${String(code ?? signal)}`);
    });
  });
  const health = (path: string): Promise<string> =>
    Promise.race([
      fetch(`http://127.0.0.1:${healthPort}${path}`).then(
        ({ status }) => String(status),
        (error: unknown) => String(error),
      ),
      ended,
    ]);
  try {
    await eventually(async () => (await health('/readyz')) === '200');
    await use({
      url: `http://127.0.0.1:${port}/mcp`,
      health: () => health('/healthz'),
      anonymousBytes: () => anonymousBytesOf(bridge.pid ?? 0),
    });
  } finally {
    bridge.kill('SIGKILL');
    await ended;
    await shim.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function anonymousBytesOf(pid: number): number {
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}
