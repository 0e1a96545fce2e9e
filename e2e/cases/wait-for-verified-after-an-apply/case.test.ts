import { describe, expect, it } from '@jest/globals';
import { apply, conditionOf, get, kubectlOk, list, type Condition, type KubeObject } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

/** What tells the pods of one version from those of another. */
const changedArguments = ['--port', '8080', '--read-only', '--log-level', '1'];

describe('who waits for a condition right after a change', () => {
  const namespace = useNamespace();

  const read = (): Promise<KubeObject | undefined> => get(namespace, 'mcpservers', 'search');
  const waitFor = (type: string): Promise<string> =>
    kubectlOk(['wait', 'mcpserver/search', '--namespace', namespace, `--for=condition=${type}`, '--timeout=300s']);
  const ready = async (): Promise<Condition | undefined> => conditionOf(await read(), 'Ready');
  let readySince: string | undefined;

  it('is not let through by what the version before has answered', async () => {
    await apply(namespace, kubernetesServer('search'));
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    readySince = (await ready())?.lastTransitionTime;
    await apply(namespace, kubernetesServer('search', { config: { port: 8080, arguments: changedArguments } }));
    await waitFor('Verified');
    const server = await read();
    expect(server?.metadata.generation).toBe(2);
    expect(conditionOf(server, 'Verified')).toMatchObject({ status: 'True', observedGeneration: 2 });
    const pods = await list({ namespace }, 'pods', 'mcp-server=search');
    const serving = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    expect(serving).toHaveLength(1);
    expect(JSON.stringify(serving[0]?.spec)).toContain('"--log-level","1"');
  });

  it('does not wait for another answer when only the number of pods changes', async () => {
    await kubectlOk(['scale', 'mcpserver/search', '--namespace', namespace, '--replicas=2']);
    await waitFor('Ready');
    expect(conditionOf(await read(), 'Verified')).toMatchObject({ status: 'True', observedGeneration: 3 });
    await kubectlOk(['scale', 'mcpserver/search', '--namespace', namespace, '--replicas=1']);
    await waitFor('Ready');
    expect(await ready()).toMatchObject({ status: 'True', observedGeneration: 4 });
  });

  it('has not seen Ready change by any of that', async () => {
    expect(readySince).toBeDefined();
    expect((await ready())?.lastTransitionTime).toBe(readySince);
  });
});
