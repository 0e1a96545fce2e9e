import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import type { ClusterHandle } from '../../scripts/cluster/cluster.ts';
import { ensureKubeStateMetrics } from '../../scripts/cluster/packages/kube-state-metrics.ts';
import { resolveSettings } from '../../scripts/cluster/settings.ts';
import { startProgram, type Running } from './beside.ts';

const port = 18_081;

/** The first time it takes minutes. */
export function buildKubeStateMetrics(): Promise<string> {
  const { cache } = resolveSettings({}, process.env);
  return ensureKubeStateMetrics(cache, (line) => process.stderr.write(`${line}\n`));
}

export interface KubeStateMetricsInput {
  readonly program: string;
  /** Of custom resources, of which alone it then speaks. */
  readonly configuration: string;
  /** As whom it reads the cluster: `system:serviceaccount:…`. */
  readonly user: string;
}

export interface RunningKubeStateMetrics extends Running {
  /** The lines of its metrics. */
  readonly read: () => Promise<readonly string[]>;
}

/** As a process beside the cluster: it speaks to the API server alone. */
export async function startKubeStateMetrics(
  cluster: ClusterHandle,
  { program, configuration, user }: KubeStateMetricsInput,
): Promise<RunningKubeStateMetrics> {
  const folder = await mkdtemp(path.join(tmpdir(), 'mcp-lifecycle-kube-state-metrics-'));
  const [kubeconfig, config] = [path.join(folder, 'kubeconfig'), path.join(folder, 'config.yaml')];
  await writeFile(kubeconfig, actingAs(user, await readFile(cluster.kubeconfig, 'utf8')));
  await writeFile(config, configuration);
  const running = startProgram([
    ...[program, `--kubeconfig=${kubeconfig}`, '--host=127.0.0.1', `--port=${port}`],
    ...['--telemetry-host=127.0.0.1', `--telemetry-port=${port + 1}`],
    ...['--custom-resource-state-only=true', `--custom-resource-state-config-file=${config}`],
  ]);
  return {
    said: () => running.said(),
    async read() {
      const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
      return (await answer.text()).split('\n');
    },
    async stop() {
      await running.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function actingAs(user: string, kubeconfig: string): string {
  interface Kubeconfig {
    readonly users: readonly { readonly name: string; readonly user: object }[];
  }
  const read = parse(kubeconfig) as Kubeconfig;
  return stringify({ ...read, users: read.users.map((one) => ({ ...one, user: { ...one.user, as: user } })) });
}
