import { afterEach, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';

import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { deploymentPath, putSharing, rollOut, serverPath, settingsPath } from './testing/running-servers.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';

const names = ['a', 'b', 'c'] as const;

let stop: (() => Promise<void>) | undefined;

afterEach(() => stop?.());

it('a server that our code fails on gives its turn to the next one (the others waited five minutes)', async () => {
  const api = createFakeKubeApi();
  putSharing(api, names, { a: '1' });
  const clock = createFakeClock();
  stop = startLead({
    ...{ api, clock, version: '1', namespaces: [], metrics: createReconcilerMetrics(new Registry()), maxRollouts: 1 },
    probe: () => Promise.resolve(verified),
  });
  await clock.advance(1_000);
  for (const name of names) rollOut(api, name);
  await clock.advance(60_000);
  const before = new Map(names.map((name) => [name, JSON.stringify(api.get(deploymentPath(name))?.['spec'])]));
  const isBegun = (name: (typeof names)[number]): boolean =>
    JSON.stringify(api.get(deploymentPath(name))?.['spec']) !== before.get(name);
  api.put(settingsPath, { data: { a: '2' } });
  await clock.advance(5_000);
  expect(names.filter(isBegun)).toEqual(['a']);
  api.put(serverPath('b'), { spec: { config: { port: 'not a port' } } });
  await clock.advance(5_000);
  rollOut(api, 'a');
  await clock.advance(10_000);
  expect(names.filter(isBegun)).toEqual(['a', 'c']);
});
