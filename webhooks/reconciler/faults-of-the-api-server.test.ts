import { beforeAll, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';

import type { ApiRequest } from '../platform/kube/api.ts';
import { recordAt } from '../platform/kube/object.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import type { FakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { createFaultyApi, refusalOf } from '../platform/kube/testing/faulty-api.ts';
import type { FaultyApi } from '../platform/kube/testing/faulty-api.ts';
import { silentLogger } from '../platform/log.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { runDeploymentController } from './testing/deployment-controller.ts';
import { deploymentPath, putSharing, serverPath, settingsPath, switchAtOnce } from './testing/running-servers.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';
import { whatStands } from './testing/what-stands.ts';

const second = 1_000;
/** How long something goes wrong, in seconds. */
const faultSeconds = 90;
/** Until all is well again after it, in seconds: a watch that was silent is given up after 150, a key waits for 60 at most. */
const recoverySeconds = 180;
/** Most requests while it goes wrong: twice what was counted where seven watches are cut every second. A loop without rest makes thousands. */
const maxAsked = 300;

interface Stage {
  readonly api: FakeKubeApi;
  readonly faulty: FaultyApi;
  readonly clock: FakeClock;
  /** What our log says that somebody should know. */
  readonly warned: readonly string[];
}

/** What goes wrong, beginning with this. `each`: once a second. */
interface Row {
  readonly begin?: (stage: Stage) => void;
  readonly each?: (stage: Stage) => void;
  /** Who is told while it lasts: those who read our log; the owner of the server too. Absent: it is no trouble. */
  readonly told?: 'log' | 'status';
}

const isWrite = ({ method, path }: ApiRequest): boolean => method !== 'GET' && !path.endsWith('/events');
const isOfChild = (request: ApiRequest): boolean => isWrite(request) && !request.path.endsWith('/status');

/** The same numbers each time. */
function numbers(): () => number {
  let state = 1;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

const rows: Readonly<Record<string, Row>> = {
  'watches that are cut every second': {
    each: ({ faulty }) => {
      faulty.cutWatches();
    },
  },
  'watches that break every second': {
    each: ({ faulty }) => {
      const error = refusalOf({ method: 'GET', path: '/' }, { status: 500 });
      faulty.cutWatches({ why: 'failed', error });
    },
    told: 'log',
  },
  'watches that are cut every second, their place forgotten each time (410)': {
    each: ({ faulty }) => {
      faulty.forgetHistory();
      faulty.cutWatches();
    },
  },
  'watches that are open and silent': {
    begin: ({ faulty }) => {
      faulty.watchFaultOf = () => 'silent';
      faulty.cutWatches();
    },
  },
  'watches that are refused (429 with Retry-After)': {
    begin: ({ faulty }) => {
      faulty.watchFaultOf = ({ path }) => refusalOf({ method: 'GET', path }, { status: 429, retryAfterSeconds: 5 });
      faulty.cutWatches();
    },
    told: 'log',
  },
  '409 for each write': {
    begin: ({ faulty }) => {
      faulty.faultOf = (request) => (isWrite(request) ? { type: 'refused', status: 409 } : undefined);
    },
    told: 'log',
  },
  '409 for each write of a status': {
    begin: ({ faulty }) => {
      faulty.faultOf = ({ path }) => (path.endsWith('/status') ? { type: 'refused', status: 409 } : undefined);
    },
    told: 'log',
  },
  '500 for each write of a child': {
    begin: ({ faulty }) => {
      faulty.faultOf = (request) => (isOfChild(request) ? { type: 'refused', status: 500 } : undefined);
    },
    told: 'status',
  },
  '429 with Retry-After for everything': {
    begin: ({ faulty }) => {
      faulty.faultOf = () => ({ type: 'refused', status: 429, retryAfterSeconds: 10 });
      faulty.watchFaultOf = ({ path }) => refusalOf({ method: 'GET', path }, { status: 429, retryAfterSeconds: 10 });
      faulty.cutWatches();
    },
    told: 'log',
  },
  'a storm of 500': {
    begin: ({ faulty }) => {
      faulty.faultOf = () => ({ type: 'refused', status: 500 });
      faulty.watchFaultOf = ({ path }) => refusalOf({ method: 'GET', path }, { status: 500 });
      faulty.cutWatches();
    },
    told: 'log',
  },
  '503 for every other request': {
    begin: ({ faulty }) => {
      const next = numbers();
      faulty.faultOf = () => (next() < 0.5 ? { type: 'refused', status: 503 } : undefined);
    },
    told: 'log',
  },
  'answers that take five seconds': {
    begin: ({ faulty }) => {
      faulty.faultOf = () => ({ type: 'slow', ms: 5 * second });
    },
  },
  'answers that come too late, of what is done': {
    begin: ({ faulty }) => {
      faulty.faultOf = () => ({ type: 'slow', ms: 30 * second });
    },
    told: 'log',
  },
  'answers that are lost, of what is done': {
    begin: ({ faulty }) => {
      faulty.faultOf = (request) => (isWrite(request) ? { type: 'unanswered' } : undefined);
    },
    told: 'log',
  },
  'an API server that is started anew': {
    begin: ({ faulty }) => {
      faulty.faultOf = () => ({ type: 'lost' });
      faulty.watchFaultOf = ({ path }) => ({ ...refusalOf({ method: 'GET', path }, { status: 503 }), status: 0 });
      faulty.forgetHistory();
      faulty.cutWatches();
    },
    told: 'log',
  },
};

const image = (tag: number) => ({
  spec: { source: { type: 'ContainerImage', containerImage: { ref: `example.com/x:${tag}` } } },
});

/** Servers of which all is said that there is to be said. */
async function aStage() {
  const api = createFakeKubeApi();
  const clock = createFakeClock();
  runDeploymentController(api, { withPods: true });
  const faulty = createFaultyApi(api, clock);
  putSharing(api, ['a', 'b', 'c', 'e'], { level: '1' });
  switchAtOnce(api, ['a', 'b', 'c', 'e']);
  const warned: string[] = [];
  const stop = startLead({
    ...{ api: faulty, clock, version: '1', namespaces: [], metrics: createReconcilerMetrics(new Registry()) },
    log: { ...silentLogger, warn: (message) => void warned.push(message) },
    probe: () => Promise.resolve(verified),
  });
  await clock.advance(10 * second);
  return { stage: { api, faulty, clock, warned }, stop };
}

/** What people and other controllers do meanwhile; in seconds after it began. */
const meanwhile: Readonly<Record<number, (api: FakeKubeApi) => void>> = {
  2: (api) => {
    api.put(serverPath('a'), { metadata: { generation: 2 }, ...image(2) });
  },
  4: (api) => {
    api.put(settingsPath, { data: { level: '2' } });
  },
  6: (api) => {
    api.remove(deploymentPath('b'));
  },
  8: (api) => {
    api.remove(serverPath('c'));
  },
  10: (api) => {
    putSharing(api, ['d'], { level: '2' });
  },
  12: (api) => {
    api.putAs('kubectl-patch', deploymentPath('e'), { spec: { template: { spec: { hostNetwork: true } } } });
  },
};

async function run({ begin, each }: Row) {
  const { stage, stop } = await aStage();
  const { api, clock, faulty, warned } = stage;
  const [askedBefore, warnedBefore] = [faulty.asked.length, warned.length];
  begin?.(stage);
  for (let passed = 0; passed < faultSeconds; passed += 1) {
    meanwhile[passed]?.(api);
    each?.(stage);
    await clock.advance(second);
  }
  const asked = faulty.asked.length - askedBefore;
  const whileItLasts = {
    asked,
    warnings: warned.length - warnedBefore,
    ready: readyOf(api, 'a'),
  };
  faulty.faultOf = () => undefined;
  faulty.watchFaultOf = () => undefined;
  await clock.advance(recoverySeconds * second);
  const writes = api.writes.length;
  const stands = whatStands(api);
  await clock.advance(600 * second);
  const idleWrites = api.writes.slice(writes);
  await stop();
  return { stands, whileItLasts, idleWrites };
}

function readyOf(api: FakeKubeApi, name: string): string {
  const { conditions = [] } = (recordAt(api.get(serverPath(name)), 'status') ?? {}) as {
    readonly conditions?: readonly { readonly message: string }[];
  };
  return conditions.map(({ message }) => message).join('; ');
}

describe('an API server on which something goes wrong', () => {
  let undisturbed: unknown;

  beforeAll(async () => {
    const { stands, idleWrites } = await run({});
    expect(JSON.stringify(stands)).toContain('example.com/x:2');
    expect(JSON.stringify(stands)).not.toContain('hostNetwork');
    expect(idleWrites).toEqual([]);
    undisturbed = stands;
  });

  it.each(Object.entries(rows))(
    '%s: comes to the same, loses nothing, asks in no loop, and says so while it lasts',
    async (_, row) => {
      const { stands, whileItLasts, idleWrites } = await run(row);
      expect(stands).toEqual(undisturbed);
      expect(idleWrites).toEqual([]);
      expect(whileItLasts.asked).toBeLessThan(maxAsked);
      if (row.told !== undefined) expect(whileItLasts.warnings).toBeGreaterThan(0);
      if (row.told === 'status') expect(whileItLasts.ready).toContain('it is tried again');
    },
  );

  it('is asked no sooner than its Retry-After says, by each watch and for each server', async () => {
    const { stage, stop } = await aStage();
    const { api, clock, faulty } = stage;
    faulty.asked.splice(0);
    faulty.faultOf = () => ({ type: 'refused', status: 429, retryAfterSeconds: 30 });
    api.put(serverPath('a'), { metadata: { generation: 2 }, spec: { runtime: { replicas: 2 } } });
    await clock.advance(300 * second);
    const writes = faulty.asked.filter(({ what }) => what.startsWith('PATCH'));
    const pauses = [...Map.groupBy(writes, ({ what }) => what).values()].flatMap((same) =>
      same.slice(1).map(({ atMs }, index) => atMs - (same[index]?.atMs ?? 0)),
    );
    expect(pauses.length).toBeGreaterThan(3);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(27 * second);
    await stop();
  });

  it('comes to what an older state of etcd wants when that is restored, and writes nothing after it', async () => {
    const { stage, stop } = await aStage();
    const { api, clock, faulty } = stage;
    const before = whatStands(api);
    const restore = api.snapshot();
    for (const change of Object.values(meanwhile)) {
      change(api);
      await clock.advance(second);
    }
    expect(whatStands(api)).not.toEqual(before);
    restore();
    faulty.loseHistory();
    faulty.cutWatches({ why: 'failed', error: refusalOf({ method: 'GET', path: '/' }, { status: 503 }) });
    await clock.advance(recoverySeconds * second);
    expect(whatStands(api)).toEqual(before);
    const writes = api.writes.length;
    await clock.advance(600 * second);
    expect(api.writes.slice(writes)).toEqual([]);
    await stop();
  });
});
