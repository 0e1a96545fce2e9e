import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger, silentLogger } from '../log.ts';
import { createMetricsRegistry } from '../metrics.ts';
import { until } from '../tls/testing/until.ts';
import { healthRoutes, type Readiness } from './health.ts';
import { metricsRoutes } from './metrics.ts';
import { type PlainRoutes, type PlainServer, startPlainServer, text } from './plain-server.ts';

let server: PlainServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function get(routes: PlainRoutes, path: string, method = 'GET', log = silentLogger): Promise<[number, string]> {
  server ??= await startPlainServer({ port: 0, host: '127.0.0.1', routes, log });
  const response = await fetch(`http://127.0.0.1:${String(server.port)}${path}`, { method });
  return [response.status, await response.text()];
}

describe('health', () => {
  const unready: Readiness = { ready: false, reasons: ['certificate: none yet', 'stopping'] };

  it('is alive while it is not ready, and names every reason', async () => {
    const routes = healthRoutes({ readiness: () => unready });
    expect(await get(routes, '/livez')).toEqual([200, 'ok\n']);
    expect(await get(routes, '/healthz')).toEqual([200, 'ok\n']);
    expect(await get(routes, '/readyz')).toEqual([503, 'certificate: none yet\nstopping\n']);
  });

  it('is ready when there is no reason against it', async () => {
    expect(await get(healthRoutes({ readiness: () => ({ ready: true }) }), '/readyz?verbose')).toEqual([200, 'ok\n']);
  });

  it('fails the liveness probe only for what a restart can cure', async () => {
    const routes = healthRoutes({ readiness: () => unready, fatal: () => 'the loop stands still' });
    expect(await get(routes, '/livez')).toEqual([503, 'the loop stands still\n']);
  });
});

it('serves metrics in the format of Prometheus', async () => {
  const [status, body] = await get(
    metricsRoutes(createMetricsRegistry({ program: 'webhook', process: true })),
    '/metrics',
  );
  expect(status).toBe(200);
  expect(body).toMatch(/^process_resident_memory_bytes\{program="webhook"\} \d+/m);
});

describe('a plain server', () => {
  const routes: PlainRoutes = { '/a': () => text(200, 'a') };

  it('says what it has when asked for something else', async () => {
    expect(await get(routes, '/b')).toEqual([404, 'nothing here: ask for /a\n']);
    expect(await get(routes, '/constructor')).toEqual([404, 'nothing here: ask for /a\n']);
  });

  it('answers GET only', async () => {
    expect(await get(routes, '/a', 'POST')).toEqual([405, '/a answers GET only\n']);
  });

  it('answers 500 without details when a route throws, and logs it', async () => {
    const lines: string[] = [];
    const log = createLogger({ level: 'error', write: (line) => lines.push(line), now: () => new Date() });
    const broken: PlainRoutes = { '/a': () => Promise.reject(new Error('disk on fire')) };
    expect(await get(broken, '/a', 'GET', log)).toEqual([500, 'internal error, see the log\n']);
    expect(lines.join()).toContain('disk on fire');
  });

  it('answers a probe beside more idle connections than there may be: the oldest are closed', async () => {
    await get(routes, '/a');
    const idle = Array.from({ length: 256 + 20 }, () => {
      const socket = connect(server?.port ?? 0, '127.0.0.1').resume();
      socket.on('error', () => undefined);
      return socket;
    });
    const closed = (): number => idle.filter((socket) => socket.closed).length;
    await until(() => closed() >= 20);
    // The time-out for the head of a request would close them all, seconds later.
    expect(closed()).toBeLessThan(idle.length);
    expect(await get(routes, '/a')).toEqual([200, 'a\n']);
    for (const socket of idle) socket.destroy();
  });

  it('names the port that is taken', async () => {
    await get(routes, '/a');
    const again = startPlainServer({ port: server?.port ?? 0, host: '127.0.0.1', routes, log: silentLogger });
    await expect(again).rejects.toThrow(/listening on port \d+/);
  });
});
