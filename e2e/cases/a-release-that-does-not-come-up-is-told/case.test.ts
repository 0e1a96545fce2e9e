import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectlOk, list, type KubeObject } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

/** Without a candidate, which would be told of instead, and before anything is rolled out: a-bad-release-never-serves. */
const withArguments = (...more: readonly string[]): object =>
  kubernetesServer('search', {
    config: { port: 8080, arguments: ['--port', '8080', '--read-only', ...more] },
    extensions: { rollout: { verify: 'AfterSwitch' } },
  });

describe('a release whose pod crashes behind one that serves', () => {
  const namespace = useNamespace();
  /** Ours to leave alone, and ten minutes by default. */
  const setDeadline = (progressDeadlineSeconds: number): Promise<string> => {
    const patch = JSON.stringify({ spec: { progressDeadlineSeconds } });
    return kubectlOk(['patch', 'deployment/search', '--namespace', namespace, '--type=merge', '--patch', patch]);
  };
  const read = (): Promise<KubeObject | undefined> => get(namespace, 'mcpservers', 'search');

  it('is told while it happens, and what serves stays Ready', async () => {
    await apply(namespace, withArguments());
    await untilCondition(namespace, 'search', { type: 'Ready', status: 'True' });
    await apply(namespace, withArguments('--no-such-flag'));
    const server = await untilCondition(namespace, 'search', { type: 'Progressing', status: 'False' });
    expect(conditionOf(server, 'Progressing')).toMatchObject({
      reason: 'PodsFailing',
      message: expect.stringMatching(
        /^New pods do not come up: Container crashing: .*; those of generation 1 go on serving$/,
      ),
    });
    expect(conditionOf(server, 'Stalled')).toMatchObject({ status: 'True', reason: 'PodsFailing' });
    expect(conditionOf(server, 'Reconciling')).toBeUndefined();
    for (const type of ['Available', 'Verified', 'Ready'])
      expect(conditionOf(server, type)).toMatchObject({ status: 'True', observedGeneration: 1 });
    expect(server.status).toMatchObject({ phase: 'Running', observedGeneration: 2 });
  });

  it('is an event, and a column of kubectl get --output wide', async () => {
    await eventually('an event tells it', async () => {
      const events = await list({ namespace }, 'events.events.k8s.io');
      return events.some(({ reason, action }) => reason === 'PodsFailing' && action === 'RolloutStalled');
    });
    const wide = await kubectlOk(['get', 'mcpserver/search', '--namespace', namespace, '--output', 'wide']);
    expect(wide).toMatch(/STALLED[^]*PodsFailing/);
  });

  it('is told once more when its deadline has passed, still with the reason, and what served is put back', async () => {
    // It has passed by now, or will soon.
    await setDeadline(5);
    const stalled = { type: 'Stalled', status: 'True', reason: 'ProgressDeadlineExceeded' };
    const server = await untilCondition(namespace, 'search', stalled);
    expect(conditionOf(server, 'Progressing')?.message).toMatch(/Container crashing: .*; those of generation 1 go on/);
    expect(conditionOf(server, 'Ready')).toMatchObject({ status: 'True', observedGeneration: 1 });
    await eventually('the Deployment is the one before', async () => {
      const spec = JSON.stringify((await get(namespace, 'deployments', 'search'))?.spec);
      return !spec.includes('--no-such-flag');
    });
    await setDeadline(600);
  });

  it('is forgotten when the next one comes up', async () => {
    await apply(namespace, withArguments('--log-level', '1'));
    await kubectlOk(['wait', 'mcpserver/search', '--namespace', namespace, '--for=condition=Ready', '--timeout=300s']);
    const server = await eventually('nothing is said of a roll-out any more', async () => {
      const now = await read();
      const types = (now?.status?.conditions ?? []).map(({ type }) => type);
      return ['Progressing', 'Reconciling', 'Stalled'].some((type) => types.includes(type)) ? undefined : now;
    });
    expect(conditionOf(server, 'Ready')).toMatchObject({ status: 'True', observedGeneration: 3 });
  });
});
