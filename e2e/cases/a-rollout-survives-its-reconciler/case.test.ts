/**
 * @alone it kills reconcilers, and takes all of them away.
 * @slow a version that does not speak MCP is asked for 15 s, and two reconcilers are started anew.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { release } from '../../../scripts/quickstart/install.ts';
import { whileCalling, whileCallingMany } from '../../harness/client-loop.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectl, kubectlOk, list, type KubeObject } from '../../harness/kubectl.ts';
import { killLeader, renewPods, untilComplete, untilLeader } from '../../harness/leader.ts';
import { oddServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { runInside, startNodePods } from '../../harness/node-pod.ts';
import { untilNoReplica, withoutFarewells } from '../../harness/replicas.ts';
import { generationOf, rolloutOf, untilPodsAre, untilRolledOut, type RolloutState } from '../../harness/rollouts.ts';

/** A server, its pods and those of its candidate. */
interface Seen {
  readonly rollout: RolloutState | undefined;
  /** Whether what serves is verified, and of the newest generation. */
  readonly isOfNow: boolean;
  readonly pods: readonly KubeObject[];
  readonly candidates: readonly KubeObject[];
}

interface Row {
  /** What the server is from its first version on; `good` if it does not say. */
  readonly kind?: string;
  /** What it is in the second one. */
  readonly next: { readonly kind?: string; readonly image?: string; readonly extensions?: object };
  /** Whether it is where the first leader has to be killed; and the second one. */
  readonly first: (seen: Seen) => boolean;
  readonly second: (seen: Seen) => boolean;
  /** Undefined: its second version serves. */
  readonly end?: string;
}

const isReady = (pod: KubeObject | undefined): boolean => conditionOf(pod, 'Ready')?.status === 'True';
const afterSwitch = { rollout: { verify: 'AfterSwitch' } };
const anyhow = (): boolean => true;

/** By its name, the step at which a rollout is when its leader is killed. Pods become ready when they are told to. */
const rows: Readonly<Record<string, Row>> = {
  // Its candidate is started; then that has spoken well, is removed, and what serves gets the new template.
  proven: {
    next: {},
    first: ({ rollout, candidates: [pod] }) => rollout?.phase === 'Proving' && pod !== undefined && !isReady(pod),
    second: ({ rollout, pods }) => rollout?.phase === 'Rolling' && pods.length === 2,
  },
  // Its candidate cannot be started; then it was given up.
  'not-started': {
    next: { image: 'registry.invalid/no/such:1', extensions: { rollout: { deadlineSeconds: 20 } } },
    first: ({ rollout, candidates }) => rollout?.phase === 'Proving' && candidates.length === 1,
    second: ({ rollout }) => rollout?.phase === 'Rejected',
    end: 'Rejected',
  },
  // Its candidate is ready, and asked again and again; then it was rejected.
  asked: {
    next: { kind: 'redirects' },
    first: ({ rollout, candidates: [pod] }) => rollout?.phase === 'Proving' && isReady(pod),
    second: ({ rollout }) => rollout?.phase === 'Rejected',
    end: 'Rejected',
  },
  // It rolls out unproven; then its pods were bad, and what served before is put back.
  'put-back': {
    next: { kind: 'redirects', extensions: afterSwitch },
    first: ({ rollout }) => rollout?.phase === 'Rolling',
    second: ({ rollout }) => rollout?.phase === 'RolledBack',
    end: 'RolledBack',
  },
  // It has rolled out, and each answer of it takes seconds: it is not verified yet, or just so.
  arriving: {
    kind: 'slow',
    next: { extensions: afterSwitch },
    first: ({ rollout, pods, isOfNow }) => (rollout?.phase === 'Rolling' && pods.some(isReady)) || isOfNow,
    second: anyhow,
  },
  // It changes while nobody leads.
  unseen: { next: {}, first: anyhow, second: anyhow },
};
const names = Object.keys(rows);
/** Whose change is seen by the first leader; the last one when the others are where they have to be, because it stays there for seconds. */
const seenByFirst = names.filter((name) => name !== 'unseen');
/** Its author has asked for what is not proven. */
const called = names.filter((name) => name !== 'put-back');
/** Its new pods become ready when they are told to. */
const gated = new Set(['proven']);

