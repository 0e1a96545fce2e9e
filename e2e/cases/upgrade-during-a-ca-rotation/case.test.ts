import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { release } from '../../../scripts/quickstart/install.ts';
import { isSignedBy } from '../../../webhooks/platform/tls/certificates.ts';
import { startAdmissionLoad } from '../../harness/admission-load.ts';
import { isAtRest, readSecret, requestRotation } from '../../harness/ca-rotation.ts';
import { installChart, laterChart } from '../../harness/chart.ts';
import { eventually } from '../../harness/eventually.ts';
import { list } from '../../harness/kubectl.ts';
import { untilComplete } from '../../harness/leader.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { countFailedCalls, readCaBundles } from '../../harness/webhook-calls.ts';

async function podNames(): Promise<readonly string[]> {
  const pods = await list({ namespace: release.namespace }, 'pods', `app.kubernetes.io/name=${release.name}`);
  return pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => metadata.name);
}

/** Other pods of another version, all of them started while two CAs are in use. */
async function upgrade(): Promise<void> {
  const later = await laterChart();
  const args = ['--set', 'replicas=3', '--set-string', 'podAnnotations.e2e=upgraded-during-a-rotation'];
  await installChart({ chart: later, args }).finally(() => rm(later, { recursive: true }));
}

describe('an upgrade while the CA is replaced', () => {
  const namespace = useNamespace();

  // Whatever happened: the next case finds the chart as it was.
  afterAll(() => installChart());

  it('fails no admission, and the new pods bring the replacement to its end', async () => {
    await untilComplete();
    await eventually('no replacement is under way', async () => isAtRest(await readSecret()), { withinMs: 180_000 });
    const before = { ca: (await readSecret())['ca.crt'], failed: await countFailedCalls(), pods: await podNames() };
    const load = await startAdmissionLoad(namespace, 'dry runs and applies');
    try {
      await requestRotation();
      await eventually('API servers are told to trust two CAs', async () =>
        (await readCaBundles()).every((bundle) => bundle.split('BEGIN CERTIFICATE').length === 3),
      );
      await upgrade();
      expect(isAtRest(await readSecret())).toBe(false);
      const stayed = new Set(before.pods);
      expect((await podNames()).filter((name) => stayed.has(name))).toEqual([]);
      await eventually('another CA is the only one', async () => isAtRest(await readSecret()), { withinMs: 220_000 });
      await eventually('API servers are told to trust it alone', async () => {
        const { 'ca.crt': ca } = await readSecret();
        return (await readCaBundles()).every((bundle) => bundle === ca);
      });
      // Connections that are made after the old CA is gone.
      await sleep(3_000);
    } finally {
      const { answered, failures } = await load.stop();
      expect(failures).toEqual([]);
      expect(answered).toBeGreaterThan(1_000);
    }
    expect(await countFailedCalls()).toBe(before.failed);
    const { 'ca.crt': ca = '', 'tls.crt': certificate = '' } = await readSecret();
    expect(ca).not.toBe(before.ca);
    expect(isSignedBy(certificate, ca)).toBe(true);
  }, 480_000);
});
