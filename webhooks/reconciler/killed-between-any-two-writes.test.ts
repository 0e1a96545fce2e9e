import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';

import type { KubeApi } from '../platform/kube/api.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { runDeploymentController } from './testing/deployment-controller.ts';
import { deploymentPath, putSharing, serverPath, settingsPath, switchAtOnce } from './testing/running-servers.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';
import { whatStands } from './testing/what-stands.ts';

const servicePath = '/api/v1/namespaces/mcp/services/a';
/** More than any of these changes takes. */
const maxWrites = 30;
/** Until all is written, in milliseconds. */
const settledMs = 30_000;

type Change = (api: FakeKubeApi) => void;

/** What is done while nobody leads, to a server that runs. */
const changes: Readonly<Record<string, Change>> = {
  'a new server': (api) => {
    putSharing(api, ['new'], { level: '1' });
  },
  'another image, port, path and number of replicas': (api) => {
    const source = { type: 'ContainerImage', containerImage: { ref: 'example.com/x:2' } };
    const config = { port: 9090, path: '/other' };
    api.put(serverPath('a'), { metadata: { generation: 2 }, spec: { source, config, runtime: { replicas: 2 } } });
  },
  'another ConfigMap': (api) => {
    api.put(settingsPath, { data: { level: '2' } });
  },
  'a disruption budget that is not wanted any more': (api) => {
    api.put(serverPath('a'), { metadata: { generation: 2 }, spec: { extensions: { scheduling: undefined } } });
  },
  'fields of others, which are claimed before they are taken away': (api) => {
    api.putAs('kubectl-patch', deploymentPath('a'), { spec: { template: { spec: { hostNetwork: true } } } });
    api.putAs('kubectl-patch', servicePath, { spec: { externalIPs: ['192.0.2.1'] } });
  },
  'a child that somebody deleted, and another that somebody changed': (api) => {
    api.remove(servicePath);
    api.put(deploymentPath('a'), { spec: { template: { spec: { enableServiceLinks: true } } } });
  },
  'children of a former server of that name': (api) => {
    api.put(serverPath('a'), { metadata: { uid: 'another' }, status: undefined });
  },
  'a spec that is refused': (api) => {
    const security = { securityContext: { privileged: true } };
    api.put(serverPath('a'), { metadata: { generation: 2 }, spec: { runtime: { security } } });
  },
};

/** The same, of which a candidate is asked before. */
const provenChanges: Readonly<Record<string, Change>> = {
  'another image': (api) => {
    const source = { type: 'ContainerImage', containerImage: { ref: 'example.com/x:2' } };
    api.put(serverPath('a'), { metadata: { generation: 2 }, spec: { source } });
  },
  'another ConfigMap': (api) => {
    api.put(settingsPath, { data: { level: '2' } });
  },
};

interface Ending {
  readonly stands: unknown;
  /** Events aside: how often each object was written. */
  readonly writes: Readonly<Record<string, number>>;
  readonly count: number;
  readonly events: number;
}

/** The API of a process that is killed after so many writes: they are done, and it neither hears of the last one nor says more. */
function untilKilled(api: FakeKubeApi, writesLeft: number, onKilled: () => void): KubeApi {
  let left = writesLeft;
  const isDead = (): boolean => left < 0;
  const never = <Value>(): Promise<Value> => new Promise(() => undefined);
  return {
    async request(request) {
      if (isDead()) return never();
      if (request.method === 'GET' || request.path.endsWith('/events')) return api.request(request);
      if (left === 0) {
        left = -1;
        onKilled();
        return never();
      }
      left -= 1;
      const answer = await api.request(request);
      if (left > 0 || writesLeft === Infinity) return answer;
      left = -1;
      onKilled();
      return never();
    },
    watch: (request, onEvent) =>
      api.watch(request, (event) => {
        if (!isDead()) onEvent(event);
      }),
  };
}

/** `killedAfter`: so many writes of the change; Infinity: not at all. Undefined: it had not so many to write. */
async function carryOut(change: Change, killedAfter: number, isProven: boolean): Promise<Ending | undefined> {
  const api = createFakeKubeApi();
  const clock = createFakeClock();
  runDeploymentController(api, { withPods: isProven });
  const lead = (through: KubeApi): (() => Promise<void>) =>
    startLead({
      ...{ api: through, clock, version: '1', namespaces: [], metrics: createReconcilerMetrics(new Registry()) },
      probe: () => Promise.resolve(verified),
    });
  putSharing(api, ['a', 'b'], { level: '1' });
  if (!isProven) switchAtOnce(api, ['a', 'b']);
  api.put(serverPath('a'), { spec: { extensions: { scheduling: { disruptionBudget: { maxUnavailable: 1 } } } } });
  const first = lead(api);
  await clock.advance(settledMs);
  await first();
  const before = api.writes.length;
  change(api);
  const end = { isKilled: false };
  const killed = lead(untilKilled(api, killedAfter, () => void (end.isKilled = true)));
  await clock.advance(settledMs);
  if (killedAfter !== Infinity && !end.isKilled) {
    await killed();
    return undefined;
  }
  // It waits for answers that never come, so nobody waits for it.
  if (end.isKilled) void killed();
  else await killed();
  const next = lead(api);
  await clock.advance(settledMs);
  await next();
  const all = api.writes.slice(before);
  const written = all.filter((write) => !write.endsWith('/events'));
  const writes = Object.fromEntries(
    [...Map.groupBy(written, (write) => write)].map(([of, { length }]) => [of, length]),
  );
  return { stands: whatStands(api), writes, count: written.length, events: all.length - written.length };
}

async function killAtEachPoint(change: Change, isProven = false): Promise<void> {
  const whole = await carryOut(change, Infinity, isProven);
  expect(whole?.count).toBeGreaterThan(0);
  let points = 0;
  for (let after = 0; after < maxWrites; after += 1) {
    const ending = await carryOut(change, after, isProven);
    if (ending === undefined) break;
    points += 1;
    expect({ after, stands: ending.stands }).toEqual({ after, stands: whole?.stands });
    const more = Object.entries(ending.writes).filter(([of, count]) => count > (whole?.writes[of] ?? 0));
    expect({ after, more }).toEqual({ after, more: [] });
  }
  expect(points).toBe((whole?.count ?? 0) + 1);
}

describe('a reconciler that is killed between any two writes leaves what whoever leads next completes, and writes nothing twice', () => {
  it.each(Object.entries(changes))('%s', async (_, change) => {
    await killAtEachPoint(change);
  });

  it.each(Object.entries(provenChanges))('%s, of a server that is verified', async (_, change) => {
    await killAtEachPoint(change, true);
  });
});
