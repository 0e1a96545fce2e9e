import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parse, stringify } from 'yaml';
import { commandInCluster, execInCluster, type ClusterHandle } from '../../scripts/cluster/cluster.ts';
import { requireCommand } from '../../scripts/cluster/command.ts';
import {
  ensurePrometheus,
  ensurePromtool,
  type PrometheusPrograms,
} from '../../scripts/cluster/packages/prometheus.ts';
import { resolveSettings } from '../../scripts/cluster/settings.ts';
import { proxyUrl } from './api.ts';
import { startProgram, type Running } from './beside.ts';
import { eventually } from './eventually.ts';
import { get } from './kubectl.ts';

/** The first time it takes minutes. */
export function buildPrometheus(): Promise<PrometheusPrograms> {
  const { cache } = resolveSettings({}, process.env);
  return ensurePrometheus(cache, (line) => process.stderr.write(`${line}\n`));
}

/** The operator, as a process beside the cluster that speaks to the API server alone, and knows these namespaces. */
export function startOperator({ operator }: PrometheusPrograms, ...namespaces: readonly string[]): Running {
  return startProgram([
    operator,
    `--apiserver=${proxyUrl()}`,
    `--namespaces=${namespaces.join()}`,
    '--web.listen-address=127.0.0.1:0',
  ]);
}

/**
 * What the operator made of the monitors for a Prometheus of its kind, once it speaks about `wanted`. Read it again after
 * a change.
 */
export function untilConfigured(namespace: string, name: string, wanted: string): Promise<string> {
  return eventually(`the operator has configured ${wanted}`, async () => {
    const { 'prometheus.yaml.gz': packed } = (await get(namespace, 'secrets', `prometheus-${name}`))?.data ?? {};
    if (packed === undefined) return undefined;
    const text = gunzipSync(Buffer.from(packed, 'base64')).toString('utf8');
    return text.includes(wanted) ? text : undefined;
  });
}

/** The rules that the operator took, as the files that it makes of them. */
export function untilRules(namespace: string, name: string, wanted: string): Promise<Readonly<Record<string, string>>> {
  return eventually(`the operator has taken ${wanted}`, async () => {
    const { data } = (await get(namespace, 'configmaps', `prometheus-${name}-rulefiles-0`)) ?? {};
    return Object.values(data ?? {}).some((text) => text.includes(wanted)) ? data : undefined;
  });
}

/** What monitors refer to (CAs of Secrets and ConfigMaps), as the operator puts it into files for a Prometheus; decoded, by the names of the files. */
export async function readTlsAssets(namespace: string, name: string): Promise<Readonly<Record<string, string>>> {
  const { data } = (await get(namespace, 'secrets', `prometheus-${name}-tls-assets-0`)) ?? {};
  const decode = (text: string): string => Buffer.from(text, 'base64').toString('utf8');
  return Object.fromEntries(Object.entries(data ?? {}).map(([file, text]) => [file, decode(text)]));
}

/** Where a Prometheus in a pod has them mounted. */
const mountedAssets = '/etc/prometheus/certs';

export interface RunningPrometheus extends Running {
  /** In the network of the cluster. */
  readonly url: string;
  /** Writes the files of {@link readTlsAssets} anew, as kubelets do it in a pod. */
  readonly replaceTlsAssets: (tlsAssets: Readonly<Record<string, string>>) => Promise<void>;
  /** The values of an instant query, by the labels as JSON. */
  readonly query: (expression: string) => Promise<readonly Sample[]>;
}

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  /** When, and how much. */
  readonly value: readonly [number, string];
}

const port = 19_090;

export interface PrometheusFiles {
  readonly configuration: string;
  readonly rules?: Readonly<Record<string, string>>;
  readonly tlsAssets?: Readonly<Record<string, string>>;
  /** What it has seen before, in the text of OpenMetrics with times. */
  readonly history?: string;
}

/** Prometheus itself in the network of the cluster, where pods can be reached, with a configuration of the operator and its rules. */
export async function startPrometheus(
  cluster: ClusterHandle,
  { prometheus }: PrometheusPrograms,
  { configuration, rules = {}, tlsAssets = {}, history }: PrometheusFiles,
): Promise<RunningPrometheus> {
  const folder = await mkdtemp(path.join(tmpdir(), 'mcp-lifecycle-prometheus-'));
  const file = path.join(folder, 'prometheus.yaml');
  const write = async (into: string, files: Readonly<Record<string, string>>): Promise<void> => {
    await mkdir(path.join(folder, into), { recursive: true });
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, into, name), text);
  };
  const replaceTlsAssets = (files: Readonly<Record<string, string>>): Promise<void> => write('certs', files);
  await write('rules', rules);
  await replaceTlsAssets(tlsAssets);
  await writeFile(file, besideCluster(configuration, { folder, kubeconfig: cluster.kubeconfig }));
  if (history !== undefined) await fillIn(history, folder);
  const url = `127.0.0.1:${port}`;
  const command = [
    ...[prometheus, `--config.file=${file}`, `--storage.tsdb.path=${path.join(folder, 'data')}`],
    `--web.listen-address=${url}`,
  ];
  const running = startProgram(await commandInCluster(cluster, command), cluster.environment);
  return {
    url: `http://${url}`,
    said: () => running.said(),
    replaceTlsAssets,
    async query(expression) {
      const address = `http://${url}/api/v1/query?query=${encodeURIComponent(expression)}`;
      const { code, stdout, stderr } = await execInCluster(cluster, ['curl', '--silent', '--show-error', address]);
      if (code !== 0) throw new Error(`Prometheus does not answer: ${stderr.trim()}`);
      return (JSON.parse(stdout) as { readonly data: { readonly result: readonly Sample[] } }).data.result;
    },
    async stop() {
      await running.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** https://prometheus.io/docs/prometheus/latest/storage/#backfilling-from-openmetrics-format */
async function fillIn(history: string, folder: string): Promise<void> {
  const { cache } = resolveSettings({}, process.env);
  const promtool = await ensurePromtool(cache, (line) => process.stderr.write(`${line}\n`));
  const text = path.join(folder, 'history.txt');
  await writeFile(text, history);
  const create = [promtool, 'tsdb', 'create-blocks-from', 'openmetrics', text, path.join(folder, 'data')];
  await requireCommand(create, 'see what it says');
}

/** What the reloader beside a Prometheus puts in place of variables: which replica it is, and which shard of the targets. */
const variables: Readonly<Record<string, string>> = { POD_NAME: 'prometheus-team-0', SHARD: '0' };

/** Inside a cluster Prometheus uses its account, and has its rules mounted; beside it, our kubeconfig and folder. Nothing else is changed. */
function besideCluster(
  configuration: string,
  { folder, kubeconfig }: { readonly folder: string; readonly kubeconfig: string },
): string {
  interface Configuration {
    readonly scrape_configs?: readonly { readonly kubernetes_sd_configs?: readonly object[] }[];
    readonly [field: string]: unknown;
  }
  const expanded = configuration.replaceAll(/\$\((\w+)\)/g, (text, name: string) => variables[name] ?? text);
  const read = parse(expanded.replaceAll(mountedAssets, path.join(folder, 'certs'))) as Configuration;
  const scrape_configs = (read.scrape_configs ?? []).map((scrape) => ({
    ...scrape,
    kubernetes_sd_configs: (scrape.kubernetes_sd_configs ?? []).map((found) => ({
      ...found,
      kubeconfig_file: kubeconfig,
    })),
  }));
  return stringify({ ...read, scrape_configs, rule_files: [path.join(folder, 'rules', '*.yaml')] });
}
