import { numbered } from './cluster/servers.ts';
import type { Figure, Measurement, Progress } from './measurement.ts';
import {
  beginToCount,
  putSettings,
  secondsSince,
  measureQuiet,
  withFleet,
  type Fleet,
  type ServerKey,
} from './rollouts/fleet.ts';

/** Of `rollout.maxConcurrent`, as the chart has it. */
const maxConcurrent = 10;

const namespace = 'sharing';
const sharing = numbered('server', 1_000).map((name) => `${namespace}/${name}`);
const elsewhere = numbered('server', 5).map((name) => `elsewhere/${name}`);
/** Whom owners change meanwhile: those that would have their turn last, and others that share nothing. */
const owners = [...sharing.slice(-5), ...elsewhere];
const quietSeconds = 60;

const bars = {
  atOnce: {
    what: `A ConfigMap changes that ${sharing.length} servers share: most that prove or replace their pods at the same time`,
    bar: `≤ ${maxConcurrent}, rollout.maxConcurrent`,
  },
  ended: { what: 'The same, until all of them serve with it', bar: '< 240 s' },
  owner: {
    what: `The same, an owner changes a server meanwhile → its candidate is written, the slowest of ${owners.length}`,
    bar: '< 1 s',
  },
  verdicts: { what: 'The same, servers that lost Available or Verified for a moment', bar: '0' },
  writes: { what: 'The same, writes of status, the server with the most', bar: '≤ 10' },
  withoutEffect: { what: 'The same, writes of status without effect', bar: '0' },
  requests: { what: 'The same, requests to the API server for each server', bar: '≤ 40' },
  rounds: { what: 'The same, how often a server is reconciled', bar: '≤ 40' },
  restart: { what: 'The leader stops gracefully in the middle → another one begins the next rollout', bar: '< 3 s' },
  memory: { what: 'The same, most anonymous memory of the reconciler, from its start on', bar: '< 50 MB' },
  quiet: { what: `Writes but for the Lease in ${quietSeconds} s afterwards`, bar: '0' },
};

export const sharedConfiguration: Measurement = {
  name: 'shared-configuration',
  method:
    `The reconciler (as it is in the image, with the flags of image and chart) with an API server, Deployment controllers and MCP ` +
    `servers that stand in for a cluster: ${sharing.length} verified servers of one replica in one namespace that read one ConfigMap, ` +
    `which changes, and ${elsewhere.length} in another. A pod is ready after 0.3 s; each version is proven by a candidate before it ` +
    `replaces what serves. Meanwhile the owners of ${owners.length} servers change them, one after the other, and in the middle ` +
    'another reconciler takes over.',
  minutes: 5,
  bars: Object.values(bars),
  run: (progress) => withFleet([...sharing, ...elsewhere], progress, (fleet) => measure(fleet, progress)),
};

async function measure(fleet: Fleet, progress: Progress): Promise<readonly Figure[]> {
  const { controller, log } = fleet;
  const spentSince = await beginToCount(fleet);
  const startedAt = performance.now();
  putSettings(fleet.objects, namespace, 'debug');
  const { seen } = controller;
  const untilShare = (share: number): Promise<void> => {
    const wanted = sharing.length * share;
    return fleet.until(`${wanted} servers serve with the new ConfigMap`, () => seen.rolledOut.size >= wanted, 240);
  };
  await untilShare(0.05);
  const waits: number[] = [];
  for (const key of owners) waits.push(await changeAndWait(fleet, key));
  progress(`candidates of owners were written after ${waits.map((wait) => wait.toFixed(2)).join(', ')} s`);
  await untilShare(0.5);
  const restartSeconds = await restart(fleet);
  progress(`the next rollout began ${restartSeconds.toFixed(1)} s after the stop of the one that led`);
  const all = sharing.length + elsewhere.length;
  await fleet.until('all servers serve with the new ConfigMap', () => seen.rolledOut.size >= all && log.isCalm(), 300);
  const seconds = (performance.now() - startedAt) / 1_000;
  progress(`all of them took ${secondsSince(startedAt)} s`);
  const written = log.written();
  const spent = await spentSince();

  const quiet = await measureQuiet(fleet, quietSeconds);
  const { memoryBytes, ends } = fleet.usage();
  const { lostVerdicts, mostOfOne, requests, statusWrites, withoutEffect } = written;
  const perServer = (value: number): number => value / all;
  const slowest = Math.max(...waits);
  return [
    { ...bars.atOnce, measured: String(seen.mostAtOnce), isMet: seen.mostAtOnce <= maxConcurrent },
    {
      ...bars.ended,
      measured: `${seconds.toFixed(0)} s`,
      isMet: seconds < 240,
      remark: `${((all / seconds) * 60).toFixed(0)} a minute; ${spent.cpu.toFixed(1)} s of CPU`,
    },
    { ...bars.owner, measured: `${slowest.toFixed(2)} s`, isMet: slowest < 1 },
    { ...bars.verdicts, measured: String(lostVerdicts.length), isMet: lostVerdicts.length === 0 },
    {
      ...bars.writes,
      measured: String(mostOfOne),
      isMet: mostOfOne <= 10,
      remark: `${perServer(statusWrites).toFixed(1)} for each server`,
    },
    { ...bars.withoutEffect, measured: String(withoutEffect), isMet: withoutEffect === 0 },
    { ...bars.requests, measured: perServer(requests).toFixed(1), isMet: perServer(requests) <= 40 },
    { ...bars.rounds, measured: perServer(spent.rounds).toFixed(1), isMet: perServer(spent.rounds) <= 40 },
    { ...bars.restart, measured: `${restartSeconds.toFixed(1)} s`, isMet: restartSeconds < 3 },
    {
      ...bars.memory,
      measured: `${(memoryBytes / 1e6).toFixed(0)} MB`,
      isMet: memoryBytes < 50e6 && ends === 0,
      remark: `it ended ${ends} times by itself`,
    },
    { ...bars.quiet, ...quiet },
  ];
}

/** In seconds, from the moment that the change is stored. The next owner comes when that one has been served. */
async function changeAndWait(fleet: Fleet, key: ServerKey): Promise<number> {
  const { seen } = fleet.controller;
  const startedAt = performance.now();
  fleet.change(key, '--changed-by-its-owner');
  const writtenAt = (): number => seen.candidates.get(key) ?? -Infinity;
  await fleet.until(`the candidate of ${key} is written`, () => writtenAt() > startedAt, 60);
  await fleet.until(`${key} serves its new version`, () => (seen.rolledOut.get(key) ?? -Infinity) > startedAt, 60);
  return (writtenAt() - startedAt) / 1_000;
}

async function restart(fleet: Fleet): Promise<number> {
  const { seen } = fleet.controller;
  const startedAt = performance.now();
  await fleet.restart();
  const stoppedAt = performance.now();
  await fleet.until('the next rollout begins', () => [...seen.candidates.values()].some((at) => at > stoppedAt), 60);
  const next = Math.min(...[...seen.candidates.values()].filter((at) => at > stoppedAt));
  return (next - startedAt) / 1_000;
}