function version(name: string, number: 1 | 2): object {
  const { kind = 'good', next } = { next: {}, ...rows[name] } as Row;
  const isNext = number === 2;
  const { image, extensions } = isNext ? next : {};
  const env = [{ name: 'VERSION', value: String(number) }];
  const readinessProbe = { httpGet: { path: '/ready', port: 'mcp' }, periodSeconds: 1 };
  return oddServer(name, kind, {
    config: { port: 8080, arguments: ['8080', (isNext ? next.kind : undefined) ?? kind], env },
    ...(image === undefined ? {} : { source: { type: 'ContainerImage', containerImage: { ref: image } } }),
    ...(isNext && gated.has(name) ? { runtime: { health: { readinessProbe } } } : {}),
    ...(extensions === undefined ? {} : { extensions }),
    mcp: { stateless: true },
  });
}

/** On a slow machine what fails by itself may be farther than that. */
function isThere(name: string, at: 'first' | 'second', seen: Seen): boolean {
  const { first = anyhow, second = anyhow, end } = rows[name] ?? {};
  return at === 'second' ? second(seen) : first(seen) || (end !== undefined && second(seen));
}

const versionOf = ({ spec }: KubeObject): string | undefined =>
  /"name":"VERSION","value":"(\d)"/.exec(JSON.stringify(spec))?.[1];

describe('rollouts whose reconciler dies', () => {
  const namespace = useNamespace();
  const url = (name: string): string => `http://${name}.${namespace}.svc:8080/mcp`;

  const podsOf = (name: string): Promise<readonly KubeObject[]> => list({ namespace }, 'pods', `mcp-server=${name}`);
  const candidatesOf = (name: string): Promise<readonly KubeObject[]> =>
    list({ namespace }, 'pods', `mcp-lifecycle/candidate-of=${name}`);
  const look = async (name: string): Promise<Seen> => {
    const server = await get(namespace, 'mcpservers', name);
    const verified = conditionOf(server, 'Verified');
    const isOfNow = verified?.status === 'True' && verified.observedGeneration === server?.metadata.generation;
    return { rollout: rolloutOf(server), isOfNow, pods: await podsOf(name), candidates: await candidatesOf(name) };
  };
  const untilAllAre = async (at: 'first' | 'second', which: readonly string[]): Promise<void> => {
    const late = async (): Promise<readonly string[]> => {
      const looks = await Promise.all(
        which.map(async (name) => ({ name, isThere: isThere(name, at, await look(name)) })),
      );
      return looks.flatMap((one) => (one.isThere ? [] : [one.name]));
    };
    await eventually(`all are where the ${at} leader is killed`, async () => (await late()).length === 0, {
      describe: late,
    });
  };
  /** Tells a pod that it is ready, once it can be told. */
  const makeReady = (find: () => Promise<KubeObject | undefined>): Promise<unknown> =>
    eventually('a pod is told that it is ready', async () => {
      const address = (await find())?.status?.['podIP'];
      if (typeof address !== 'string') return undefined;
      await runInside(namespace, 'client', `fetch('http://${address}:8080/ready', { method: 'POST' })`);
      return true;
    });

  beforeAll(async () => {
    await untilComplete();
    const items = names.map((name) => version(name, 1));
    await Promise.all([
      startNodePods(namespace, [{ name: 'client' }]),
      apply(namespace, { apiVersion: 'v1', kind: 'List', items }),
    ]);
    await Promise.all(names.map((name) => untilCondition(namespace, name, { type: 'Verified', status: 'True' })));
  });

  it('go on where they are, each step of them; no call is lost, and what has failed is not tried again', async () => {
    const before = new Map<string, unknown>();
    for (const name of names) before.set(name, await generationOf(namespace, name));
    const calls = await whileCallingMany({ namespace, pod: 'client', urls: called.map(url) }, async () => {
      const leader = await untilLeader();
      for (const name of seenByFirst) {
        if (name === seenByFirst.at(-1)) await untilAllAre('first', seenByFirst.slice(0, -1));
        await apply(namespace, version(name, 2));
      }
      await untilAllAre('first', seenByFirst);
      const next = await killLeader(leader, () => apply(namespace, version('unseen', 2)));
      await makeReady(async () => (await candidatesOf('proven'))[0]);
      await untilAllAre('second', names);
      await killLeader(next);
      await makeReady(async () => (await podsOf('proven')).find((pod) => versionOf(pod) === '2'));
      await Promise.all(
        names.filter((name) => rows[name]?.end === undefined).map((name) => untilRolledOut(namespace, name)),
      );
      await Promise.all(names.map((name) => untilPodsAre(namespace, name, 1)));
    });
    expect(calls.map(({ failures }) => failures)).toEqual(called.map(() => []));
    expect(Math.min(...calls.map(({ answered }) => answered))).toBeGreaterThan(0);
    for (const name of names) {
      const { end } = rows[name] ?? {};
      const { rollout, pods, candidates } = await look(name);
      expect([name, rollout?.phase, pods.map(versionOf)]).toEqual([name, end, [end === undefined ? '2' : '1']]);
      if (end === 'Rejected') expect(await generationOf(namespace, name)).toBe(before.get(name));
      const left = candidates.some(({ metadata }) => metadata.deletionTimestamp === undefined);
      // The collector follows a Deployment that is gone a moment later.
      if (left)
        await eventually(`the candidate of ${name} goes`, async () =>
          (await candidatesOf(name)).every(({ metadata }) => metadata.deletionTimestamp !== undefined),
        );
    }
  });
});

