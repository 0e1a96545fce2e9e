import { setTimeout as sleep } from 'node:timers/promises';
import { objectPath } from '../../webhooks/platform/kube/api.ts';
import { ensureInstalled, release } from '../quickstart/install.ts';
import {
  create,
  expectOk,
  inParallel,
  isSettled,
  numbered,
  plural,
  stoppedServer,
  untilServers,
} from './cluster/servers.ts';
import type { StoredServer } from './cluster/servers.ts';
import { inNamespace, openStage, type Stage } from './cluster/stage.ts';
import { countFailures, startSteadyLoad } from './cluster/steady-load.ts';
import { listContainers, readRestarts, watchMemory } from './cluster/usage.ts';
import { watchWrites } from './cluster/writes.ts';
import type { Figure, Measurement, Progress } from './measurement.ts';

const strict = { namespace: 'bench-policy-strict', names: numbered('server', 300) };
const calm = { namespace: 'bench-policy-calm', names: numbered('server', 700) };
const count = strict.names.length + calm.names.length;
const width = 8;
const perSecond = 100;
const rule = 'image-registry';

/** Longest that every server may take to be judged again, in milliseconds: what is not written by then has nothing to say. */
const judgedMs = 60_000;
/** And a moment more, in which nobody should write. */
const settleMs = 15_000;

const bars = {
  judged: {
    what: `${count} MCPServers, and the policy changes: the ${strict.names.length} that it would refuse now say so`,
    bar: '< 60 s',
  },
  unneeded: { what: 'The same, writes to servers beyond one for each of these', bar: '0' },
  failed: { what: `The same, failed admissions at ${perSecond}/s`, bar: '0' },
  restarts: { what: 'The same, restarts of our containers', bar: '0' },
};

export const policyChange: Measurement = {
  name: 'policy-change',
  method:
    `${count} MCPServers at replicas 0 in two namespaces, and a policy in the chart. Its ConfigMap gets an override by which ` +
    `${rule} would refuse every server of one of them, while ${perSecond} creates a second (server dry runs) go on in the other.`,
  minutes: 6,
  bars: Object.values(bars),
  async run(progress) {
    const stage = await openStage(progress);
    const image = stage.images.get('mcp-lifecycle');
    if (image === undefined) throw new Error('the stage has loaded it');
    await ensureInstalled(stage.cluster, image, progress, { args: ['--set', 'policy.extends=restricted'] });
    try {
      return await inNamespace(stage, strict.namespace, () =>
        inNamespace(stage, calm.namespace, () => measure(stage, progress)),
      );
    } finally {
      // Without a policy, as other measurements find it.
      await openStage(progress);
    }
  },
};

async function measure(stage: Stage, progress: Progress): Promise<readonly Figure[]> {
  const { api } = stage;
  const groups = [strict, calm];
  const settled = groups.map(({ namespace, names }) => untilServers(api, namespace, names.length, isSettled));
  const servers = groups.flatMap(({ namespace, names }) => names.map((name) => stoppedServer(namespace, name)));
  await inParallel(servers, width, (server) => create(api, server, plural));
  await Promise.all(settled);
  progress(`${count} servers have settled`);
  await sleep(settleMs);

  const before = await readRestarts(stage);
  const memory = watchMemory(await listContainers(stage));
  const writes = await Promise.all(groups.map(({ namespace, names }) => watchWrites(api, namespace, names.length)));
  const load = startSteadyLoad(api, { namespace: calm.namespace, perSecond });
  await sleep(settleMs);
  const startedAt = performance.now();
  await changePolicy(stage);
  await untilServers(api, strict.namespace, strict.names.length, saysSo);
  const seconds = (performance.now() - startedAt) / 1000;
  progress(`${strict.names.length} servers say so after ${seconds.toFixed(1)} s`);
  await sleep(Math.max(0, judgedMs - seconds * 1000) + settleMs);
  const admissions = await load.stop();
  const [inStrict = noWrites, inCalm = noWrites] = writes.map((one) => one.stop().times);
  const largest = Math.max(...memory.stop().values()) / 1e6;
  const restarts = (await readRestarts(stage)) - before;
  for (const [why, times] of admissions.failures) progress(`  ${times} × ${why}`);

  const repeated = [...inStrict.values()].reduce((sum, times) => sum + times - 1, 0);
  const elsewhere = [...inCalm.values()].reduce((sum, times) => sum + times, 0);
  const failed = countFailures(admissions);
  return [
    {
      ...bars.judged,
      measured: `${seconds.toFixed(1)} s`,
      isMet: seconds < 60,
      remark: `most anonymous memory of one container ${largest.toFixed(0)} MB`,
    },
    {
      ...bars.unneeded,
      measured: String(repeated + elsewhere),
      isMet: repeated + elsewhere === 0,
      remark: `${inStrict.size} of ${strict.names.length} were written, and ${inCalm.size} of the ${calm.names.length} others`,
    },
    {
      ...bars.failed,
      measured: String(failed),
      isMet: failed === 0,
      remark: `of ${admissions.sent} creates`,
    },
    { ...bars.restarts, measured: String(restarts), isMet: restarts === 0 },
  ];
}

const noWrites: ReadonlyMap<string, number> = new Map();

/** As `kubectl edit` would, and whoever has the policy in a repository of its own. */
async function changePolicy({ api }: Stage): Promise<void> {
  const path = objectPath({
    ...{ apiVersion: 'v1', plural: 'configmaps', namespace: release.namespace, name: `${release.name}-policy` },
  });
  const text = `apiVersion: mcp-lifecycle.policy/v1alpha1
kind: Policy
extends: restricted
overrides:
  - namespaces: [${strict.namespace}]
    rules:
      ${rule}:
        action: deny
        parameters:
          allowed: [ours.example.com]
`;
  const body = { data: { 'policy.yaml': text } };
  expectOk(await api.request({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body }));
}

function saysSo({ status }: StoredServer): boolean {
  return status?.extensions?.policy?.tolerated?.some((one) => one.rule === rule) === true;
}
