import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, kubectlOk, list, type KubeObject } from '../../harness/kubectl.ts';
import { oddServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { readyWhenTold, tellReady } from '../../harness/told-ready.ts';

/** How often the server loses its only pod. */
const losses = 2;

describe('a server that loses its pod again and again', () => {
  const namespace = useNamespace();

  /** `Warning DeploymentUnavailable ServerUnavailable x2`, one for each Event object. */
  const events = async (): Promise<readonly string[]> =>
    (await list({ namespace }, 'events.events.k8s.io')).filter(isOfServer).map(({ type, reason, action, series }) => {
      const { count = 1 } = (series ?? {}) as { readonly count?: number };
      return `${String(type)} ${String(reason)} ${String(action)} x${count}`;
    });

  const untilReady = (status: 'True' | 'False'): Promise<unknown> =>
    untilCondition(namespace, 'flaps', { type: 'Ready', status });

  const loseItsPod = async (): Promise<void> => {
    await kubectlOk(['delete', 'pod', '--namespace', namespace, '--selector', 'mcp-server=flaps', '--grace-period=1']);
    // The next pod waits to be told: else it could be ready before the controllers of the cluster have counted.
    await untilReady('False');
    await tellReady(namespace, 'flaps');
    await untilReady('True');
  };

  it('is told so once, and how often', async () => {
    await apply(namespace, oddServer('flaps', 'good', { runtime: readyWhenTold }));
    await tellReady(namespace, 'flaps');
    await untilReady('True');
    for (let loss = 0; loss < losses; loss++) await loseItsPod();
    const wanted = [
      `Normal Available ServerReady x${losses + 1}`,
      `Warning DeploymentUnavailable ServerUnavailable x${losses}`,
    ];
    await eventually(
      'two Events say all of it',
      async () => {
        const told = (await events()).filter((event) => /ServerReady|ServerUnavailable/.test(event));
        return told.sort().join() === wanted.join();
      },
      { describe: events },
    );
  });

  it('and kubectl describe shows it', async () => {
    const text = await kubectlOk(['describe', 'mcpserver', 'flaps', '--namespace', namespace]);
    expect(text).toMatch(/Warning +DeploymentUnavailable +.*\(x2 over .*Waiting for instances to become healthy/);
  });
});

function isOfServer({ regarding }: KubeObject): boolean {
  return (regarding as { readonly kind?: string } | undefined)?.kind === 'MCPServer';
}
