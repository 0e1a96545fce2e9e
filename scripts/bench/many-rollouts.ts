import { numbered } from './cluster/servers.ts';
import type { Figure, Measurement, Progress } from './measurement.ts';
import { beginToCount, secondsSince, measureQuiet, withFleet, type Fleet } from './rollouts/fleet.ts';

/** Of `rollout.maxConcurrent`, as the chart has it. */
const maxConcurrent = 10;

const large = numbered('server', 600).map((name) => `large/${name}`);
const small = ['small-a', 'small-b', 'small-c', 'small-d'].map((namespace) =>
  numbered('server', 100).map((name) => `${namespace}/${name}`),
);
/** That their owners change at one moment, most of them in one namespace. */
const changedOfLarge = large.slice(0, 160);
const changedOfSmall = small.map((keys) => keys.slice(0, 10));
const changed = [...changedOfLarge, ...changedOfSmall.flat()];
const count = large.length + small.flat().length;
/** A quarter of them: each namespace has its turn as often as the large one. */
const mostOfLarge = changedOfLarge.length / 4;
const quietSeconds = 60;

const bars = {
  atOnce: {
    what: `${changed.length} of ${count} servers change at once: most that prove or replace their pods at the same time`,
    bar: `≤ ${maxConcurrent}, rollout.maxConcurrent`,
  },
  ended: { what: 'The same, until all of them serve their new version', bar: '< 60 s' },
  fair: {
    what: `The same, how many of the ${changedOfLarge.length} of one namespace are through before the ${changedOfSmall.flat().length} of four others`,
    bar: `≤ ${mostOfLarge}`,
  },
  verdicts: { what: 'The same, servers that lost Available or Verified for a moment', bar: '0' },
  writes: { what: 'The same, writes of status, the server with the most', bar: '≤ 8' },
  requests: { what: 'The same, requests to the API server for each server that changed', bar: '≤ 40' },
  rounds: { what: 'The same, how often a server that changed is reconciled', bar: '≤ 40' },
  memory: { what: 'The same, most anonymous memory of the reconciler, from its start on', bar: '< 50 MB' },
  quiet: { what: `Writes but for the Lease in ${quietSeconds} s afterwards`, bar: '0' },
};

export const manyRollouts: Measurement = {
  name: 'many-rollouts',
  method:
    `The reconciler (as it is in the image, with the flags of image and chart) with an API server, Deployment controllers and MCP ` +
    `servers that stand in for a cluster: ${count} verified servers of one replica, of which the owners of ${changed.length} ` +
    `change the template at one moment, ${changedOfLarge.length} of one namespace and ten of each of four others. A pod is ready ` +
    'after 0.3 s; each version is proven by a candidate, tools compared, before it replaces what serves.',
  minutes: 4,
  bars: Object.values(bars),
  run: (progress) => withFleet([...large, ...small.flat()], progress, (fleet) => measure(fleet, progress)),
};

async function measure(fleet: Fleet, progress: Progress): Promise<readonly Figure[]> {
  const { controller, log } = fleet;
  const spentSince = await beginToCount(fleet);
  const startedAt = performance.now();
  for (const key of changed) fleet.change(key, '--second');
  const { seen } = controller;
  await fleet.until(
    'all that changed serve their new version',
    () => seen.rolledOut.size >= changed.length && log.isCalm(),
    240,
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  progress(`${changed.length} rollouts took ${secondsSince(startedAt)} s`);
  const written = log.written();
  const spent = await spentSince();
  const largeBefore = countBefore([...seen.rolledOut.keys()], changedOfLarge, changedOfSmall.flat());

  const quiet = await measureQuiet(fleet, quietSeconds);
  const { memoryBytes, ends } = fleet.usage();
  const { lostVerdicts, mostOfOne, requests, statusWrites, withoutEffect } = written;
  const perChanged = (value: number): number => value / changed.length;
  return [
    { ...bars.atOnce, measured: String(seen.mostAtOnce), isMet: seen.mostAtOnce <= maxConcurrent },
    {
      ...bars.ended,
      measured: `${seconds.toFixed(1)} s`,
      isMet: seconds < 60,
      remark: `${((seen.rolledOut.size / seconds) * 60).toFixed(0)} a minute; ${spent.cpu.toFixed(1)} s of CPU`,
    },
    { ...bars.fair, measured: String(largeBefore), isMet: largeBefore <= mostOfLarge },
    { ...bars.verdicts, measured: String(lostVerdicts.length), isMet: lostVerdicts.length === 0 },
    {
      ...bars.writes,
      measured: String(mostOfOne),
      isMet: mostOfOne <= 8,
      remark: `${perChanged(statusWrites).toFixed(1)} for each that changed; ${withoutEffect} without effect`,
    },
    { ...bars.requests, measured: perChanged(requests).toFixed(1), isMet: perChanged(requests) <= 40 },
    { ...bars.rounds, measured: perChanged(spent.rounds).toFixed(1), isMet: perChanged(spent.rounds) <= 40 },
    {
      ...bars.memory,
      measured: `${(memoryBytes / 1e6).toFixed(0)} MB`,
      isMet: memoryBytes < 50e6 && ends === 0,
      remark: `it ended ${ends} times by itself`,
    },
    { ...bars.quiet, ...quiet },
  ];
}

/** How many of `some` come before the last of `others`. */
function countBefore(order: readonly string[], some: readonly string[], others: readonly string[]): number {
  const last = order.findLastIndex((key) => others.includes(key));
  return order.slice(0, last).filter((key) => some.includes(key)).length;
}
