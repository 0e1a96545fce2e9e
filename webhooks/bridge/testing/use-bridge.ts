import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach } from '@jest/globals';
import { systemClock, type Clock } from '../../platform/clock.ts';
import { findFreePort } from '../../platform/http/testing/free-port.ts';
import { createLogger, type Logger } from '../../platform/log.ts';
import { parseBridgeConfig } from '../config.ts';
import { startBridge } from '../start.ts';
import { startFakeShim, type FakeShim } from './fake-shim.ts';

/** How the server of a test behaves: see odd-server.cjs. */
export type OddMode = 'modern' | 'legacy' | 'silent' | 'crash' | 'banner' | 'dies-at-discover';

export interface RunningBridge {
  /** Where MCP is served. */
  readonly url: string;
  readonly healthUrl: string;
  readonly metricsUrl: string;
  readonly shim: FakeShim;
  /** What the bridge has logged, line by line. */
  readonly log: readonly string[];
  /** What the processes of the server were sent, line by line, in one file. */
  readonly received: string;
  /** Another shim at the same socket. */
  restartShim(): Promise<void>;
  /** As SIGTERM does; resolves when it has ended. */
  stop(): Promise<void>;
}

const oddServer = fileURLToPath(new URL('odd-server.cjs', import.meta.url));

let cleanUps: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
  cleanUps = [];
});

/** A bridge in this process in front of real processes; ended after the test. `env`: what differs from the defaults. */
export async function useBridge(
  server: OddMode | readonly [string, ...string[]] | ((nth: number) => OddMode),
  env: Readonly<Record<string, string>> = {},
  clock: Clock = systemClock,
): Promise<RunningBridge> {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-'));
  const socketPath = join(folder, 'stdio.sock');
  const received = join(folder, 'received');
  // After all that follow: a process that is killed may still write.
  cleanUps.push(() => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
    return Promise.resolve();
  });
  const commandOf = (mode: OddMode): [string, ...string[]] => [process.execPath, oddServer, mode, received];
  const startShim = (): Promise<FakeShim> =>
    startFakeShim({
      socketPath,
      command: (nth) => {
        if (typeof server === 'string') return commandOf(server);
        return typeof server === 'function' ? commandOf(server(nth)) : server;
      },
    });
  const shim = await startShim();
  cleanUps.push(() => shim.close());
  const parsed = parseBridgeConfig({ MCP_SOCKET: socketPath, MCP_GRACE_SECONDS: '2', ...env });
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  const log: string[] = [];
  const logger: Logger = createLogger({ level: 'debug', write: (line) => log.push(line), now: () => new Date() });
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  const metricsPort = await findFreePort();
  const ports = await new Promise<{ port: number; healthPort: number; metricsPort: number }>((resolve, reject) => {
    running = startBridge({
      config: { ...parsed.config, port: 0, healthPort: 0, metricsPort },
      ...{ clock, log: logger, signal: stopping.signal, version: '1.2.3', host: '127.0.0.1' },
      onListening: resolve,
    });
    running.catch(reject);
  });
  // Who asks before is waited for with two seconds, which is a matter of the machine.
  await eventually(() => shim.isMet);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await running;
  };
  cleanUps.push(stop);
  return {
    url: `http://127.0.0.1:${ports.port}${parsed.config.path}`,
    healthUrl: `http://127.0.0.1:${ports.healthPort}`,
    metricsUrl: `http://127.0.0.1:${ports.metricsPort}`,
    ...{ shim, log, received, stop },
    async restartShim() {
      const again = await startShim();
      cleanUps.push(() => again.close());
    },
  };
}

/** Until the bridge says that it is ready. */
export async function untilReady({ healthUrl }: Pick<RunningBridge, 'healthUrl'>): Promise<void> {
  await eventually(async () => (await fetch(`${healthUrl}/readyz`)).ok);
}

/** Until it is true; a test that waits for ever fails by its own time-out. */
export async function eventually(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await systemClock.sleep(10);
}
