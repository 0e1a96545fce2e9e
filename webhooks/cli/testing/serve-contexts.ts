import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeApi } from '../../platform/kube/api.ts';
import { serveFakeApi } from '../../platform/kube/testing/serve-fake-api.ts';

/** Clusters of a kubeconfig. */
export interface ServedContexts {
  /** Of the kubeconfig; goes with it. */
  readonly folder: string;
  /** No cluster answers from then on. */
  readonly stop: () => Promise<void>;
  /** Everything as it was before. */
  readonly end: () => Promise<void>;
}

/** Points KUBECONFIG at a file with a context for each API, of which the first is the current one. */
export async function serveContexts(apis: Readonly<Record<string, KubeApi>>): Promise<ServedContexts> {
  const before = process.env['KUBECONFIG'];
  const folder = mkdtempSync(join(tmpdir(), 'mcp-lifecycle-'));
  const running = new Set(await Promise.all(Object.values(apis).map((api) => serveFakeApi(api))));
  const servers = [...running];
  const names = Object.keys(apis);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    users: [{ name: 'me', user: {} }],
    clusters: names.map((name, index) => {
      // Listening, so it has an address and a port.
      const { port } = servers[index]?.address() as AddressInfo;
      return { name, cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } };
    }),
    contexts: names.map((name) => ({ name, context: { cluster: name, user: 'me' } })),
    'current-context': names[0],
  };
  writeFileSync(join(folder, 'config'), JSON.stringify(config));
  process.env['KUBECONFIG'] = join(folder, 'config');
  const stop = async (): Promise<void> => {
    const closing = [...running].map((server) => once(server.close(), 'close'));
    running.clear();
    await Promise.all(closing);
  };
  return {
    folder,
    stop,
    async end() {
      if (before === undefined) Reflect.deleteProperty(process.env, 'KUBECONFIG');
      else process.env['KUBECONFIG'] = before;
      await stop();
      rmSync(folder, { recursive: true });
    },
  };
}
