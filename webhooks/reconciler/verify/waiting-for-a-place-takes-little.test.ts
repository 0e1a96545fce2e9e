import { expect, it } from '@jest/globals';

import { runAsReconciler } from '../testing/run-as-reconciler.ts';

const urlOf = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);

/** All of them hang, so all are broken off once, and wait for one of the places of the slow. */
const program = `
import { Verifier } from ${urlOf('verifier.ts')};
import { createFakeClock } from ${urlOf('../../platform/kube/testing/fake-clock.ts')};
import { silentLogger } from ${urlOf('../../platform/log.ts')};
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
const clock = createFakeClock();
const servers = 600;
const verifier = new Verifier({
  clock, log: silentLogger, random: () => 0.5, clientVersion: '1', onChange: () => undefined,
  probe: async ({ signal }) => {
    await clock.sleep(9_900, signal);
    return { state: 'failed', message: 'no answer in time' };
  },
});
for (let index = 0; index < servers; index += 1) {
  const key = 'MCPServer/team-' + (index % 100) + '/s' + index;
  verifier.watch(key, { url: 'http://' + key, generation: 1, periodMs: 5_000, image: 'x', pods: '1/1' });
}
await clock.advance(1_000);
collect();
const before = process.memoryUsage().heapUsed;
const prompt = verifier.waiting().prompt;
// Each has its two seconds, sixteen at a time.
for (let second = 0; second < 90; second += 1) await clock.advance(1_000);
collect();
const { slow } = verifier.waiting();
const each = (process.memoryUsage().heapUsed - before) / slow;
if (prompt < 500 || slow < 400) throw new Error(prompt + ' and then ' + slow + ' wait');
if (!(each <= 2_560)) throw new Error('each takes ' + each.toFixed(0) + ' bytes more');
`;

it('keeps at most 2.5 KiB more of a server that was broken off and waits (it was a whole question, 3.5 KiB)', async () => {
  expect(await runAsReconciler(program)).toBe('ended well');
});
