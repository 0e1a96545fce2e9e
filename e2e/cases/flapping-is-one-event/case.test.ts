import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, get, kubectlOk, list, type KubeObject } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

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

  const loseItsPod = async (): Promise<void> => {
    const before = await get(namespace, 'mcpservers', 'flaps');
    await kubectlOk(['delete', 'pod', '--namespace', namespace, '--selector', 'mcp-server=flaps', '--grace-period=1']);
    const transition = (server: KubeObject | undefined): unknown =>
      server?.status?.conditions?.find(({ type, status }) => type === 'Ready' && status === 'True');
    await eventually('it was gone and is ready again', async () => {
      const now = transition(await get(namespace, 'mcpservers', 'flaps'));
      return now !== undefined && JSON.stringify(now) !== JSON.stringify(transition(before));
    });
  };

  it('is told so once, and how often', async () => {
    await apply(namespace, kubernetesServer('flaps'));
    await untilCondition(namespace, 'flaps', { type: 'Ready', status: 'True' });
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
