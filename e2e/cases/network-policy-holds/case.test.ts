/** @slow a dozen policies, each until packets get through or stay unanswered, which costs 1.5 s for each packet. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectlOk, list, type KubeObject } from '../../harness/kubectl.ts';
import { everythingServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { connectFrom, resolveFrom, runInside, startNodePods } from '../../harness/node-pod.ts';

const onlyFriend = [{ podSelector: { matchLabels: { role: 'client' } } }];

/** The pods that verify: whoever closes a server to them learns nothing about it. */
const ours = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'mcp-lifecycle-system' } } };

describe('the network of an MCPServer', () => {
  const namespace = useNamespace();
  const elsewhere = useNamespace({ team: 'search' });
  const address = new Map<string, string>();

  const patch = (name: string, type: 'json' | 'merge', change: object): Promise<string> =>
    kubectlOk([
      ...['patch', 'mcpserver', name, '--namespace', namespace, `--type=${type}`],
      ...['--patch', JSON.stringify(change)],
    ]);
  const open = (): Promise<string> => patch('search', 'merge', { spec: { network: null } });
  /** Replaces what was said before as a whole. */
  const isolate = (network: object): Promise<string> =>
    patch('search', 'json', [{ op: 'add', path: '/spec/network', value: network }]);

  const addressOf = (name: string): string => address.get(name) ?? '';

  beforeAll(async () => {
    await Promise.all([
      apply(namespace, everythingServer('search')),
      apply(namespace, everythingServer('measured', { extensions: { metrics: { port: 4000, from: onlyFriend } } })),
      apply(namespace, everythingServer('closed', { network: { ingressFrom: onlyFriend } })),
      startNodePods(namespace, [
        { name: 'friend', labels: { role: 'client' }, listensOn: [9000, 9001] },
        { name: 'stranger', listensOn: [9000, 9001] },
      ]),
      startNodePods(elsewhere, [{ name: 'neighbour', listensOn: [9000] }]),
    ]);
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    for (const [where, name] of [
      [namespace, 'friend'],
      [namespace, 'stranger'],
      [elsewhere, 'neighbour'],
    ] as const) {
      address.set(name, podIp(await get(where, 'pods', name)));
    }
  });

  /** Who can open a connection to the server through its Service. */
  const whoReachesIt = async (): Promise<readonly string[]> => {
    const to = { host: `search.${namespace}.svc.cluster.local`, port: 3001 };
    const clients = [
      ['friend', namespace],
      ['stranger', namespace],
      ['neighbour', elsewhere],
    ] as const;
    const answers = await Promise.all(clients.map(([pod, where]) => connectFrom(where, pod, to)));
    return clients.flatMap(([pod], index) => (answers[index] === 'connected' ? [pod] : []));
  };

  /** What the server can do, as lines. */
  const whatItReaches = async (): Promise<readonly string[]> => {
    const targets = [
      ['friend', 9000],
      ['friend', 9001],
      ['stranger', 9000],
      ['neighbour', 9000],
    ] as const;
    const server = 'deployment/search';
    const answers = await Promise.all([
      resolveFrom(namespace, server, `search.${namespace}.svc.cluster.local`),
      ...targets.map(([pod, port]) => connectFrom(namespace, server, { host: addressOf(pod), port })),
    ]);
    return ['DNS', ...targets.map(([pod, port]) => `${pod}:${port}`)].filter((_, index) =>
      ['resolved', 'connected'].includes(answers[index] ?? ''),
    );
  };

  /** A second listener in the pod of a server, at port 4000, until what this returns is called: it is told by a third port. */
  const listenIn = async (name: string): Promise<() => Promise<unknown>> => {
    const pod = `deployment/${name}`;
    const listening = runInside(
      namespace,
      pod,
      `const { createServer } = require('node:net');
       createServer((c) => c.on('error', () => undefined).end()).listen(4000);
       createServer(() => process.exit(0)).listen(4001);`,
    );
    // Who awaits it is told.
    listening.catch(() => undefined);
    const answers = async (port: number): Promise<boolean> =>
      (await connectFrom(namespace, pod, { host: '127.0.0.1', port })) === 'connected';
    await eventually('the second listener answers in its own pod', () => answers(4000));
    return async () => {
      await eventually('the second listener still answers in its own pod', () => answers(4000));
      await eventually('it ends', () => answers(4001));
      return listening;
    };
  };

  const untilSeen = async (look: () => Promise<readonly string[]>, wanted: readonly string[]): Promise<void> => {
    const isSeen = async (): Promise<boolean> => JSON.stringify(await look()) === JSON.stringify(wanted);
    await eventually(`only ${wanted.join(', ') || 'nothing'} gets through`, isSeen, { describe: look });
    // From now on it holds. What should get through may be late on a busy machine.
    expect((await look()).filter((one) => !wanted.includes(one))).toEqual([]);
  };

  it('is open where the spec says nothing', async () => {
    await untilSeen(whoReachesIt, ['friend', 'stranger', 'neighbour']);
    await untilSeen(whatItReaches, ['DNS', 'friend:9000', 'friend:9001', 'stranger:9000', 'neighbour:9000']);
  });

  it.each<[string, readonly object[], readonly string[]]>([
    ['pods of its namespace by their labels', onlyFriend, ['friend']],
    ['namespaces by their labels', [{ namespaceSelector: { matchLabels: { team: 'search' } } }], ['neighbour']],
    [
      'pods by the labels of both',
      [{ namespaceSelector: {}, podSelector: { matchLabels: { role: 'client' } } }],
      ['friend'],
    ],
  ])('lets in only %s', async (_, ingressFrom, wanted) => {
    await isolate({ ingressFrom: [...ingressFrom, ours] });
    await untilSeen(whoReachesIt, wanted);
  });

  it('lets in only addresses of a range, but not its exceptions', async () => {
    const except = [`${addressOf('friend')}/32`, `${addressOf('neighbour')}/32`];
    await isolate({ ingressFrom: [{ ipBlock: { cidr: '0.0.0.0/0', except } }] });
    await untilSeen(whoReachesIt, ['stranger']);
  });

  it('lets in nobody at another port than the one of the spec', async () => {
    await open();
    await untilSeen(whoReachesIt, ['friend', 'stranger', 'neighbour']);
    const endListener = await listenIn('search');
    const [pod, ...others] = await list({ namespace }, 'pods', 'mcp-server=search');
    expect(others).toEqual([]);
    await eventually('the port of the spec answers at this address', async () => {
      return (await connectFrom(namespace, 'friend', { host: podIp(pod), port: 3001 })) === 'connected';
    });
    expect(await connectFrom(namespace, 'friend', { host: podIp(pod), port: 4000 })).toBe('unanswered');
    await endListener();
  });

  it('lets in at the port of metrics only who is named there, and others at its own', async () => {
    await untilCondition(namespace, 'measured', { type: 'Verified', status: 'True' });
    const [pod] = await list({ namespace }, 'pods', 'mcp-server=measured');
    const host = podIp(pod);
    const ask = (name: string, port: number): Promise<string> => connectFrom(namespace, name, { host, port });
    const endListener = await listenIn('measured');
    await eventually('the friend reads metrics', async () => (await ask('friend', 4000)) === 'connected');
    expect(await ask('stranger', 4000)).toBe('unanswered');
    await eventually('the stranger reaches the server', async () => (await ask('stranger', 3001)) === 'connected');
    await eventually('the friend still reads metrics', async () => (await ask('friend', 4000)) === 'connected');
    await endListener();
  });

  it('lets in only its gateway and who reads metrics with posture Restricted, and nobody else', async () => {
    const data = { 'gateway-name': 'public', 'gateway-namespace': elsewhere };
    await apply(namespace, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'edge' }, data });
    const gateway = { provider: 'httproute', configRef: 'edge' };
    await patch('measured', 'merge', { spec: { gateway, extensions: { network: { posture: 'Restricted' } } } });
    const [pod] = await list({ namespace }, 'pods', 'mcp-server=measured');
    const host = podIp(pod);
    const endListener = await listenIn('measured');
    const clients = [
      ['friend', namespace],
      ['stranger', namespace],
      ['neighbour', elsewhere],
    ] as const;
    const whoGetsIn = async (): Promise<readonly string[]> => {
      const asked = clients.flatMap(([name, where]) => [3001, 4000].map((port) => ({ name, where, port })));
      const answers = await Promise.all(asked.map(({ name, where, port }) => connectFrom(where, name, { host, port })));
      return asked.flatMap(({ name, port }, index) => (answers[index] === 'connected' ? [`${name}:${port}`] : []));
    };
    await untilSeen(whoGetsIn, ['friend:4000', 'neighbour:3001']);
    await endListener();
  });

  it('lets out only to the peers named, and still resolves names', async () => {
    await isolate({ egressTo: onlyFriend });
    await untilSeen(whatItReaches, ['DNS', 'friend:9000', 'friend:9001']);
  });

  it('lets out only to the ports named, of anybody', async () => {
    await isolate({ egressPorts: [{ port: 9001 }] });
    await untilSeen(whatItReaches, ['DNS', 'friend:9001']);
  });

  it('lets out only to the ports named of the peers named', async () => {
    await isolate({
      egressTo: onlyFriend,
      egressPorts: [{ port: 9000, endPort: 9000 }],
    });
    await untilSeen(whatItReaches, ['DNS', 'friend:9000']);
  });

  it('asks for names only where dnsEgressPeer says', async () => {
    const egressTo = onlyFriend;
    await isolate({ egressTo, dnsEgressPeer: { namespaceSelector: { matchLabels: { team: 'search' } } } });
    await untilSeen(whatItReaches, ['friend:9000', 'friend:9001']);
    // On this cluster DNS is served by the node itself, so it is named by its address.
    const resolvConf = await runInside(namespace, 'stranger', `console.log(require('node:dns').getServers()[0])`);
    await isolate({ egressTo, dnsEgressPeer: { ipBlock: { cidr: `${resolvConf}/32` } } });
    await untilSeen(whatItReaches, ['DNS', 'friend:9000', 'friend:9001']);
  });

  it('can be closed to the verification too: Verified says so, and holds once it is open', async () => {
    // Each of several attempts ends with its time.
    const server = await eventually('Verified names the field', async () => {
      const found = await get(namespace, 'mcpservers', 'closed');
      const { status, message = '' } = conditionOf(found, 'Verified') ?? {};
      return status === 'False' && message.includes('spec.network.ingressFrom') ? found : undefined;
    });
    expect(conditionOf(server, 'Available')?.status).toBe('True');
    // Never open in between, so that whoever gets in now is let in by the posture.
    await patch('closed', 'merge', { spec: { network: null, extensions: { network: { posture: 'Restricted' } } } });
    await untilCondition(namespace, 'closed', { type: 'Verified', status: 'True' });
    const to = { host: `closed.${namespace}.svc.cluster.local`, port: 3001 };
    expect(await connectFrom(namespace, 'friend', to)).toBe('unanswered');
  });
});

function podIp(pod: KubeObject | undefined): string {
  const address = pod?.status?.['podIP'];
  if (typeof address !== 'string') throw new Error('the pod is ready, so it has an address');
  return address;
}
