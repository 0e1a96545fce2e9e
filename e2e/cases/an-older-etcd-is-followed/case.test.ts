/**
 * @alone it gives the whole cluster an older state.
 * @slow all components of the cluster are started anew.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fingerprint, settledFingerprint } from '../../harness/children.ts';
import { whileCalling } from '../../harness/client-loop.ts';
import { restoreEtcd, saveEtcd, type EtcdSnapshot } from '../../harness/etcd-snapshot.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectlOk, list } from '../../harness/kubectl.ts';
import { renewPods, untilComplete } from '../../harness/leader.ts';
import { oddServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { untilRolledOut } from '../../harness/rollouts.ts';

const version = (name: string, number: number): object =>
  oddServer(name, 'good', {
    config: { port: 8080, arguments: ['8080', 'good'], env: [{ name: 'VERSION', value: String(number) }] },
  });

describe('an etcd that is restored to an older state while our reconcilers run', () => {
  const namespace = useNamespace();
  let snapshot: EtcdSnapshot | undefined;

  const versionOf = async (name: string): Promise<string | undefined> =>
    /"name":"VERSION","value":"(\d)"/.exec(
      JSON.stringify((await get(namespace, 'deployments', name))?.spec ?? ''),
    )?.[1];
  const childrenOf = async (name: string): Promise<readonly string[]> =>
    (await list({ namespace }, 'deployments,services,networkpolicies', `mcp-server=${name}`)).map(({ kind }) => kind);
  const isVerified = async (name: string): Promise<boolean> => {
    const server = await get(namespace, 'mcpservers', name);
    const { status, observedGeneration } = conditionOf(server, 'Verified') ?? {};
    return status === 'True' && observedGeneration === server?.metadata.generation;
  };
  /** The servers that there were, each as it was then, and nothing of what never was. */
  const isAsItWas = async (): Promise<boolean> => {
    const verified = await Promise.all(['steady', 'changed', 'removed'].map(isVerified));
    const candidates = await list({ namespace }, 'deployments', 'mcp-lifecycle/candidate-of');
    return (
      verified.every(Boolean) &&
      (await versionOf('changed')) === '1' &&
      (await childrenOf('removed')).toSorted().join() === 'Deployment,NetworkPolicy,Service' &&
      (await get(namespace, 'mcpservers', 'added')) === undefined &&
      [...(await childrenOf('added')), ...candidates].length === 0
    );
  };

  beforeAll(async () => {
    await untilComplete();
    const items = ['steady', 'changed', 'removed'].map((name) => version(name, 1));
    await apply(namespace, { apiVersion: 'v1', kind: 'List', items });
    for (const name of ['steady', 'changed', 'removed'])
      await untilCondition(namespace, name, { type: 'Verified', status: 'True' });
    await settledFingerprint(namespace);
  });
  afterAll(async () => {
    await snapshot?.remove();
    await renewPods();
  });

  it('is followed: each server is what it was then, its clients notice nothing, and nothing is written after it', async () => {
    // Not by its name, because the DNS is started anew, too.
    const address = String((await get(namespace, 'services', 'steady'))?.spec?.['clusterIP']);
    const url = `http://${address}:8080/mcp`;
    const { failures, answered } = await whileCalling({ namespace, url }, async () => {
      snapshot = await saveEtcd();
      await apply(namespace, version('changed', 2));
      await kubectlOk(['delete', 'mcpserver', 'removed', '--namespace', namespace]);
      await apply(namespace, version('added', 1));
      await untilRolledOut(namespace, 'changed');
      await untilCondition(namespace, 'added', { type: 'Verified', status: 'True' });
      await eventually('what was removed is gone', async () => (await childrenOf('removed')).length === 0);
      await restoreEtcd(snapshot);
    });
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(0);
    // Kind after kind is read anew: until it is the turn of the servers, a child of one that never was is brought back, and
    // then collected, because nobody owns it.
    await eventually('all is as it was', isAsItWas, { describe: () => fingerprint(namespace) });
    await untilComplete();
    // A watch that waits for versions of before would not notice: they come again, and it is a minute until a bookmark tells.
    // Whether they do before it is read anew is a question of who is faster (changes-after-a-restore-of-etcd-are-ignored.test.ts).
    await kubectlOk(['delete', 'service', 'changed', '--namespace', namespace]);
    await eventually('a child is brought back', () => get(namespace, 'services', 'changed'), { withinMs: 45_000 });
    const before = await settledFingerprint(namespace);
    expect(before).toEqual(await fingerprint(namespace));
  });
});
