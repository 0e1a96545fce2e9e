/** @slow four rollouts of two servers at once; an answer that is no MCP counts after 15 s. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { whileBothAreCalling, type Calls } from '../../harness/client-loop.ts';
import { apply } from '../../harness/kubectl.ts';
import { oddServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { startNodePods } from '../../harness/node-pod.ts';
import { generationOf, untilPhase, untilPodsAre, untilRolledOut } from '../../harness/rollouts.ts';

/** By name: the kind of server that is good there. */
const kinds = { stateless: 'good', sessions: 'keeps-sessions' } as const;
const names = ['stateless', 'sessions'] as const;

describe('clients that call all the time, with and without sessions', () => {
  const namespace = useNamespace();
  const url = (name: string): string => `http://${name}.${namespace}.svc:8080/mcp`;
  const calling = (work: () => Promise<unknown>): Promise<Record<(typeof names)[number], Calls>> =>
    whileBothAreCalling({ namespace, pod: 'client' }, { stateless: url('stateless'), sessions: url('sessions') }, work);
  const both = (work: (name: (typeof names)[number]) => Promise<unknown>): Promise<unknown> =>
    Promise.all(names.map(work));
  const generations = async (): Promise<readonly unknown[]> =>
    Promise.all(names.map((name) => generationOf(namespace, name)));

  beforeAll(async () => {
    await Promise.all([
      startNodePods(namespace, [{ name: 'client' }]),
      both((name) => apply(namespace, oddServer(name, kinds[name]))),
    ]);
    await both((name) => untilCondition(namespace, name, { type: 'Verified', status: 'True' }));
  });

  it('lose no call to a good version, and begin a new session where theirs is gone', async () => {
    const { stateless, sessions } = await calling(async () => {
      await both((name) => {
        const env = [{ name: 'VERSION', value: '2' }];
        return apply(
          namespace,
          oddServer(name, kinds[name], { config: { port: 8080, arguments: ['8080', kinds[name]], env } }),
        );
      });
      await both((name) => untilRolledOut(namespace, name));
      await both((name) => untilPodsAre(namespace, name, 1));
    });
    expect([stateless.failures, sessions.failures]).toEqual([[], []]);
    expect(Math.min(stateless.answered, sessions.answered)).toBeGreaterThan(20);
    // The pod that had the first one is gone.
    expect(sessions.sessions).toBeGreaterThan(1);
  });

  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    [
      'an image that does not exist',
      {
        source: { type: 'ContainerImage', containerImage: { ref: 'registry.invalid/no/such:1' } },
        extensions: { rollout: { deadlineSeconds: 20 } },
      },
      'CandidateNotReady',
    ],
    [
      'a version that does not speak MCP',
      { config: { port: 8080, arguments: ['8080', 'redirects'] } },
      'CandidateNotVerified',
    ],
  ])('lose no call, nor their session, to %s: what serves is not touched', async (_, spec, reason) => {
    const before = await generations();
    const { stateless, sessions } = await calling(async () => {
      await both((name) => apply(namespace, oddServer(name, kinds[name], spec)));
      await both((name) => untilPhase(namespace, name, 'Rejected', reason));
      await both((name) => untilPodsAre(namespace, name, 1));
    });
    expect([stateless.failures, sessions.failures]).toEqual([[], []]);
    expect(sessions.sessions).toBe(1);
    expect(await generations()).toEqual(before);
  });
});
