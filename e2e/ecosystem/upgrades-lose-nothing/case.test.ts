/**
 * @alone it installs earlier releases.
 * @installs earlier releases, on a cluster without any.
 * @slow two upgrades and a rollback of each release, until the last pod has changed; the first time they are built, which takes minutes.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ensureInstalled, release } from '../../../scripts/quickstart/install.ts';
import { whileAdmitting } from '../../harness/admission-load.ts';
import { helmOk, programImage, uninstallChart } from '../../harness/chart.ts';
import { settledFingerprint } from '../../harness/children.ts';
import { whileCallingMany } from '../../harness/client-loop.ts';
import { localCluster } from '../../harness/components.ts';
import { earlierRelease, removeKinds } from '../../harness/earlier-release.ts';
import { eventually } from '../../harness/eventually.ts';
import { restoreChart } from '../../harness/installation.ts';
import { apply, conditionOf, get, kubectlOk, list, type KubeObject } from '../../harness/kubectl.ts';
import { oddServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { startNodePods } from '../../harness/node-pod.ts';
import { untilReplicasStay } from '../../harness/replicas.ts';
import { generationOf } from '../../harness/rollouts.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Earlier {
  readonly commit: string;
  readonly values: readonly string[];
  /**
   * The pods of servers are others since, so each upgrade replaces them once, and so does the rollback. Those of then go without
   * the sleep in which nobody is led to them any more: calls are lost when they do.
   */
  readonly hasOtherPods: boolean;
}

const policy = ['policy.rules.max-replicas.action=deny', 'policy.rules.max-replicas.parameters.max=5'];

const earlier: readonly Earlier[] = [
  // Before the Ingress, NetworkPolicies that keep all others out, and what operators are told.
  { commit: '31787364', values: policy.flatMap((value) => ['--set', value]), hasOtherPods: false },
  // Before policies, proven versions, servers for stdio and autoscaling.
  { commit: '795cee4', values: [], hasOtherPods: true },
];

/** A client remembers no more. */
const mostLost = 20;

