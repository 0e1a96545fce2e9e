/** @alone it counts the servers of the whole cluster that are in quarantine, and fills the counters of errors. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { changeStored } from '../../harness/etcd.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectlOk, list } from '../../harness/kubectl.ts';
import { scrapeReconciler, untilComplete, untilLeader } from '../../harness/leader.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

const stopped = { runtime: { replicas: 0 } };

describe('a stored MCPServer that no schema allows', () => {
  const namespace = useNamespace();

  const poison = (name: string): Promise<void> =>
    changeStored({ namespace, name }, (server) => ({
      ...server,
      metadata: { ...server.metadata, generation: server.metadata.generation + 1 },
      spec: { ...server.spec, config: { ...server.spec.config, port: 'not a port' } },
    }));
  const untilQuarantined = async (wanted: number): Promise<void> => {
    const read = async (): Promise<string | undefined> => {
      const { pod } = await untilLeader();
      return /^mcp_lifecycle_quarantined_servers\b.*$/m.exec(await scrapeReconciler(pod))?.[0];
    };
    await eventually(`${wanted} servers are in quarantine`, async () => (await read())?.endsWith(` ${wanted}`), {
      describe: read,
    });
  };

  beforeAll(async () => {
    await untilComplete();
    for (const name of ['poisoned', 'doomed', 'neighbour']) await apply(namespace, kubernetesServer(name, stopped));
    for (const name of ['poisoned', 'doomed', 'neighbour'])
      await untilCondition(namespace, name, { type: 'Available', status: 'True' });
  });

  it('is put into quarantine, and its owner is told where it is wrong', async () => {
    await poison('poisoned');
    await untilQuarantined(1);
    const event = await eventually('an event says so', async () => {
      const events = await list({ namespace }, 'events.events.k8s.io');
      return events.find(({ reason, regarding }) => reason === 'ReconcileError' && isAbout(regarding, 'poisoned'));
    });
    expect(event['note']).toMatch(/^This server cannot be reconciled: .*spec\.config\.port/);
    expect(event['note']).not.toContain('not a port');
    for (const type of ['Ready', 'Accepted']) {
      const server = await untilCondition(namespace, 'poisoned', { type, status: 'Unknown' });
      expect(conditionOf(server, type)?.reason).toBe('ReconcileError');
    }
  });

  it('holds up nobody else, and what runs for it stays', async () => {
    await apply(namespace, kubernetesServer('newcomer', stopped));
    await apply(namespace, kubernetesServer('neighbour', { ...stopped, extraLabels: { team: 'search' } }));
    await eventually('a new server and a changed one are reconciled', async () => {
      const neighbour = await get(namespace, 'deployments', 'neighbour');
      const newcomer = await get(namespace, 'deployments', 'newcomer');
      return neighbour?.metadata.labels?.['team'] === 'search' && newcomer !== undefined;
    });
    expect(await get(namespace, 'deployments', 'poisoned')).toBeDefined();
  });

  it('is reconciled again once it is corrected', async () => {
    const correction = { spec: { config: { port: 9090 } } };
    const args = ['patch', 'mcpserver', 'poisoned', '--namespace', namespace, '--type', 'merge'];
    await kubectlOk([...args, '--patch', JSON.stringify(correction)]);
    await untilCondition(namespace, 'poisoned', { type: 'Accepted', status: 'True' });
    await untilQuarantined(0);
  });

  it('can be deleted, which ends the quarantine too', async () => {
    await poison('doomed');
    await untilQuarantined(1);
    await kubectlOk(['delete', 'mcpserver', 'doomed', '--namespace', namespace]);
    await eventually(
      'its children are collected',
      async () => (await list({ namespace }, 'deployments,services,networkpolicies', 'mcp-server=doomed')).length === 0,
    );
    await untilQuarantined(0);
  });
});

function isAbout(regarding: unknown, name: string): boolean {
  return typeof regarding === 'object' && regarding !== null && 'name' in regarding && regarding.name === name;
}
