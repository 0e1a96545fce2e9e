import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { commandInCluster } from '../../scripts/cluster/cluster.ts';
import { requireCommand } from '../../scripts/cluster/command.ts';
import { registerApi, startProgram, type Running } from './beside.ts';
import { localCluster } from './components.ts';
import { eventually } from './eventually.ts';
import { kubectl } from './kubectl.ts';

const port = 10_391;
const api = {
  ...{ group: 'external.metrics.k8s.io', version: 'v1beta1' },
  ...{ serviceName: 'external-metrics', listensOn: port },
};

/** What an adapter answers: the one number, of whatever metric it is asked for. */
const script = `
  const { readFileSync } = require('node:fs');
  const [folder] = process.argv.slice(1), read = (file) => readFileSync(folder + '/' + file, 'utf8');
  const apiVersion = '${api.group}/${api.version}';
  require('node:https').createServer({ key: read('tls.key'), cert: read('tls.crt') }, ({ url }, response) => {
    const [, metricName] = /\\/namespaces\\/[^/]+\\/([^/?]+)/.exec(url) ?? [];
    const values = () => [{ metricName, metricLabels: {}, timestamp: new Date().toISOString(), value: read('value') }];
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(metricName === undefined
      ? { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersion, resources: [] }
      : { kind: 'ExternalMetricValueList', apiVersion, metadata: {}, items: values() }));
  }).listen(${port});`;

export interface ExternalMetrics extends Running {
  readonly set: (value: number) => Promise<void>;
}

/** An API of external metrics beside the cluster, which says what it was told (0 at first); ends when API servers reach it. */
export async function startExternalMetrics(): Promise<ExternalMetrics> {
  const cluster = await localCluster();
  const folder = await mkdtemp(path.join(tmpdir(), 'mcp-lifecycle-external-metrics-'));
  const set = (value: number): Promise<void> => writeFile(path.join(folder, 'value'), String(value));
  await set(0);
  const key = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const files = ['-subj', '/CN=metrics', '-keyout', path.join(folder, 'tls.key'), '-out', path.join(folder, 'tls.crt')];
  await requireCommand(['openssl', ...key, ...files], 'check that openssl 3 is installed');
  const command = await commandInCluster(cluster, [process.execPath, '-e', script, folder]);
  const running = startProgram(command, cluster.environment);
  const unregister = await registerApi(api);
  const stop = async (): Promise<void> => {
    // An API that nobody serves keeps every namespace from being deleted.
    await unregister();
    await running.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const served = ['get', '--raw', `/apis/${api.group}/${api.version}/namespaces/default/any`];
    await eventually('external metrics are served', async () => (await kubectl(served)).code === 0, {
      withinMs: 120_000,
      describe: async () => ({ said: running.said(), answer: await kubectl(served) }),
    });
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
  return { said: () => running.said(), stop, set };
}
