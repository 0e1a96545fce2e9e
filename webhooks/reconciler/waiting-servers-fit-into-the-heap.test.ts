import { expect, it } from '@jest/globals';

import { runAsReconciler } from './testing/run-as-reconciler.ts';

const urlOf = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);

/** What the API server says of the fields of a Deployment has the uid of its owner in it, so no two are the same. */
const program = `
import { Pacing } from ${urlOf('pacing.ts')};
import { RolloutPlaces } from ${urlOf('rollout-places.ts')};
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
const servers = 1_000;
const clock = { monotonicMs: () => 0 };
const places = new RolloutPlaces({ clock, max: 1, deployments: { get: () => undefined }, onTurn: () => undefined });
const pacing = new Pacing({ clock, places });
const wait = (index) => {
  const owned = JSON.stringify({ 'f:metadata': { ['k:{"uid":"' + index + '"}']: {} }, 'f:spec': 'x'.repeat(6_000) + index });
  const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 's' + index, namespace: 'mcp' } };
  const of = { apiVersion: 'apps/v1', kind: 'Deployment', plural: 'deployments', hasPods: true };
  const action = { type: 'apply', of, object, uid: 'u', cause: 'changed', replacesPods: true, owned };
  return pacing.admit({ key: 'MCPServer/mcp/s' + index, generation: 1, isVerified: true, isChanged: false }, [action]);
};
places.take('MCPServer/mcp/first');
collect();
const before = process.memoryUsage().heapUsed;
let waiting = 0;
for (let index = 0; index < servers; index += 1) waiting += wait(index).putOff.length;
collect();
const each = (process.memoryUsage().heapUsed - before) / servers;
if (waiting !== servers) throw new Error('only ' + waiting + ' wait');
if (!(each <= 1_024)) throw new Error('each takes ' + each.toFixed(0) + ' bytes');
`;

it('keeps at most 1 KiB of each of a thousand servers that wait for their turn (it was all that we own of a Deployment)', async () => {
  expect(await runAsReconciler(program)).toBe('ended well');
});
