/**
 * @slow a look back goes in steps of five minutes, and what is measured begins with the case; the first time Prometheus is built, which takes minutes.
 */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gatewaySamples } from '../../../scripts/alerts/gateway-samples.ts';
import { at, parseRendered, template } from '../../../scripts/chart/render.ts';
import { execInCluster } from '../../../scripts/cluster/cluster.ts';
import { runCommand, type CommandResult } from '../../../scripts/cluster/command.ts';
import { buildLayout } from '../../../scripts/cluster/packages/layout.ts';
import { release } from '../../../scripts/quickstart/install.ts';
import { addressOfNode } from '../../harness/beside.ts';
import { localCluster } from '../../harness/components.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, get, list, type KubeObject } from '../../harness/kubectl.ts';
import { imageOf, oddServer, untilCondition, untilObserved } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { node, runInside } from '../../harness/node-pod.ts';
import { buildPrometheus, startPrometheus, type RunningPrometheus } from '../../harness/prometheus.ts';

const mebibyte = 1024 * 1024;

/** What each server requests, and may have at most. */
const resources = {
  search: { requests: { cpu: '400m', memory: '256Mi' }, limits: { cpu: '500m', memory: '512Mi' } },
  busy: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '200m', memory: '128Mi' } },
};

/** What `search` has used since so many hours, and when it was called last. */
const before = { hours: 30, memory: 100 * mebibyte, cores: 0.0985, idleHours: 27.5 };

describe('cost, by a real Prometheus that scrapes the kubelet and evaluates the rules for owners', () => {
  const namespace = useNamespace();
  let prometheus: RunningPrometheus | undefined;
  let burning: Promise<unknown> | undefined;

  beforeAll(async () => {
    const cluster = await localCluster();
    const programs = await buildPrometheus();
    const items = Object.entries(resources).map(([name, of]) =>
      oddServer(name, 'good', { runtime: { resources: of } }),
    );
    await apply(namespace, { apiVersion: 'v1', kind: 'List', items: [...items, gatewayFor('busy', namespace)] });
    for (const name of Object.keys(resources))
      await untilCondition(namespace, name, { type: 'Verified', status: 'True' });
    const gateway = await eventually('the gateway has an address', async () => {
      const address = (await get(namespace, 'pods', 'gateway'))?.status?.['podIP'];
      return typeof address === 'string' && address;
    });
    prometheus = await startPrometheus(cluster, programs, {
      configuration: JSON.stringify({
        global: { scrape_interval: '5s', evaluation_interval: '5s' },
        scrape_configs: [
          kubelet(await addressOfNode(), buildLayout(cluster.settings.directory).pki),
          // The rules count servers that we know.
          {
            job_name: 'reconciler',
            static_configs: [{ targets: await reconcilers(), labels: { namespace: release.namespace } }],
          },
          { job_name: 'gateway', static_configs: [{ targets: [`${gateway}:9090`], labels: { namespace } }] },
        ],
      }),
      rules: { 'rules.yaml': JSON.stringify(await rulesFor(namespace)) },
      history: historyOf({ namespace, pod: await podOf('search') }),
    });
    const burn = 'for (const end = Date.now() + 420e3; Date.now() < end; );';
    burning = runInside(namespace, await podOf('busy'), burn).catch(() => undefined);
  }, 3_600_000);
  afterAll(async () => {
    await prometheus?.stop();
    await apply(namespace, oddServer('busy', 'good', { runtime: { replicas: 0 } }));
    await burning;
  });

  const podOf = async (name: string): Promise<string> =>
    (await list({ namespace }, 'pods', `mcp-server=${name}`))[0]?.metadata.name ?? '';
  /** As the guide says it, where Prometheus can be reached. */
  const cost = async (...args: readonly string[]): Promise<CommandResult> => {
    const command = [process.execPath, path.resolve('webhooks/main.ts'), 'cost', '-n', namespace, ...args];
    return execInCluster(await localCluster(), [...command, '--prometheus', prometheus?.url ?? '']);
  };
  /** The cells of a line, as they are: `cpu 120m, memory 120Mi` is one. */
  const rowOf = async (name: string): Promise<readonly string[]> => {
    const { code, stdout, stderr } = await cost();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const line = stdout.split('\n').find((one) => one.startsWith(namespace) && one.includes(` ${name} `)) ?? '';
    return line.trim().split(/ {2,}/).slice(1);
  };
  const patches = async (): Promise<readonly string[]> => (await cost('-o', 'patch')).stdout.trim().split('\n');
  const requestsIn = async (): Promise<unknown> => {
    const deployment = await get(namespace, 'deployments', 'search');
    return at(deployment, 'spec.template.spec.containers.0.resources');
  };
  const read = (kind: 'mcpservers' | 'deployments'): Promise<KubeObject | undefined> => get(namespace, kind, 'search');

  it('knows of a server what it used for a day, for how long nobody has called it, and what to request instead', async () => {
    expect(await rowOf('search')).toEqual([
      ...['search', '1', '400m', '99m', '256Mi', '100Mi', '27h'],
      'cpu 120m, memory 120Mi',
    ]);
  });

  it('knows what the kubelet has measured, and that somebody calls, and suggests nothing after minutes', async () => {
    const row = await eventually(
      'its CPU is known, and its calls',
      async () => {
        const [, , , cpu = '', , , idle] = await rowOf('busy');
        return Number.parseInt(cpu, 10) > 50 && idle === 'no' && rowOf('busy');
      },
      { withinMs: 660_000, describe: () => rowOf('busy') },
    );
    const [name, pods, cpu, usedCpu = '', memory, usedMemory = '', idle, suggestion] = row;
    expect([name, pods, cpu, memory, idle, suggestion]).toEqual(['busy', '1', '100m', '64Mi', 'no', '-']);
    // It burns what it may; a busy machine gives less.
    expect(Number.parseInt(usedCpu, 10)).toBeLessThanOrEqual(220);
    const measured = await workingSetOf('busy');
    expect(Number.parseInt(usedMemory, 10)).toBeGreaterThanOrEqual(Math.floor(measured / mebibyte / 2));
    expect(Number.parseInt(usedMemory, 10)).toBeLessThanOrEqual(128);
  });

  /** In bytes, at this moment, as the kubelet itself says it. */
  const workingSetOf = async (name: string): Promise<number> => {
    const expression = `container_memory_working_set_bytes{namespace="${namespace}",container="mcp-server",pod=~"${name}-.*"}`;
    const [sample] = (await prometheus?.query(expression)) ?? [];
    return Number(sample?.value[1]);
  };

  it('prints a command that sets it, once, and then has nothing more to say of it', async () => {
    const [command = '', remark = '', ...others] = await patches();
    expect(others).toEqual([]);
    expect(remark).toMatch(/^# idle for 27h: kubectl .* scale mcpservers\.mcp\.x-k8s\.io search --replicas=0$/);
    const { environment } = await localCluster();
    const run = (): Promise<CommandResult> => runCommand(['sh', '-c', command], { env: environment });
    expect(await run()).toMatchObject({ code: 0, stdout: 'mcpserver.mcp.x-k8s.io/search patched\n' });
    const wanted = { requests: { cpu: '120m', memory: '120Mi' }, limits: resources.search.limits };
    await eventually('its pods request it', async () => JSON.stringify(await requestsIn()).includes('120Mi'));
    expect(await requestsIn()).toEqual(wanted);
    await untilObserved(namespace, 'search');
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });

    const generations = async (): Promise<readonly unknown[]> =>
      [await read('mcpservers'), await read('deployments')].map((object) => object?.metadata.generation);
    const once = await generations();
    expect(await run()).toMatchObject({ code: 0, stdout: 'mcpserver.mcp.x-k8s.io/search patched (no change)\n' });
    expect(await generations()).toEqual(once);
    expect((await patches()).filter((line) => !line.startsWith('#'))).toEqual([]);
    expect((await rowOf('search')).at(-1)).toBe('-');
  });
});

