import { setTimeout as sleep } from 'node:timers/promises';
import { release } from '../quickstart/install.ts';
import { inNamespace, openStage, type Stage } from './cluster/stage.ts';
import { countFailures, startSteadyLoad } from './cluster/steady-load.ts';
import type { Figure, Measurement, Progress } from './measurement.ts';

const perSecond = 200;
const namespace = 'bench-disruptions';
const settleMs = 5_000;

/** Something that happens to a running release, and the end of its effects. */
interface Disruption {
  readonly name: string;
  readonly cause: (stage: Stage) => Promise<void>;
}

const disruptions: readonly Disruption[] = [
  { name: 'deletion of a pod', cause: deletePods },
  { name: 'a rollout', cause: rollOut },
];

export const failedAdmissions: Measurement = {
  name: 'failed-admissions',
  method:
    `${perSecond} creates a second (server dry runs) through a real API server from before each disruption until it is ` +
    'over; what was not admitted counts.',
  minutes: 8,
  async run(progress) {
    const stage = await openStage(progress);
    return inNamespace(stage, namespace, async () => {
      const figures: Figure[] = [];
      for (const disruption of disruptions) figures.push(await measure(stage, disruption, progress));
      return figures;
    });
  },
};

async function measure(stage: Stage, { name, cause }: Disruption, progress: Progress): Promise<Figure> {
  const startedAt = performance.now();
  const load = startSteadyLoad(stage.api, { namespace, perSecond });
  await sleep(settleMs);
  await cause(stage);
  await sleep(settleMs);
  const count = await load.stop();
  const seconds = (performance.now() - startedAt) / 1000;
  const failed = countFailures(count);
  progress(`${name}: ${count.sent} creates in ${seconds.toFixed(0)} s, ${failed} failed`);
  for (const [why, times] of count.failures) progress(`  ${times} × ${why}`);
  return {
    what: `Failed admissions at ${perSecond}/s during ${name}`,
    measured: String(failed),
    bar: '0',
    isMet: failed === 0,
    remark: `of ${count.sent} creates (${(count.sent / seconds).toFixed(0)}/s)`,
  };
}

/** One after the other, so that both replicas have been gone once. */
async function deletePods(stage: Stage): Promise<void> {
  const selector = `app.kubernetes.io/instance=${release.name}`;
  const names = await stage.kubectl('-n', release.namespace, 'get', 'pods', '-l', selector, '-o', 'name');
  for (const name of names.trim().split('\n')) {
    await stage.kubectl('-n', release.namespace, 'delete', name, '--wait=true');
    await untilRolledOut(stage);
  }
}

async function rollOut(stage: Stage): Promise<void> {
  await stage.kubectl('-n', release.namespace, 'rollout', 'restart', 'deployment', release.name);
  await untilRolledOut(stage);
  // The old pods still drain.
  await sleep(20_000);
}

async function untilRolledOut(stage: Stage): Promise<void> {
  await stage.kubectl('-n', release.namespace, 'rollout', 'status', 'deployment', release.name, '--timeout=3m');
}
