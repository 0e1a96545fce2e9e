/** @slow a pod that its node cannot start is told about after a minute. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { proxyUrl } from '../../harness/api.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectl, kubectlOk, list } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

const account = { security: { serviceAccountName: 'default' } };
const names = { volume: 'e2e-pods-are-placed', low: 'e2e-low', here: 'e2e-here', nowhere: 'e2e-nowhere' };

const placed = {
  runtime: { ...account, replicas: 2 },
  mcp: { stateless: true },
  extensions: {
    storage: [{ claimName: 'index', path: '/index' }],
    startupProbe: { tcpSocket: { port: 'mcp' }, periodSeconds: 1, failureThreshold: 60 },
    scheduling: {
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      tolerations: [{ key: 'e2e', operator: 'Exists' }],
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule' },
      ],
      priorityClassName: names.low,
      runtimeClassName: names.here,
      disruptionBudget: {},
    },
  },
};

/** A directory of the node, bound to the claim by name: the local cluster provisions no volumes. */
const volumeFor = (namespace: string): object => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: names.volume },
  spec: {
    ...{ capacity: { storage: '1Mi' }, accessModes: ['ReadOnlyMany'], persistentVolumeReclaimPolicy: 'Retain' },
    ...{ storageClassName: '', claimRef: { namespace, name: 'index' } },
    hostPath: { path: '/usr/share', type: 'Directory' },
  },
});
const claim = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'index' },
  spec: {
    ...{ accessModes: ['ReadOnlyMany'], storageClassName: '', volumeName: names.volume },
    resources: { requests: { storage: '1Mi' } },
  },
};
const runtimeClass = (name: string, handler: string): object => ({
  ...{ apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name }, handler },
});
const priorityClass = {
  ...{ apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: names.low }, value: 1 },
};

describe('a server that says where its pods run', () => {
  const namespace = useNamespace();

  const removeOfCluster = async (): Promise<void> => {
    const classes = [`runtimeclass/${names.here}`, `runtimeclass/${names.nowhere}`, `priorityclass/${names.low}`];
    await kubectl(['delete', '--ignore-not-found', `persistentvolume/${names.volume}`, '--wait=false']);
    await kubectl(['delete', '--ignore-not-found', ...classes]);
  };
  /** What admission says of such a server. */
  const warningsOf = async (server: object): Promise<string> =>
    (await kubectl(['create', '--dry-run=server', '--namespace', namespace, '--filename', '-'], server)).stderr;
  const evict = async (pod: string): Promise<string> => {
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace } };
    const url = `${proxyUrl()}/api/v1/namespaces/${namespace}/pods/${pod}/eviction`;
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(eviction) });
    return answer.ok ? 'evicted' : answer.text();
  };

  beforeAll(async () => {
    await removeOfCluster();
    await kubectlOk(['apply', '--filename', '-'], runtimeClass(names.nowhere, 'e2e-no-such-handler'));
    // Takes a minute until it is told, so it begins first.
    const scheduling = { runtimeClassName: names.nowhere };
    await apply(namespace, kubernetesServer('nowhere', { runtime: account, extensions: { scheduling } }));
  });
  afterAll(removeOfCluster);

  it('is warned of what does not exist, and of nothing when it does', async () => {
    const missing = await warningsOf(kubernetesServer('search', placed));
    expect(missing).toContain("PersistentVolumeClaim 'index' not found");
    expect(missing).toContain(`PriorityClass '${names.low}' not found`);
    expect(missing).toContain(`RuntimeClass '${names.here}' not found`);
    await kubectlOk(['apply', '--filename', '-'], volumeFor(namespace));
    await apply(namespace, claim);
    await kubectlOk(['apply', '--filename', '-'], priorityClass);
    await kubectlOk(['apply', '--filename', '-'], runtimeClass(names.here, 'runc'));
    expect(await warningsOf(kubernetesServer('search', placed))).toBe('');
  });

  it('is told how many pods a claim is for', async () => {
    const single = {
      ...claim,
      metadata: { name: 'single' },
      spec: { ...claim.spec, accessModes: ['ReadWriteOncePod'] },
    };
    await apply(namespace, single);
    const extensions = { storage: [{ claimName: 'single', path: '/single' }] };
    const warnings = await warningsOf(kubernetesServer('alone', { ...placed, extensions }));
    expect(warnings).toContain('only one pod can mount this claim');
    await kubectlOk(['delete', 'pvc', 'single', '--namespace', namespace, '--wait=false']);
  });

  it('runs there, with its volume, and nothing is written again and again', async () => {
    await apply(namespace, kubernetesServer('search', placed));
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    await untilCondition(namespace, 'search', { type: 'DisruptionsLimited', status: 'True', reason: 'Applied' });
    const pods = await eventually('both pods are ready', async () => {
      const found = await list({ namespace }, 'pods', 'mcp-server=search');
      return found.filter((pod) => conditionOf(pod, 'Ready')?.status === 'True').length === 2 && found;
    });
    for (const { spec } of pods) {
      expect(spec).toMatchObject({
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        priorityClassName: names.low,
        runtimeClassName: names.here,
        tolerations: expect.arrayContaining([{ key: 'e2e', operator: 'Exists' }]),
        volumes: expect.arrayContaining([{ name: 'vol-claim-0', persistentVolumeClaim: { claimName: 'index' } }]),
      });
    }
    const generation = async (): Promise<number | undefined> =>
      (await get(namespace, 'deployments', 'search'))?.metadata.generation;
    expect(await generation()).toBe(1);
    await kubectlOk(['annotate', 'mcpserver', 'search', 'e2e/look=again', '--namespace', namespace]);
    await untilCondition(namespace, 'search', { type: 'Ready', status: 'True' });
    expect(await generation()).toBe(1);
  });

  it('loses one pod at a time to a drain, and all of them without a budget', async () => {
    const read = () => get(namespace, 'poddisruptionbudgets', 'search');
    await eventually('the budget allows one', async () => (await read())?.status?.['disruptionsAllowed'] === 1, {
      describe: async () => (await read())?.status,
    });
    const pods = await list({ namespace }, 'pods', 'mcp-server=search');
    // At once: a moment later the next pod may be ready, and the budget allows one more.
    const answers = await Promise.all(pods.map(({ metadata }) => evict(metadata.name)));
    const refusal = expect.stringContaining("violate the pod's disruption budget");
    expect(answers.sort((one) => (one === 'evicted' ? -1 : 1))).toEqual(['evicted', refusal]);
    const remove = [{ op: 'remove', path: '/spec/extensions/scheduling/disruptionBudget' }];
    const patch = ['--type=json', `--patch=${JSON.stringify(remove)}`];
    await kubectlOk(['patch', 'mcpserver', 'search', '--namespace', namespace, ...patch]);
    await eventually('its budget is gone', async () => (await read()) === undefined);
  });

  it('is told that a node cannot start its pods, and which field may be behind it', async () => {
    const read = () => get(namespace, 'mcpservers', 'nowhere');
    await eventually(
      'Available says so',
      async () => {
        const { message = '' } = conditionOf(await read(), 'Available') ?? {};
        return (
          message.startsWith('Pod not started: ') && message.includes('spec.extensions.scheduling.runtimeClassName')
        );
      },
      { withinMs: 300_000, describe: async () => (await read())?.status },
    );
  });
});
