/**
 * @alone it upgrades the chart and replaces the CA of the webhooks.
 * @slow an upgrade while a CA is replaced, and the installation as it was.
 */
import { rm } from 'node:fs/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { isSignedBy } from '../../../webhooks/platform/tls/certificates.ts';
import { whileAdmitting } from '../../harness/admission-load.ts';
import { isAtRest, readSecret, requestRotation, whileHurrying } from '../../harness/ca-rotation.ts';
import { installChart, laterChart } from '../../harness/chart.ts';
import { eventually } from '../../harness/eventually.ts';
import { restoreChart } from '../../harness/installation.ts';
import { untilComplete } from '../../harness/leader.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { untilReplicasStay } from '../../harness/replicas.ts';
import { countFailedCalls, readCaBundles } from '../../harness/webhook-calls.ts';

interface OurPod {
  readonly name: string;
  /** In milliseconds. */
  readonly createdAt: number;
}

async function ourPods(): Promise<readonly OurPod[]> {
  return (await untilReplicasStay()).map(({ metadata }) => ({
    name: metadata.name,
    createdAt: Date.parse(metadata.creationTimestamp),
  }));
}

/** When the replacement of the CA has come to its end, in milliseconds. */
async function untilReplaced(): Promise<number> {
  await eventually('another CA is the only one', async () => isAtRest(await readSecret()), { withinMs: 400_000 });
  return Date.now();
}

/** Other pods of another version; the first of them, at least, starts while two CAs are in use. */
async function upgrade(): Promise<void> {
  const later = await laterChart();
  const args = ['--set', 'replicas=3', '--set-string', 'podAnnotations.e2e=upgraded-during-a-rotation'];
  await installChart({ chart: later, args }).finally(() => rm(later, { recursive: true }));
}

describe('an upgrade while the CA is replaced', () => {
  const namespace = useNamespace();

  // Whatever happened: the next case finds the chart as it was.
  afterAll(restoreChart);

  it('fails no admission, and the new pods bring the replacement to its end', async () => {
    await untilComplete();
    await eventually('no replacement is under way', async () => isAtRest(await readSecret()), { withinMs: 400_000 });
    const before = { ca: (await readSecret())['ca.crt'], failed: await countFailedCalls(), pods: await ourPods() };
    const failures = await whileAdmitting(
      namespace,
      async ({ untilMore }) => {
        await requestRotation();
        await eventually('API servers are told to trust two CAs', async () =>
          (await readCaBundles()).every((bundle) => bundle.split('BEGIN CERTIFICATE').length === 3),
        );
        // In the first minute everything is upgraded; of what is left of it, and the next one, only the new pods know.
        const [replacedAt] = await Promise.all([untilReplaced(), upgrade().then(() => whileHurrying(untilReplaced))]);
        const after = await ourPods();
        expect(after.filter(({ name }) => before.pods.some((pod) => pod.name === name))).toEqual([]);
        expect(after.filter(({ createdAt }) => createdAt < replacedAt)).not.toHaveLength(0);
        await untilMore(20);
        await eventually('API servers are told to trust it alone', async () => {
          const { 'ca.crt': ca } = await readSecret();
          return (await readCaBundles()).every((bundle) => bundle === ca);
        });
        // Also on connections that are made after the old CA is gone.
        await untilMore(20);
      },
      'dry runs and applies',
    );
    expect(failures).toEqual([]);
    expect(await countFailedCalls()).toBe(before.failed);
    const { 'ca.crt': ca = '', 'tls.crt': certificate = '' } = await readSecret();
    expect(ca).not.toBe(before.ca);
    expect(isSignedBy(certificate, ca)).toBe(true);
  });
});
