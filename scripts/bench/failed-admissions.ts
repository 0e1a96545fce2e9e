import { setTimeout as sleep } from 'node:timers/promises';
import { release } from '../quickstart/install.ts';
import { inNamespace, ofRelease, openStage, untilRolledOut, type Stage } from './cluster/stage.ts';
import { countFailures, startSteadyLoad } from './cluster/steady-load.ts';
import type { Bar, Figure, Measurement, Progress } from './measurement.ts';

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
  { name: 'the renewal of the serving certificate', cause: renewServing },
  { name: 'the replacement of the CA', cause: replaceAuthority },
];

function barOf({ name }: Disruption): Bar {
  return { what: `Failed admissions at ${perSecond}/s during ${name}`, bar: '0' };
}

export const failedAdmissions: Measurement = {
  name: 'failed-admissions',
  method:
    `${perSecond} creates a second (server dry runs) through a real API server from before each disruption until it is ` +
    'over; what was not admitted counts.',
  minutes: 8,
  bars: disruptions.map(barOf),
  async run(progress) {
    const stage = await openStage(progress);
    return inNamespace(stage, namespace, async () => {
      const figures: Figure[] = [];
      for (const disruption of disruptions) figures.push(await measure(stage, disruption, progress));
      return figures;
    });
  },
};

async function measure(stage: Stage, disruption: Disruption, progress: Progress): Promise<Figure> {
  const { name, cause } = disruption;
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
    ...barOf(disruption),
    measured: String(failed),
    isMet: failed === 0,
    remark: `of ${count.sent} creates (${(count.sent / seconds).toFixed(0)}/s)`,
  };
}

/** One after the other, so that both replicas have been gone once. */
async function deletePods(stage: Stage): Promise<void> {
  const names = await stage.kubectl('-n', release.namespace, 'get', 'pods', '-l', ofRelease, '-o', 'name');
  for (const name of names.trim().split('\n')) {
    await stage.kubectl('-n', release.namespace, 'delete', name, '--wait=true', '--ignore-not-found');
    await untilRolledOut(stage);
  }
}

async function rollOut(stage: Stage): Promise<void> {
  await stage.kubectl('-n', release.namespace, 'rollout', 'restart', 'deployment', release.name);
  await untilRolledOut(stage);
  // The old pods still drain.
  await sleep(20_000);
}

/** As if it were about to end: a missing certificate is issued under the same CA. */
async function renewServing(stage: Stage): Promise<void> {
  const before = await readSecret(stage);
  const patch = JSON.stringify([{ op: 'remove', path: '/data/tls.crt' }]);
  await stage.kubectl('-n', release.namespace, 'patch', 'secret', secretName, '--type=json', `--patch=${patch}`);
  await until('a new serving certificate', async () => {
    const after = (await readSecret(stage))['tls.crt'];
    return after !== undefined && after !== before['tls.crt'];
  });
}

/** As docs/guides/certificates.md says; over when only the new CA is trusted. */
async function replaceAuthority(stage: Stage): Promise<void> {
  const before = await readBundle(stage);
  const annotation = 'mcp-lifecycle/rotate-ca=now';
  await stage.kubectl('-n', release.namespace, 'annotate', 'secret', secretName, annotation, '--overwrite');
  await until('a bundle with the new CA alone', async () => {
    const after = await readBundle(stage);
    return after !== before && after.split('BEGIN CERTIFICATE').length === 2;
  });
}

const secretName = `${release.name}-certificate`;

async function readSecret(stage: Stage): Promise<Readonly<Record<string, string | undefined>>> {
  const text = await stage.kubectl('-n', release.namespace, 'get', 'secret', secretName, '-o', 'json');
  return (JSON.parse(text) as { readonly data?: Record<string, string> }).data ?? {};
}

async function readBundle(stage: Stage): Promise<string> {
  const path = 'jsonpath={.webhooks[0].clientConfig.caBundle}';
  const text = await stage.kubectl('get', 'validatingwebhookconfiguration', release.name, '-o', path);
  return Buffer.from(text, 'base64').toString('utf8');
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10 * 60_000;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`not within ten minutes: ${what}`);
    await sleep(500);
  }
}