/** cAdvisor of the kubelet, which lets in who shows the certificate of the administrator. */
function kubelet(address: string, pki: string): object {
  const [cert_file, key_file] = [path.join(pki, 'admin.crt'), path.join(pki, 'admin.key')];
  return {
    ...{ job_name: 'kubelet', scheme: 'https', metrics_path: '/metrics/cadvisor' },
    tls_config: { cert_file, key_file, insecure_skip_verify: true },
    static_configs: [{ targets: [`${address}:10250`] }],
  };
}

async function reconcilers(): Promise<readonly string[]> {
  const pods = await list({ namespace: release.namespace }, 'pods', `app.kubernetes.io/instance=${release.name}`);
  return pods.map(({ status }) => `${String(status?.['podIP'])}:8082`);
}

/** The rules of the chart, for gateways of this namespace. */
async function rulesFor(gateways: string): Promise<unknown> {
  const values = `monitoring.rules.enabled=true,monitoring.rules.gatewayNamespaces={${gateways}}`;
  const [rule] = parseRendered(await template('--set', values, '--show-only', 'templates/monitoring.yaml'));
  return at(rule, 'spec');
}

/** Nobody waits for a day: what a Prometheus has when it scraped this pod for one, and what the rules recorded. */
function historyOf({ namespace, pod }: { readonly namespace: string; readonly pod: string }): string {
  const end = Math.floor(Date.now() / 1_000) - 600;
  const times = Array.from({ length: before.hours * 60 }, (_, minute) => end - (before.hours * 60 - 1 - minute) * 60);
  const ofPod = `{container="mcp-server",namespace="${namespace}",pod="${pod}"}`;
  const ofServer = `{mcpserver="search",namespace="${namespace}"}`;
  const lastCall = Date.now() / 1_000 - before.idleHours * 3_600;
  const series = (name: string, type: string, labels: string, valueAt: (time: number) => number): readonly string[] => [
    `# TYPE ${name} ${type}`,
    ...times.map((time) => `${name}${type === 'counter' ? '_total' : ''}${labels} ${valueAt(time)} ${time}`),
  ];
  const start = times[0] ?? 0;
  return [
    ...series('container_memory_working_set_bytes', 'gauge', ofPod, () => before.memory),
    ...series('container_cpu_usage_seconds', 'counter', ofPod, (time) => (time - start) * before.cores),
    ...series('mcp_server:requests:rate5m', 'gauge', ofServer, (time) => (time <= lastCall ? 1 : 0)),
    '# EOF\n',
  ].join('\n');
}

/** In place of a gateway, what it says: ten calls more of the server a second. */
function gatewayFor(name: string, namespace: string): object {
  const text = gatewaySamples['contour']?.({ namespace, name, answered: 10, failed: 0 }) ?? '';
  const script = `const started = Date.now();
    require('node:http').createServer((_, response) => {
      const seconds = 1 + (Date.now() - started) / 1000;
      response.setHeader('content-type', 'text/plain; version=0.0.4');
      response.end(${JSON.stringify(text)}.replace(/ ([0-9.]+)$/gm, (_, count) => ' ' + count * seconds));
    }).listen(9090);`;
  return {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'gateway' } },
    spec: {
      ...{ automountServiceAccountToken: false, terminationGracePeriodSeconds: 0 },
      containers: [{ name: 'node', image: imageOf('mcp-client'), command: [node, '-e', script] }],
    },
  };
}