describe('a rollout without any reconciler', () => {
  const namespace = useNamespace();
  let replicas = 2;

  const search = (number: number): object =>
    oddServer('search', 'good', {
      config: { port: 8080, arguments: ['8080', 'good'], env: [{ name: 'VERSION', value: String(number) }] },
      runtime: { replicas: 2 },
      mcp: { stateless: true },
    });
  const scaleOurselves = (to: number): Promise<string> =>
    kubectlOk(['scale', `deployment/${release.name}`, `--replicas=${to}`, '--namespace', release.namespace]);

  beforeAll(async () => {
    await untilComplete();
    replicas = Number((await get(release.namespace, 'deployments', release.name))?.spec?.['replicas']);
    await Promise.all([startNodePods(namespace, [{ name: 'client' }]), apply(namespace, search(1))]);
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
  });
  afterAll(async () => {
    await scaleOurselves(replicas);
    await renewPods();
  });

  it('stands still, and what serves is kept up by Kubernetes alone', async () => {
    const before = await generationOf(namespace, 'search');
    const url = `http://search.${namespace}.svc:8080/mcp`;
    const { failures } = await whileCalling({ namespace, pod: 'client', url }, async () => {
      await apply(namespace, search(2));
      await eventually('it is on its way', async () => {
        const rollout = rolloutOf(await get(namespace, 'mcpservers', 'search'));
        return rollout !== undefined || (await generationOf(namespace, 'search')) !== before;
      });
      await scaleOurselves(0);
      await withoutFarewells(untilNoReplica);
      const held = rolloutOf(await get(namespace, 'mcpservers', 'search'))?.phase;
      // On a fast machine it is rolling already; then Kubernetes alone finishes that.
      if (held === 'Proving') expect(await generationOf(namespace, 'search')).toBe(before);
      const [pod] = await list({ namespace }, 'pods', 'mcp-server=search');
      const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod?.metadata.name, namespace } };
      const path = `/api/v1/namespaces/${namespace}/pods/${pod?.metadata.name ?? ''}/eviction`;
      // Its budget is refused until enough pods are counted.
      await eventually('a pod is evicted', async () => {
        const { code, stderr } = await kubectl(['create', '--raw', path, '--filename', '-'], eviction);
        return code === 0 || stderr.includes('NotFound');
      });
      await eventually('another pod is there in its place', async () => {
        const pods = await list({ namespace }, 'pods', 'mcp-server=search');
        return pods.every(({ metadata }) => metadata.uid !== pod?.metadata.uid) && pods.filter(isReady).length >= 2;
      });
      await scaleOurselves(replicas);
      await untilComplete();
      await untilRolledOut(namespace, 'search');
      await untilPodsAre(namespace, 'search', 2);
    });
    expect(failures).toEqual([]);
    expect((await list({ namespace }, 'pods', 'mcp-server=search')).map(versionOf)).toEqual(['2', '2']);
  });
});
