import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { release } from '../../../scripts/quickstart/install.ts';
import { isSignedBy } from '../../../webhooks/platform/tls/certificates.ts';
import { isAtRest, readSecret, requestRotation, type CertificateSecret } from '../../harness/ca-rotation.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, kubectlOk } from '../../harness/kubectl.ts';
import { kubernetesServer } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { untilNoneLeaves } from '../../harness/replicas.ts';
import { changeDuring, countFailedCalls, readCaBundles } from '../../harness/webhook-calls.ts';

/** Nothing is left of a rotation, and it has happened. */
function isReplaced(before: string | undefined, secret: CertificateSecret): boolean {
  return secret['ca.crt'] !== before && isAtRest(secret);
}

/** Names and restarts of our pods. */
async function pods(): Promise<readonly unknown[]> {
  const found = await untilNoneLeaves();
  const columns = ['--output', 'jsonpath={.status.containerStatuses[*].restartCount}'];
  return Promise.all(
    found.map(async ({ metadata }) => [
      metadata.name,
      await kubectlOk(['get', 'pod', metadata.name, '--namespace', release.namespace, ...columns]),
    ]),
  );
}

describe('replacing the CA', () => {
  const namespace = useNamespace();

  it('fails no admission, restarts no pod, and ends with one CA', async () => {
    await apply(namespace, kubernetesServer('changed', { runtime: { replicas: 0 } }));
    const before = { ca: (await readSecret())['ca.crt'], failed: await countFailedCalls(), pods: await pods() };
    const { count, failures } = await changeDuring({ namespace, name: 'changed' }, async () => {
      await requestRotation();
      // Two waits of a minute each, for API servers that learn late.
      await eventually('another CA is the only one', async () => isReplaced(before.ca, await readSecret()), {
        withinMs: 220_000,
        describe: async () => Object.keys(await readSecret()),
      });
      await eventually('API servers are told to trust it alone', async () => {
        const { 'ca.crt': ca } = await readSecret();
        return (await readCaBundles()).every((bundle) => bundle === ca);
      });
      // Connections that are made after the old CA is gone.
      await sleep(3_000);
    });

    expect(failures).toEqual([]);
    expect(count).toBeGreaterThan(100);
    expect(await countFailedCalls()).toBe(before.failed);
    const { 'ca.crt': ca = '', 'tls.crt': certificate = '' } = await readSecret();
    expect(isSignedBy(certificate, ca)).toBe(true);
    expect(await pods()).toEqual(before.pods);
  }, 300_000);
});
