import { expect, it } from '@jest/globals';
import { Registry } from 'prom-client';

import type { KubeApi } from '../platform/kube/api.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { putSharing, rollOut } from './testing/running-servers.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';

const servicePath = '/api/v1/namespaces/mcp/services/search';

it('nobody is asked any more after a term, for a round that was under way either (all of its caches stayed in memory)', async () => {
  const objects = createFakeKubeApi();
  putSharing(objects, ['search'], { level: 'info' });
  const clock = createFakeClock();
  let answerAll: () => void = () => undefined;
  let isHeld = false;
  const held = new Promise<void>((resolve) => (answerAll = resolve));
  const api: KubeApi = {
    ...objects,
    request: async (request) => {
      if (isHeld && request.method === 'PATCH' && request.path === servicePath) await held;
      return objects.request(request);
    },
  };
  let asked = 0;
  const stop = startLead({
    ...{ api, clock, version: '1', namespaces: [], metrics: createReconcilerMetrics(new Registry()) },
    probe: () => {
      asked += 1;
      return Promise.resolve(verified);
    },
  });
  await clock.advance(1_000);
  rollOut(objects, 'search');
  await clock.advance(1_000);
  expect(asked).toBeGreaterThan(0);
  isHeld = true;
  objects.remove(servicePath);
  await clock.advance(1_000);
  const stopped = stop();
  await clock.advance(1_000);
  answerAll();
  await stopped;
  const before = asked;
  await clock.advance(600_000);
  expect(asked).toBe(before);
});
