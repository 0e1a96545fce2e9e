/**
 * @alone it installs the chart with another CustomResourceDefinition and another webhook.
 * @installs the chart with that feature to begin with.
 * @slow the pods are replaced when the feature comes, and when it goes; five servers start, and change one after the other.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { installChart } from '../../harness/chart.ts';
import { eventually } from '../../harness/eventually.ts';
import { untilKindsAreServed } from '../../harness/kinds.ts';
import { apply, conditionOf, get, kubectl, kubectlOk, type KubeObject } from '../../harness/kubectl.ts';
import { untilComplete } from '../../harness/leader.ts';
import { imageOf, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

const resource = 'mcppools.mcp.v2dy.io';
const names = ['a', 'b', 'c', 'd', 'e'];

/** Servers of this kind of odd-answers.ts, in this order. */
function team(kind: string, more: object = {}): object {
  return {
    ...{ apiVersion: 'mcp.v2dy.io/v1', kind: 'MCPPool', metadata: { name: 'team' } },
    spec: {
      template: {
        source: { type: 'ContainerImage', containerImage: { ref: imageOf('odd-mcp-server') } },
        config: { port: 8080, arguments: ['8080', kind] },
        runtime: { resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { cpu: '200m', memory: '128Mi' } } },
      },
      servers: names.map((name) => ({ name })),
      limits: { servers: 5, replicas: 6, cpu: '1200m' },
      ...more,
    },
  };
}

describe('a pool of five servers', () => {
  const namespace = useNamespace();

  const read = async (): Promise<KubeObject | undefined> => {
    const args = ['get', resource, 'team', '--namespace', namespace, '--output', 'json'];
    const { code, stdout } = await kubectl(args);
    return code === 0 ? (JSON.parse(stdout) as KubeObject) : undefined;
  };
  const untilReady = (status: string, reason: string): Promise<KubeObject> =>
    eventually(`the pool is Ready=${status} for ${reason}`, async () => {
      const found = await read();
      const ready = conditionOf(found, 'Ready');
      const isNow = ready?.observedGeneration === found?.metadata.generation;
      return isNow && ready?.status === status && ready.reason === reason ? found : undefined;
    });
  /** The servers that are told to be of this kind. */
  const ofKind = async (kind: string): Promise<readonly string[]> => {
    const found = await Promise.all(names.map((name) => get(namespace, 'mcpservers', name)));
    return names.filter((_, index) => JSON.stringify(found[index]?.spec ?? {}).includes(`"${kind}"`));
  };

  beforeAll(async () => {
    await installChart({ args: ['--set', 'v2dy.pools.enabled=true'] });
    await untilComplete();
    await untilKindsAreServed(`crd/${resource}`);
  });
  // It would stay.
  afterAll(() => kubectl(['delete', 'crd', resource, '--ignore-not-found']));

  it('is refused beyond its limits, at the limit', async () => {
    const beyond = team('good', { servers: [...names, 'f', 'g'].map((name) => ({ name })) });
    const refused = await eventually('the webhook is asked', async () => {
      const args = ['apply', '--dry-run=server', '--namespace', namespace, '--filename', '-'];
      const answer = await kubectl(args, beyond);
      // Until API servers know its CA they refuse by themselves.
      return answer.code !== 0 && answer.stderr.includes('spec.limits.') && answer;
    });
    for (const limit of ['servers', 'replicas', 'cpu']) expect(refused.stderr).toContain(`spec.limits.${limit}: `);
  });

  it('becomes five servers, and is ready when they are', async () => {
    await apply(namespace, team('good'));
    const pool = await untilReady('True', 'AllReady');
    expect(pool.status).toMatchObject({ phase: 'Running', servers: 5, readyServers: 5 });
  });

  it('stops a bad template at the first server, and goes on through all of them with a good one', async () => {
    await apply(namespace, team('silent'));
    const pool = await untilReady('False', 'HeldUp');
    expect(pool.status).toMatchObject({ holdingUp: 'a' });
    expect(await ofKind('silent')).toEqual(['a']);
    // Of the version that does not come, and not of the one before it, which is ready.
    expect(conditionOf(pool, 'Ready')?.message).not.toContain('is ready (');
    // The limit of all pods holds meanwhile.
    await kubectlOk(['scale', 'mcpservers.mcp.x-k8s.io', 'e', '--replicas=4', '--namespace', namespace]);
    await eventually('it is brought back', async () => {
      const { runtime } = (await get(namespace, 'mcpservers', 'e'))?.spec ?? {};
      return (runtime as { readonly replicas?: number } | undefined)?.replicas === 1;
    });
    expect(await ofKind('silent')).toEqual(['a']);
    await apply(namespace, team('keeps-sessions'));
    const isDone = async (): Promise<boolean> => (await ofKind('keeps-sessions')).length === names.length;
    await eventually('every server has changed', isDone, { withinMs: 900_000 });
    await untilReady('True', 'AllReady');
  });

  it('adopts a server that exists only where it is asked to, with its pods', async () => {
    const { spec } = team('keeps-sessions') as { readonly spec: { readonly template: object } };
    const alone = { apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name: 'alone' } };
    await apply(namespace, { ...alone, spec: spec.template });
    await untilCondition(namespace, 'alone', { type: 'Verified', status: 'True' });
    const before = await get(namespace, 'deployments', 'alone');
    const servers = names.slice(1).map((name) => ({ name }));
    await apply(namespace, team('keeps-sessions', { servers: [...servers, { name: 'alone' }] }));
    const refused = await untilReady('False', 'NotOurs');
    expect(conditionOf(refused, 'Ready')?.message).toContain('adopt: true');
    await apply(namespace, team('keeps-sessions', { servers: [...servers, { name: 'alone', adopt: true }] }));
    await untilReady('True', 'AllReady');
    const after = await get(namespace, 'deployments', 'alone');
    expect([after?.metadata.uid, after?.metadata.generation]).toEqual([
      before?.metadata.uid,
      before?.metadata.generation,
    ]);
    expect(await get(namespace, 'mcpservers', 'alone')).toMatchObject({
      metadata: { ownerReferences: [{ kind: 'MCPPool', name: 'team' }] },
    });
  });

  it('deletes a server that is taken from it, and all of them with it', async () => {
    await apply(namespace, team('keeps-sessions', { servers: names.slice(1).map((name) => ({ name })) }));
    await eventually('the first is gone', async () => (await get(namespace, 'mcpservers', 'a')) === undefined);
    expect((await ofKind('keeps-sessions')).length).toBe(4);
    await kubectlOk(['delete', resource, 'team', '--namespace', namespace]);
    await eventually('all are gone', async () => (await ofKind('keeps-sessions')).length === 0);
  });
});
