/** @alone it ends the API server of the cluster. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { release } from '../../../scripts/quickstart/install.ts';
import { fingerprint, settledFingerprint } from '../../harness/children.ts';
import { whileCalling } from '../../harness/client-loop.ts';
import { killApiServer, untilApiAnswers } from '../../harness/components.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, get, kubectl, kubectlOk } from '../../harness/kubectl.ts';
import { renewPods, untilComplete, untilLeader } from '../../harness/leader.ts';
import { oddServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { listPods } from '../../harness/replicas.ts';
import { untilRolledOut } from '../../harness/rollouts.ts';

const version = (name: string, number: number): object =>
  oddServer(name, 'good', {
    config: { port: 8080, arguments: ['8080', 'good'], env: [{ name: 'VERSION', value: String(number) }] },
  });

describe('an API server that is killed while a version is on its way', () => {
  const namespace = useNamespace();

  const ofSteady = async (): Promise<readonly string[]> =>
    (await fingerprint(namespace)).filter((id) => id.includes('/steady'));
  const restarts = async (): Promise<readonly unknown[]> =>
    (await listPods()).flatMap(({ status }) =>
      (status?.['containerStatuses'] as readonly { readonly restartCount: number }[]).map((one) => one.restartCount),
    );

  beforeAll(async () => {
    await untilComplete();
    await apply(namespace, { apiVersion: 'v1', kind: 'List', items: [version('steady', 1), version('changed', 1)] });
    for (const name of ['steady', 'changed'])
      await untilCondition(namespace, name, { type: 'Verified', status: 'True' });
    await settledFingerprint(namespace);
  });
  afterAll(() => renewPods());

  it('costs no call, no pod and no write; the version goes on, and what is deleted meanwhile is brought back', async () => {
    const [steady, restartsBefore] = [await ofSteady(), await restarts()];
    const leader = await untilLeader();
    const url = (name: string): string => `http://${name}.${namespace}.svc:8080/mcp`;
    const { failures, answered } = await whileCalling({ namespace, url: url('changed') }, async () => {
      await apply(namespace, version('changed', 2));
      await killApiServer();
      await eventually('a child is deleted as soon as it can be', async () => {
        const args = ['delete', 'networkpolicy', 'changed', '--namespace', namespace, '--ignore-not-found'];
        return (await kubectl(args)).code === 0;
      });
      await untilApiAnswers();
      await untilRolledOut(namespace, 'changed');
      await eventually('the child is there', () => get(namespace, 'networkpolicies', 'changed'));
    });
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(0);
    expect(await ofSteady()).toEqual(steady);
    expect(await restarts()).toEqual(restartsBefore);
    const log = await kubectlOk(['logs', leader.pod, '--container', 'reconciler', '--namespace', release.namespace]);
    expect(log).toMatch(/"level":"warn","message":"(?:watch: interrupted|leader election: )/);
  });
});
