import { X509Certificate } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findCluster, type ClusterHandle } from '../../../scripts/cluster/cluster.ts';
import { ensureImages } from '../../../scripts/image/build.ts';
import { ensureInstalled, release } from '../../../scripts/quickstart/install.ts';
import { isSignedBy } from '../../../webhooks/platform/tls/certificates.ts';
import { findTrustAnchor } from '../../../webhooks/platform/tls/trust-bundle.ts';
import { type RunningCertManager, startCertManager } from '../../harness/cert-manager.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, get, kubectl, kubectlOk } from '../../harness/kubectl.ts';
import { kubernetesServer } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { startNodePods } from '../../harness/node-pod.ts';
import { untilAllPresent } from '../../harness/replicas.ts';
import { changeDuring, countFailedCalls, readCaBundles } from '../../harness/webhook-calls.ts';

const secretName = `${release.name}-tls`;

async function cluster(): Promise<ClusterHandle> {
  const found = await findCluster();
  if (found === undefined) throw new Error('scripts/e2e.ts brought the cluster up');
  return found;
}

async function install(...args: readonly string[]): Promise<void> {
  const [image] = await ensureImages(['mcp-lifecycle'], () => undefined);
  if (image === undefined) throw new Error('images are returned in the order asked for');
  await ensureInstalled(await cluster(), image, () => undefined, { args });
}

async function readCertificate(key: 'tls.crt' | 'ca.crt'): Promise<string> {
  const encoded = (await get(release.namespace, 'secrets', secretName))?.data?.[key] ?? '';
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
    await install('--set', 'certManager.enabled=true');
    await startNodePods(namespace, [{ name: 'onlooker' }]);
  }, 600_000);

  // The cluster as the other cases expect it. cert-manager leaves the Secrets of Certificates that are gone.
  afterAll(async () => {
    await install();
    await certManager?.remove();
    const secrets = [secretName, `${release.name}-ca`];
    await kubectlOk(['delete', 'secret', ...secrets, '--namespace', release.namespace, '--ignore-not-found']);
  }, 240_000);

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
  async function reissue(secrets: readonly string[]): Promise<void> {
    const [before, failed] = [await readCertificate('tls.crt'), await countFailedCalls()];
    const { count, failures } = await changeDuring({ namespace, name: 'changed' }, async () => {
      for (const secret of secrets) await deleteAndAwait(secret);
      await untilAllPresent(() => readCertificate('tls.crt'), { namespace, pod: 'onlooker' }, 100_000);
      // Connections that are made with it.
      await sleep(2_000);
    });
    expect(await readCertificate('tls.crt')).not.toBe(before);
    expect(failures).toEqual([]);
    expect(count).toBeGreaterThan(5);
    expect(await countFailedCalls()).toBe(failed);
  }

  it('replicas serve the next certificate without a restart or a failed admission', async () => {
    await apply(namespace, kubernetesServer('changed', { runtime: { replicas: 0 } }));
    await reissue([secretName]);
  });

  it('replicas serve under another CA a minute after API servers were told of it, and nothing fails', async () => {
    const before = await readCertificate('ca.crt');
    await reissue([`${release.name}-ca`, secretName]);
    const ca = await readCertificate('ca.crt');
    expect(ca).not.toBe(before);
    expect(isSignedBy(await readCertificate('tls.crt'), ca)).toBe(true);
  });
});