describe.each(earlier)('an upgrade from $commit', ({ commit, values, hasOtherPods }) => {
  const namespace = useNamespace();
  const steady = ['steady', 'pair'];
  const called = [...steady, 'rolling'];
  let before: readonly string[] = [];

  const server = (name: string, version: string, more: Fields = {}): object =>
    oddServer(name, 'good', {
      config: { port: 8080, arguments: ['8080', 'good'], env: [{ name: 'VERSION', value: version }] },
      mcp: { stateless: true },
      runtime: {
        replicas: name === 'pair' ? 2 : 1,
        // Long enough for a change of it to be under way when the programs change.
        health: { readinessProbe: { tcpSocket: { port: 'mcp' }, initialDelaySeconds: 5, periodSeconds: 1 } },
      },
      ...more,
    });

  /** Those that nobody changes. */
  const podsOfSteady = async (): Promise<readonly string[]> =>
    (await list({ namespace }, 'pods', `mcp-server in (${steady.join(',')})`))
      .map(({ metadata }) => metadata.uid)
      .sort();

  /** How often their pods were replaced, the first ones among them. */
  const revisionsOfSteady = (): Promise<readonly (string | undefined)[]> =>
    Promise.all(
      steady.map(async (name) => {
        const found = await get(namespace, 'deployments', name);
        return found?.metadata.annotations?.['deployment.kubernetes.io/revision'];
      }),
    );

  /** Status says of the newest generation that it serves, and of none that it is on its way. */
  const saysThatAllIsWell = (one: KubeObject | undefined): boolean =>
    ['Ready', 'Accepted', 'Available', 'Verified'].every((type) => {
      const { status, observedGeneration } = conditionOf(one, type) ?? {};
      return status === 'True' && observedGeneration === one?.metadata.generation;
    }) && ['Reconciling', 'Progressing', 'Stalled'].every((type) => conditionOf(one, type) === undefined);

  const untilAllServe = (...names: readonly string[]): Promise<unknown> =>
    eventually(
      `${names.join(', ')} serve, and status says so`,
      async () => {
        const servers = await Promise.all(names.map((name) => get(namespace, 'mcpservers', name)));
        return servers.every(saysThatAllIsWell);
      },
      { describe: () => list({ namespace }, 'mcpservers') },
    );

  /** How its NetworkPolicy lets clients in: by a rule without a word of who they are. */
  const isOpen = async (name: string): Promise<boolean> => {
    const policy = await get(namespace, 'networkpolicies', name);
    return (policy?.spec?.['ingress'] as readonly Fields[]).some(({ from }) => from === undefined);
  };

  /**
   * While `rolling` is changed, servers are called, and MCPServers and Deployments written; ends when all of it has settled. Returns
   * the calls that failed, server by server.
   */
  const during = async (
    what: string,
    version: string,
    step: () => Promise<unknown>,
  ): Promise<readonly (readonly string[])[]> => {
    const generation = await generationOf(namespace, 'rolling');
    const isUnderWay = async (): Promise<boolean> =>
      (await get(namespace, 'deployments', 'rolling-candidate')) !== undefined ||
      (await generationOf(namespace, 'rolling')) !== generation;
    const urls = called.map((name) => `http://${name}.${namespace}.svc:8080/mcp`);
    let failures: readonly string[] = [];
    const calls = await whileCallingMany({ namespace, pod: 'client', urls }, async () => {
      failures = await whileAdmitting(
        namespace,
        async (load) => {
          await load.untilMore(20);
          await apply(namespace, server('rolling', version));
          await eventually('the change of rolling is under way', isUnderWay);
          await load.during(what, step);
          await untilReplicasStay();
          await untilAllServe(...called);
          await load.untilMore(20);
        },
        'dry runs and applies',
      );
    });
    expect(failures).toEqual([]);
    for (const { answered } of calls) expect(answered).toBeGreaterThan(mostLost);
    // What did not serve does not, and says so.
    await untilCondition(namespace, 'broken', { type: 'Ready', status: 'False' });
    await untilCondition(namespace, 'waiting', { type: 'Accepted', status: 'False' });
    return calls.map(({ failures }) => failures);
  };

  /** No call is lost, but by pods of the earlier release that are replaced: of those some, and because nobody was there. */
  const expectLost = (lost: readonly (readonly string[])[]): void => {
    if (!hasOtherPods) expect(lost).toEqual(called.map(() => []));
    for (const failures of lost) expect(failures.length).toBeLessThan(mostLost);
    for (const failure of lost.flat()) expect(failure).toMatch(/ 0 (?:E[A-Z]+|no answer in 10 s)$/);
  };

  const upgrade = async (): Promise<void> =>
    ensureInstalled(await localCluster(), await programImage(), () => undefined, { keepsValues: true });

  beforeAll(async () => {
    await uninstallChart();
    const { image, chart } = await earlierRelease(commit);
    await removeKinds();
    await ensureInstalled(await localCluster(), image, () => undefined, { chart, args: values });
    await startNodePods(namespace, [{ name: 'client' }]);
    for (const name of called) await apply(namespace, server(name, '1'));
    const broken = { type: 'ContainerImage', containerImage: { ref: 'local.test/none:1.0.0' } };
    await apply(namespace, server('broken', '1', { source: broken }));
    const config = { port: 8080, arguments: ['8080', 'good'], envFrom: [{ configMapRef: { name: 'later' } }] };
    await apply(namespace, server('waiting', '1', { config }));
    await untilAllServe(...called);
    await untilCondition(namespace, 'waiting', { type: 'Accepted', status: 'False' });
    before = await podsOfSteady();
  }, 3_600_000);
  // Whatever happened: the next case finds the chart as it was.
  afterAll(restoreChart);

  it('refuses no admission, loses no call without need and restarts nothing without need; status says what is there', async () => {
    expectLost(
      await during('the chart was upgraded', '2', async () => {
        await upgrade();
        await apply(namespace, server('newer', '1', { extensions: { network: { posture: 'Restricted' } } }));
        await untilAllServe('newer');
      }),
    );
    expect(await revisionsOfSteady()).toEqual(steady.map(() => (hasOtherPods ? '2' : '1')));
    if (!hasOtherPods) expect(await podsOfSteady()).toEqual(before);
    expect(await isOpen('newer')).toBe(false);
  });

  it('can be rolled back without a lost call; what only the newer release knows is gone', async () => {
    const rollback = ['rollback', release.name, '--wait', '--timeout', '5m'];
    const lost = await during('the chart was rolled back', '3', () => helmOk(...rollback));
    expect(lost).toEqual(called.map(() => []));
    expect(await revisionsOfSteady()).toEqual(steady.map(() => (hasOtherPods ? '3' : '1')));
    if (!hasOtherPods) expect(await podsOfSteady()).toEqual(before);
    await untilAllServe('newer');
    await eventually('everybody is let in', () => isOpen('newer'));
  });

  it('can be done again; what the rollback took away was stored so, and the rest goes on', async () => {
    expectLost(await during('the chart was upgraded again', '4', upgrade));
    expect(await revisionsOfSteady()).toEqual(steady.map(() => (hasOtherPods ? '4' : '1')));
    if (!hasOtherPods) expect(await podsOfSteady()).toEqual(before);
    await kubectlOk(['create', 'configmap', 'later', '--from-literal=A=1', '--namespace', namespace]);
    await untilAllServe('newer', 'waiting');
    expect((await get(namespace, 'mcpservers', 'newer'))?.spec).not.toHaveProperty(['extensions', 'network']);
    expect(await isOpen('newer')).toBe(true);
    await settledFingerprint(namespace);
    expect(await get(namespace, 'deployments', 'rolling-candidate')).toBeUndefined();
  });
});
