import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { writeImageParts } from '../image/bundle.ts';
import { buildShim } from '../image/shim.ts';
import { median } from './median.ts';
import type { Measurement } from './measurement.ts';

const sessions = 16;
const calls = 2_000;
const ports = { mcp: 18_601, health: 18_602 };
/** Those of the container mcp-bridge. */
const flags = ['--no-concurrent-recompilation', '--max-semi-space-size=1', '--max-old-space-size=40'];

const bars = {
  memory: { what: `Anonymous memory of the stdio bridge with ${sessions} sessions`, bar: '< 30 MB' },
  latency: { what: 'What the stdio bridge and the shim add to a call at p50', bar: '< 1.5 ms' },
  start: { what: 'Process start → the stdio bridge answers its liveness probe', bar: '< 0.5 s' },
};

export const stdioBridge: Measurement = {
  name: 'stdio-bridge',
  method:
    `The bundle of the image with the flags of its container, and the shim, as processes of this machine in front of a server on Node that only answers: ` +
    `${calls} calls one after the other in a session, and as many to the server alone over its standard input and output, in turns of 200; ` +
    `then ${sessions} sessions with a stream each and 200 calls in each, all at the same time. Start: the slowest of five.`,
  minutes: 1,
  bars: Object.values(bars),
  async run(progress) {
    const folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-bench-'));
    const processes: ChildProcess[] = [];
    try {
      await writeImageParts(folder);
      await writeFile(join(folder, 'shim'), await buildShim(), { mode: 0o755 });
      const server = [process.execPath, fileURLToPath(new URL(serverFile, import.meta.url)), 'legacy'];
      const socket = join(folder, 'stdio.sock');
      const shim = spawn(join(folder, 'shim'), ['listen', '--socket', socket, '--max', '20', '--', ...server], {
        stdio: 'ignore',
      });
      processes.push(shim);
      const starts: Started[] = [];
      for (let round = 0; round < 5; round += 1) {
        const started = await startBridge(folder, socket);
        processes.push(started.bridge);
        starts.push(started);
        if (round < 4) await stop(started.bridge);
      }
      const [bridge] = processes.slice(-1);
      progress('calls one after the other');
      const { alone, through } = await compareCalls(server, processes);
      progress('sessions side by side');
      await useSessions();
      const megabytes = anonymousMegabytes(bridge?.pid ?? 0);
      const added = median(through) - median(alone);
      const slowest = Math.max(...starts.map(({ aliveSeconds }) => aliveSeconds));
      return [
        { ...bars.memory, measured: `${megabytes.toFixed(1)} MB`, isMet: megabytes < 30 },
        {
          ...bars.latency,
          measured: `${added.toFixed(2)} ms`,
          isMet: added < 1.5,
          remark: `${median(through).toFixed(2)} ms, HTTP client included, beside ${median(alone).toFixed(2)} ms of the server alone`,
        },
        {
          ...bars.start,
          measured: `${slowest.toFixed(2)} s`,
          isMet: slowest < 0.5,
          remark: `it is ready, which the pod waits for, as soon as its server has answered too: after ${starts.map(({ readySeconds }) => readySeconds.toFixed(2)).join(', ')} s`,
        },
      ];
    } finally {
      for (const one of processes.reverse()) await stop(one);
      await rm(folder, { recursive: true });
    }
  },
};

const serverFile = '../../webhooks/bridge/testing/odd-server.cjs';

interface Started {
  readonly bridge: ChildProcess;
  /** Until it answers /healthz with 200, and /readyz. */
  readonly aliveSeconds: number;
  readonly readySeconds: number;
}

async function startBridge(folder: string, socket: string): Promise<Started> {
  const env = { MCP_SOCKET: socket, MCP_PORT: String(ports.mcp), MCP_HEALTH_PORT: String(ports.health) };
  const startedAt = performance.now();
  const bridge = spawn(process.execPath, [...flags, join(folder, 'mcp-lifecycle.cjs'), 'bridge'], {
    ...{ env, stdio: 'ignore' },
  });
  const untilOk = async (path: string): Promise<number> => {
    while ((await get(path)) !== 200) {
      if (bridge.exitCode !== null) throw new Error(`the bridge ended with ${bridge.exitCode}`);
      await sleep(5);
    }
    return (performance.now() - startedAt) / 1000;
  };
  return { bridge, aliveSeconds: await untilOk('/healthz'), readySeconds: await untilOk('/readyz') };
}

/** In turns, so that whatever else the machine does falls on both. */
async function compareCalls(
  [program = '', ...args]: readonly string[],
  processes: ChildProcess[],
): Promise<{ readonly alone: readonly number[]; readonly through: readonly number[] }> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  processes.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const session = await begin();
  const alone: number[] = [];
  const through: number[] = [];
  for (let id = 1; id <= calls; id += 1) {
    const isAlone = Math.floor(id / 200) % 2 === 0;
    const startedAt = performance.now();
    if (isAlone) {
      child.stdin.write(`${echo(id)}\n`);
      await lines.next();
    } else {
      await post(echo(id), session);
    }
    (isAlone ? alone : through).push(performance.now() - startedAt);
  }
  return { alone, through };
}

async function useSessions(): Promise<void> {
  const begun = [];
  for (let index = 0; index < sessions - 1; index += 1) begun.push(await begin());
  for (const session of begun) {
    const headers = { ...session, accept: 'text/event-stream' };
    request({ port: ports.mcp, host: '127.0.0.1', path: '/mcp', headers }, (response) => response.resume())
      .on('error', () => undefined)
      .end();
  }
  for (let id = 1; id <= 200; id += 1) await Promise.all(begun.map((session) => post(echo(id), session)));
}

async function begin(): Promise<Record<string, string>> {
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'bench', version: '1' } };
  const { id } = await post(JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params }), {});
  return { 'mcp-session-id': id };
}

function echo(id: number): string {
  const params = { name: 'echo', arguments: { text: 'x'.repeat(500) } };
  return JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params });
}

const agent = new Agent({ keepAlive: true, maxSockets: sessions });

function post(body: string, session: Readonly<Record<string, string>>): Promise<{ readonly id: string }> {
  const headers = {
    ...{ 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...session },
    'content-length': Buffer.byteLength(body),
  };
  return new Promise((resolve, reject) => {
    request({ agent, host: '127.0.0.1', port: ports.mcp, path: '/mcp', method: 'POST', headers }, (response) => {
      response.resume();
      response.on('end', () => {
        if (response.statusCode === 200) resolve({ id: String(response.headers['mcp-session-id']) });
        else reject(new Error(`the bridge answered ${String(response.statusCode)}`));
      });
    })
      .on('error', reject)
      .end(body);
  });
}

function get(path: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    request({ host: '127.0.0.1', port: ports.health, path, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', () => {
        resolve(undefined);
      })
      .end();
  });
}

function anonymousMegabytes(pid: number): number {
  const [, kilobytes] = /^Anonymous: +(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
  return (Number(kilobytes) * 1024) / 1e6;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}
