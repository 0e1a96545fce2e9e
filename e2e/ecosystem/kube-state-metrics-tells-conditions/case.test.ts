/**
 * @alone it installs the chart with the configuration for kube-state-metrics.
 * @slow two installations; the first time kube-state-metrics is built, which takes minutes.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findCluster } from '../../../scripts/cluster/cluster.ts';
import { release } from '../../../scripts/quickstart/install.ts';
import { installChart } from '../../harness/chart.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectlOk } from '../../harness/kubectl.ts';
import {
  buildKubeStateMetrics,
  startKubeStateMetrics,
  type RunningKubeStateMetrics,
} from '../../harness/kube-state-metrics.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

const role = 'e2e-kube-state-metrics';

describe('a real kube-state-metrics with the configuration of the chart', () => {
  const namespace = useNamespace();
  let metrics: RunningKubeStateMetrics | undefined;

  beforeAll(async () => {
    const cluster = await findCluster();
    if (cluster === undefined) throw new Error('scripts/ecosystem brought the cluster up');
    const program = await buildKubeStateMetrics();
    await installChart({ args: ['--set', 'monitoring.kubeStateMetrics.enabled=true'] });
    await apply(namespace, kubernetesServer('healthy'));
    await apply(
      namespace,
      kubernetesServer('refused', { config: { port: 8080, envFrom: [{ configMapRef: { name: 'nowhere' } }] } }),
    );
    await kubectlOk(['apply', '--filename', '-'], rightsOfTheGuide(namespace));
    const map = await get(release.namespace, 'configmaps', `${release.name}-mcp-servers-kube-state-metrics`);
    const configuration = map?.data?.['config.yaml'] ?? '';
    const user = `system:serviceaccount:${namespace}:default`;
    metrics = await startKubeStateMetrics(cluster, { program, configuration, user });
  }, 3_600_000);

  afterAll(async () => {
    await metrics?.stop();
    await kubectlOk(['delete', '--ignore-not-found', 'clusterrole,clusterrolebinding', role]);
    await installChart();
  });

  /** The series of a server with these labels, once there is one. */
  const untilSeries = (name: string, labels: Readonly<Record<string, string>>): Promise<string> => {
    const wanted = Object.entries({ namespace, ...labels }).map(([label, value]) => `${label}="${value}"`);
    return eventually(
      `${name} has ${wanted.join()}`,
      async () => {
        const lines = (await metrics?.read()) ?? [];
        return lines.find((line) => line.startsWith(`${name}{`) && wanted.every((label) => line.includes(label)));
      },
      { describe: async () => ({ read: await metrics?.read(), said: metrics?.said() }) },
    );
  };

  it.each([
    ['healthy', { type: 'Verified', status: 'True' }],
    ['refused', { type: 'Accepted', status: 'False' }],
  ])('has the conditions of the server %s, and since when each is so', async (name, condition) => {
    const server = await untilCondition(namespace, name, condition);
    const { reason = '', lastTransitionTime = '' } = conditionOf(server, condition.type) ?? {};
    expect(await untilSeries('kube_mcpserver_status_condition_info', { name, ...condition, reason })).toMatch(/ 1$/);
    const since = await untilSeries('kube_mcpserver_status_condition_last_transition_time', { name, ...condition });
    expect(Number(since.split(' ').at(-1))).toBe(Date.parse(lastTransitionTime) / 1000);
  });

  it('has the pods of a server that are ready', async () => {
    const ready = { name: 'healthy' };
    expect(await untilSeries('kube_mcpserver_status_replicas_ready', ready)).toMatch(/ 1$/);
  });
});

/** Of an account that has no others. */
function rightsOfTheGuide(namespace: string): object {
  const group = 'rbac.authorization.k8s.io';
  const verbs = ['list', 'watch'];
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      {
        ...{ apiVersion: `${group}/v1`, kind: 'ClusterRole', metadata: { name: role } },
        rules: [
          { apiGroups: ['mcp.x-k8s.io'], resources: ['mcpservers'], verbs },
          { apiGroups: ['apiextensions.k8s.io'], resources: ['customresourcedefinitions'], verbs },
        ],
      },
      {
        ...{ apiVersion: `${group}/v1`, kind: 'ClusterRoleBinding', metadata: { name: role } },
        roleRef: { apiGroup: group, kind: 'ClusterRole', name: role },
        subjects: [{ kind: 'ServiceAccount', name: 'default', namespace }],
      },
    ],
  };
}
