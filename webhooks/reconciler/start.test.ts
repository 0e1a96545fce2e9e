import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, it } from '@jest/globals';

import { anInstallation } from '../core/testing/an-installation.ts';
import { findFreePort } from '../platform/http/testing/free-port.ts';
import type { ReconcilerConfig } from '../platform/config.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { silentLogger } from '../platform/log.ts';
import { startReconciler } from './start.ts';

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

/** A port of every address, as ours are, at which somebody else listens. */
async function takePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  servers.push(server);
  return (server.address() as AddressInfo).port;
}

function start(ports: Pick<ReconcilerConfig, 'healthPort' | 'metricsPort'>, signal: AbortSignal): Promise<void> {
  return startReconciler({
    ...{ api: createFakeKubeApi(), clock: createFakeClock(), log: silentLogger, signal, version: '1' },
    config: {
      installation: anInstallation({ namespace: 'mcp' }),
      ...{ namespace: 'mcp', podName: 'p', logLevel: 'error', leaseName: 'l', clusterDomain: 'cluster.local' },
      ...{ watchNamespaces: [], features: [], maxRollouts: 10 },
      ...{ compatibility: 'default', metricsPerServer: false },
      ...ports,
    },
  });
}

const isAlive = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/livez`).then(
    ({ ok }) => ok,
    () => false,
  );

describe('the program', () => {
  it('does not stay alive without working when the metrics port is taken', async () => {
    const [healthPort, metricsPort] = [await findFreePort(), await takePort()];
    const done = start({ healthPort, metricsPort }, new AbortController().signal);
    await expect(done).rejects.toThrow(`listening on port ${metricsPort}`);
    expect(await isAlive(healthPort)).toBe(false);
  });

  it('answers its probes until it stops', async () => {
    const healthPort = await findFreePort();
    const stop = new AbortController();
    const done = start({ healthPort, metricsPort: 0 }, stop.signal);
    while (!(await isAlive(healthPort))) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort();
    await done;
    expect(await isAlive(healthPort)).toBe(false);
  });
});
