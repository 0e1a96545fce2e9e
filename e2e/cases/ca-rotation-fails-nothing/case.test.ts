/** @alone it replaces the CA of the webhooks. */
import { describe, expect, it } from '@jest/globals';
import { release } from '../../../scripts/quickstart/install.ts';
import { isSignedBy } from '../../../webhooks/platform/tls/certificates.ts';
import {
  isAtRest,
  readSecret,
  requestRotation,
  whileHurrying,
  type CertificateSecret,
} from '../../harness/ca-rotation.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, kubectlOk } from '../../harness/kubectl.ts';
import { kubernetesServer } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { untilReplicasStay } from '../../harness/replicas.ts';
import { changeDuring, countFailedCalls, readCaBundles } from '../../harness/webhook-calls.ts';

/** Names and restarts of our pods. */
async function pods(): Promise<readonly unknown[]> {
  const found = await untilReplicasStay();
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
    await eventually('no rotation is under way', async () => isAtRest(await readSecret()), { withinMs: 400_000 });
    const before = { ca: (await readSecret())['ca.crt'] ?? '', failed: await countFailedCalls(), pods: await pods() };
    const untilSecret = (what: string, isSo: (secret: CertificateSecret) => boolean): Promise<unknown> =>
      eventually(what, async () => isSo(await readSecret()), {
        // Two waits of a minute each, for API servers that learn late.
        withinMs: 400_000,
        describe: async () => Object.keys(await readSecret()),
      });
    const failures = await changeDuring({ namespace, name: 'changed' }, ({ untilMore }) =>
      whileHurrying(async () => {
        await untilMore(10);
        await requestRotation();
        await untilSecret('a rotation is under way', (secret) => !isAtRest(secret));
        await untilMore(10);
        await untilSecret('the certificate is of another CA', ({ 'tls.crt': certificate = '' }) => {
          return certificate !== '' && !isSignedBy(certificate, before.ca);
        });
        await untilMore(10);
        await untilSecret('another CA is the only one', (now) => isAtRest(now) && now['ca.crt'] !== before.ca);
        await eventually('API servers are told to trust it alone', async () => {
          const { 'ca.crt': ca } = await readSecret();
          return (await readCaBundles()).every((bundle) => bundle === ca);
        });
        // Also on connections that are made after the old CA is gone.
        await untilMore(10);
      }),
    );

    expect(failures).toEqual([]);
    expect(await countFailedCalls()).toBe(before.failed);
    const { 'ca.crt': ca = '', 'tls.crt': certificate = '' } = await readSecret();
    expect(isSignedBy(certificate, ca)).toBe(true);
    expect(await pods()).toEqual(before.pods);
  });
});
