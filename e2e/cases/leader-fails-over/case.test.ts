/** @alone it ends the leader. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { release } from '../../../scripts/quickstart/install.ts';
import { fingerprint, settledFingerprint } from '../../harness/children.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, get, kubectlOk, list } from '../../harness/kubectl.ts';
import {
  holdersDuring,
  killReconciler,
  renewPods,
  untilComplete,
  untilLeader,
  type Leader,
} from '../../harness/leader.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

describe('when the leader of the reconcilers goes', () => {
  const namespace = useNamespace();

  const ofSteady = async (): Promise<readonly string[]> =>
    (await fingerprint(namespace)).filter((id) => id.includes('/steady'));
  const identities = async (): Promise<readonly string[]> => {
    const children = await list({ namespace }, 'deployments,services,networkpolicies', 'app=mcp-server');
    return children.map(({ kind, metadata }) => `${kind}/${metadata.name} ${metadata.uid}`);
  };
  const changeUntilApplied = async (team: string): Promise<void> => {
    await kubectlOk([
      ...['patch', 'mcpserver', 'changed', '--namespace', namespace, '--type', 'merge'],
      ...['--patch', JSON.stringify({ spec: { extraLabels: { team } } })],
    ]);
    await eventually(
      `the change made meanwhile has arrived in the Deployment: team=${team}`,
      async () => (await get(namespace, 'deployments', 'changed'))?.metadata.labels?.['team'] === team,
    );
  };

  beforeAll(async () => {
    await untilComplete();
    await apply(namespace, kubernetesServer('changed', { runtime: { replicas: 0 } }));
    await apply(namespace, kubernetesServer('steady'));
    await untilCondition(namespace, 'steady', { type: 'Verified', status: 'True' });
    await eventually('every child exists', async () => (await identities()).length === 6);
    await settledFingerprint(namespace);
  });

  afterAll(() => renewPods());

  it.each<['graceful' | 'killed', string, (leader: Leader) => Promise<unknown>]>([
    [
      'graceful',
      'its pod is deleted',
      ({ pod }) => kubectlOk(['delete', 'pod', pod, '--namespace', release.namespace, '--wait=false']),
    ],
    ['killed', 'it is killed', ({ pod }) => killReconciler(pod)],
  ])('another goes on where it stopped, and writes nothing that is as it should be (%s: %s)', async (how, _, end) => {
    const leader = await untilLeader();
    const before = { children: await identities(), steady: await ofSteady() };
    expect(before.children).toHaveLength(6);
    const holders = await holdersDuring(async () => {
      await end(leader);
      await changeUntilApplied(how);
    });
    // One that says goodbye gives the Lease back, and nobody has to wait until it runs out.
    const next = how === 'graceful' ? '' : expect.stringMatching(/./);
    expect(holders.slice(0, 2)).toEqual([leader.identity, next]);
    expect(holders.at(-1)).not.toBe(leader.identity);
    await untilComplete();
    expect(await identities()).toEqual(before.children);
    expect(await ofSteady()).toEqual(before.steady);
  });
});
