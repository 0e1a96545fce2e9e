import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { parseBridgeConfig } from '../../webhooks/bridge/config.ts';
import { startBridge } from '../../webhooks/bridge/start.ts';
import { begin, call, post, textOf } from '../../webhooks/bridge/testing/client.ts';
import { eventually } from '../../webhooks/bridge/testing/use-bridge.ts';
import { systemClock } from '../../webhooks/platform/clock.ts';
import { silentLogger } from '../../webhooks/platform/log.ts';
import { buildShim } from './shim.ts';

const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-and-shim-'));
const socketPath = join(folder, 'stdio.sock');
let shim: ChildProcess;
let stop: () => Promise<void> = () => Promise.resolve();

beforeAll(async () => {
  writeFileSync(join(folder, 'shim'), await buildShim(), { mode: 0o755 });
});

afterEach(async () => {
  await stop();
  shim.kill('SIGKILL');
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Both as they are in a pod; resolves with the address when the bridge listens. */
async function use(mode: string): Promise<{ readonly url: string; readonly healthUrl: string }> {
  const server = [process.execPath, 'webhooks/bridge/testing/odd-server.cjs', mode];
  shim = spawn(join(folder, 'shim'), ['listen', '--socket', socketPath, '--max', '4', '--', ...server], {
    stdio: 'ignore',
  });
  const parsed = parseBridgeConfig({ MCP_SOCKET: socketPath, MCP_GRACE_SECONDS: '2' });
  if (!parsed.ok) throw new Error(parsed.problems.join());
  const end = new AbortController();
  return new Promise((resolve, reject) => {
    const running = startBridge({
      config: { ...parsed.config, port: 0, healthPort: 0 },
      ...{ clock: systemClock, log: silentLogger, signal: end.signal, version: '1.2.3', host: '127.0.0.1' },
      onListening: ({ port, healthPort }) => {
        resolve({ url: `http://127.0.0.1:${port}/mcp`, healthUrl: `http://127.0.0.1:${healthPort}` });
      },
    });
    running.catch(reject);
    stop = async () => {
      end.abort();
      await running;
    };
  });
}

/** Process ids of what the shim has started. */
function children(): readonly string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return (
        /^\d+$/.test(name) &&
        readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]?.split(' ')[1] === String(shim.pid)
      );
    } catch {
      return false;
    }
  });
}

const isReady = async (healthUrl: string): Promise<boolean> => (await fetch(`${healthUrl}/readyz`)).ok;

it('begin a session with a process, and leave none when it ends', async () => {
  const { url, healthUrl } = await use('legacy');
  await eventually(() => isReady(healthUrl));
  await eventually(() => children().length === 0);
  const session = await begin(url);
  const pid = textOf((await post(url, call(1, 'pid'), session)).messages[0]);
  expect(children()).toEqual([pid]);
  expect((await fetch(url, { method: 'DELETE', headers: session })).status).toBe(200);
  await eventually(() => children().length === 0);
});

it('tell with which code a process exited', async () => {
  const { url } = await use('legacy');
  await eventually(
    async () => (await post(url, { jsonrpc: '2.0', id: 0, method: 'initialize', params: {} })).status === 200,
  );
  const answer = await post(url, call(1, 'exit', { code: 5 }), await begin(url));
  expect(answer.messages[0]?.error?.message).toBe('server process exited with code 5');
});

it('end the container with the exit code of a server that does not start', async () => {
  await use('crash');
  const [code] = (await once(shim, 'exit')) as [number | null];
  expect(code).toBe(7);
});

it('end when the shim is told to, after what is under way', async () => {
  const { url, healthUrl } = await use('modern');
  await eventually(() => isReady(healthUrl));
  expect(children()).toHaveLength(1);
  shim.kill('SIGTERM');
  const [code] = (await once(shim, 'exit')) as [number | null];
  expect(code).toBe(0);
  await eventually(async () => !(await isReady(healthUrl)));
  expect((await post(url, { jsonrpc: '2.0', id: 0, method: 'initialize', params: {} })).status).toBe(503);
});
