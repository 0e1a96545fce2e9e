/**
 * @alone it installs the chart with cert-manager.
 * @installs the chart with cert-manager to begin with.
 * @slow API servers get a minute to hear of another CA.
 */
import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findCluster, type ClusterHandle } from '../../../scripts/cluster/cluster.ts';
import { release } from '../../../scripts/quickstart/install.ts';
import { isSignedBy } from '../../../webhooks/platform/tls/certificates.ts';
import { findTrustAnchor } from '../../../webhooks/platform/tls/trust-bundle.ts';
import { type RunningCertManager, startCertManager } from '../../harness/cert-manager.ts';
import { installChart } from '../../harness/chart.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, get, kubectl, kubectlOk } from '../../harness/kubectl.ts';
import { kubernetesServer } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { startNodePods } from '../../harness/node-pod.ts';
import { untilAllPresent } from '../../harness/replicas.ts';
import { changeDuring, countFailedCalls, readCaBundles } from '../../harness/webhook-calls.ts';

const secretName = `${release.name}-tls`;
const caSecretName = `${release.name}-ca`;

async function cluster(): Promise<ClusterHandle> {
  const found = await findCluster();
  if (found === undefined) throw new Error('scripts/e2e.ts brought the cluster up');
  return found;
}

async function readCertificate(key: 'tls.crt' | 'ca.crt', secret = secretName): Promise<string> {
  const encoded = (await get(release.namespace, 'secrets', secret))?.data?.[key] ?? '';
  return Buffer.from(encoded, 'base64').toString();
}

/** Deletes what cert-manager issued, which makes it issue it anew. */
async function deleteAndAwait(secret: string): Promise<void> {
  await kubectlOk(['delete', 'secret', secret, '--namespace', release.namespace]);
  await eventually(`cert-manager issues ${secret} anew`, async () => {
    const data = (await get(release.namespace, 'secrets', secret))?.data ?? {};
    return (data['tls.crt'] ?? '') !== '';
  });
}

describe('with cert-manager', () => {
  const namespace = useNamespace();
  let certManager: RunningCertManager | undefined;

  beforeAll(async () => {
    certManager = await startCertManager(await cluster());
    await installChart({ args: ['--set', 'certManager.enabled=true'] });
    await startNodePods(namespace, [{ name: 'onlooker' }]);
  });

  // The cluster as the other cases expect it. cert-manager leaves the Secrets of Certificates that are gone.
  afterAll(async () => {
    try {
      await installChart();
    } finally {
      await certManager?.remove();
      const secrets = [secretName, caSecretName];
      await kubectlOk(['delete', 'secret', ...secrets, '--namespace', release.namespace, '--ignore-not-found']);
    }
  });

  it('the webhooks answer with a certificate that it issued and a CA that it injected', async () => {
    const [ca, certificate] = [await readCertificate('ca.crt'), await readCertificate('tls.crt')];
    expect(isSignedBy(certificate, ca)).toBe(true);
    // cainjector adds a CA to those that are there, as long as they are valid.
    const anchors = (await readCaBundles()).map((bundle) => findTrustAnchor(certificate, bundle)?.raw);
    expect(anchors).toEqual([new X509Certificate(ca).raw, new X509Certificate(ca).raw]);
    const asRoot = kubernetesServer('as-root', { runtime: { security: { securityContext: { runAsUser: 0 } } } });
    const refused = await kubectl(['create', '--dry-run=server', '--namespace', namespace, '--filename', '-'], asRoot);
    expect(refused.stderr).toContain('[run-as-non-root]');
    expect(await get(release.namespace, 'secrets', `${release.name}-certificate`)).toBeUndefined();
  });

  /** Lets cert-manager issue anew while a server is changed; every replica serves the result, and nothing fails. */
  async function reissue(issue: () => Promise<unknown>): Promise<void> {
    const [before, failed] = [await readCertificate('tls.crt'), await countFailedCalls()];
    const failures = await changeDuring({ namespace, name: 'changed' }, async ({ untilMore }) => {
      await untilMore(10);
      await issue();
      // Under another CA it takes the minute in which API servers hear of it.
      await untilAllPresent(() => readCertificate('tls.crt'), { namespace, pod: 'onlooker' }, 300_000);
      // Also on connections that are made with it.
      await untilMore(10);
    });
    expect(await readCertificate('tls.crt')).not.toBe(before);
    expect(failures).toEqual([]);
    expect(await countFailedCalls()).toBe(failed);
  }

  it('replicas serve the next certificate without a restart or a failed admission', async () => {
    await apply(namespace, kubernetesServer('changed', { runtime: { replicas: 0 } }));
    await reissue(() => deleteAndAwait(secretName));
  });

  it('replicas serve under another CA a minute after API servers were told of it, and nothing fails', async () => {
    const before = await readCertificate('ca.crt');
    await reissue(async () => {
      await deleteAndAwait(caSecretName);
      // It signs with the CA that its cache holds, which may still be the one before.
      await eventually('a certificate under the new CA', async () => {
        await deleteAndAwait(secretName);
        return isSignedBy(await readCertificate('tls.crt'), await readCertificate('tls.crt', caSecretName));
      });
    });
    const ca = await readCertificate('ca.crt');
    expect(ca).not.toBe(before);
    expect(isSignedBy(await readCertificate('tls.crt'), ca)).toBe(true);
  });
});
