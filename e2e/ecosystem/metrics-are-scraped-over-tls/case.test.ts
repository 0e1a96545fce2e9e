/**
 * @alone it installs the kinds of the Prometheus operator, and the chart with metrics over TLS, by certificates of each of the three issuers.
 * @slow six installations, and a replacement of the CA; the first time Prometheus, its operator and cert-manager are built.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execInCluster, findCluster, type ClusterHandle } from '../../../scripts/cluster/cluster.ts';
import type { PrometheusPrograms } from '../../../scripts/cluster/packages/prometheus.ts';
import { panels } from '../../../scripts/generate/dashboard.ts';
import { release } from '../../../scripts/quickstart/install.ts';
import {
  issueAuthority,
  issueServing,
  type CertificateAuthority,
} from '../../../webhooks/platform/tls/certificates.ts';
import type { Running } from '../../harness/beside.ts';
import { isAtRest, readSecret, requestRotation, whileHurrying } from '../../harness/ca-rotation.ts';
import { startCertManager, type RunningCertManager } from '../../harness/cert-manager.ts';
import { installChart } from '../../harness/chart.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, get, kubectl, kubectlOk } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { installMonitoringKinds, removeMonitoringKinds } from '../../harness/monitoring-kinds.ts';
import { useNamespace } from '../../harness/namespace.ts';
import {
  buildPrometheus,
  readTlsAssets,
  startOperator,
  startPrometheus,
  untilConfigured,
  type RunningPrometheus,
} from '../../harness/prometheus.ts';
import { untilReplicasStay } from '../../harness/replicas.ts';

const system = release.namespace;
const served = `${release.name}-webhook.${system}.svc`;
/** Of the certificate that no program of ours issued, and cert-manager neither. */
const secretOfUser = 'webhook-tls';
const scraped = [
  ...['metrics.tls.enabled=true', 'serviceMonitor.enabled=true', 'serviceMonitor.interval=1s'],
  ...['serviceMonitor.labels.prometheus=team'],
].flatMap((value) => ['--set', value]);

describe('metrics of ours over TLS, where a real Prometheus scrapes them', () => {
  const namespace = useNamespace();
  let cluster: ClusterHandle;
  let programs: PrometheusPrograms;
  let operator: Running | undefined;
  let prometheus: RunningPrometheus | undefined;
  let certManager: RunningCertManager | undefined;

  beforeAll(async () => {
    const found = await findCluster();
    if (found === undefined) throw new Error('scripts/ecosystem brought the cluster up');
    cluster = found;
    programs = await buildPrometheus();
    await installMonitoringKinds();
    await installChart({ args: scraped });
    operator = startOperator(programs, namespace, system);
    await apply(namespace, {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'Prometheus',
      metadata: { name: 'team' },
      // The operator makes the configuration; the program runs beside the cluster, so no pod needs its image.
      spec: {
        replicas: 0,
        serviceMonitorSelector: { matchLabels: { prometheus: 'team' } },
        serviceMonitorNamespaceSelector: {},
      },
    });
  }, 3_600_000);

  afterAll(async () => {
    await prometheus?.stop();
    await operator?.stop();
    await installChart();
    await certManager?.remove();
    await removeMonitoringKinds();
    const leftovers = [`${release.name}-tls`, `${release.name}-ca`, secretOfUser];
    await kubectlOk(['delete', 'secret', ...leftovers, '--namespace', system, '--ignore-not-found']);
  }, 300_000);

  const query = async (expression: string): Promise<readonly Readonly<Record<string, string>>[]> =>
    ((await prometheus?.query(expression)) ?? []).map(({ metric }) => metric);

  /** With what the operator made of the ServiceMonitor, once that trusts `ca` and so does the file of it. */
  async function startScraping(object: string, readCa: () => Promise<string>): Promise<void> {
    await prometheus?.stop();
    const configuration = await untilConfigured(namespace, 'team', object);
    const tlsAssets = await eventually('the operator has the CA', async () => {
      const found = await readTlsAssets(namespace, 'team');
      const ca = (await readCa()).trim();
      return ca !== '' && Object.values(found).some((text) => text.trim() === ca) && found;
    });
    prometheus = await startPrometheus(cluster, programs, { configuration, tlsAssets });
  }

  /** Each port of each pod, with a scrape that is younger than this call. */
  async function untilAllUp(): Promise<void> {
    const pods = (await untilReplicasStay()).map(({ metadata }) => metadata.name);
    const since = Date.now() / 1000;
    const wanted = pods.flatMap((pod) => [`${pod} reconciler`, `${pod} webhook`]).sort();
    const up = async (): Promise<readonly string[]> =>
      (await query(`timestamp(up{namespace="${system}"} == 1) > ${since}`))
        .map(({ pod = '', endpoint = '' }) => `${pod} ${endpoint}`)
        .sort();
    await eventually('both ports of every pod are up', async () => (await up()).join() === wanted.join(), {
      withinMs: 120_000,
      describe: async () => ({ wanted, up: await up(), targets: await query('up'), said: prometheus?.said() }),
    });
  }

  const ofSecret = async (secret: string): Promise<string> =>
    Buffer.from((await get(system, 'secrets', secret))?.data?.['ca.crt'] ?? '', 'base64').toString();

  it('are scraped with the CA of our own Secret, by both ports of every pod', async () => {
    await startScraping(`${release.name}-certificate`, () => ofSecret(`${release.name}-certificate`));
    await untilAllUp();
  });

  it('are nothing for who asks without TLS, or trusts another CA', async () => {
    const [pod] = await untilReplicasStay();
    const host = String(pod?.status?.['podIP']);
    for (const port of [8080, 8082]) {
      const curl = (url: string): ReturnType<typeof execInCluster> =>
        execInCluster(cluster, ['curl', '--silent', '--show-error', '--connect-to', `::${host}:${port}`, url]);
      const plain = await curl(`http://${host}:${port}/metrics`);
      expect(plain.code).not.toBe(0);
      expect(plain.stdout).toBe('');
      const untrusted = await curl(`https://${served}:${port}/metrics`);
      // 60: the certificate cannot be verified.
      expect({ code: untrusted.code, said: untrusted.stdout }).toEqual({ code: 60, said: '' });
    }
  });

  it('are scraped on after the certificate was renewed, without a restart', async () => {
    const before = (await readSecret())['tls.crt'];
    const removal = JSON.stringify([{ op: 'remove', path: '/data/tls.crt' }]);
    await kubectlOk(['patch', 'secret', `${release.name}-certificate`, '-n', system, '--type=json', '-p', removal]);
    await eventually('another certificate is issued', async () => {
      const { 'tls.crt': now = '' } = await readSecret();
      return now !== '' && now !== before;
    });
    await untilAllUp();
  });

  it('are scraped on after the CA was replaced, as soon as Prometheus has the file of it', async () => {
    const { 'ca.crt': before } = await readSecret();
    await whileHurrying(async () => {
      await requestRotation();
      await eventually(
        'another CA is the only one',
        async () => {
          const now = await readSecret();
          return isAtRest(now) && now['ca.crt'] !== before;
        },
        { withinMs: 400_000 },
      );
    });
    const { 'ca.crt': now = '' } = await readSecret();
    const assets = await eventually('the operator has the new CA', async () => {
      const found = await readTlsAssets(namespace, 'team');
      return Object.values(found).includes(now) && found;
    });
    await prometheus?.replaceTlsAssets(assets);
    await untilAllUp();
  }, 600_000);

  describe('on the dashboard for the platform team', () => {
    beforeAll(async () => {
      // One that serves, which a later policy would refuse, and one that is refused: what panels about verdicts show.
      await apply(namespace, kubernetesServer('served'));
      await untilCondition(namespace, 'served', { type: 'Verified', status: 'True' });
      await installChart({ args: [...scraped, '--set', 'policy.rules.image-digest.action=deny'] });
      await untilAllUp();
      const asRoot = kubernetesServer('as-root', { runtime: { security: { securityContext: { runAsUser: 0 } } } });
      await kubectl(['create', '--namespace', namespace, '--filename', '-'], asRoot);
    }, 300_000);

    const asked = panels.flatMap(({ queries }) => queries.map(([expression]) => expression));
    it.each(asked)('there is data: %s', async (expression) => {
      const found = await eventually(
        `${expression} finds something`,
        async () => {
          const series = await query(expression);
          return series.length > 0 && series;
        },
        { describe: () => query('{__name__=~"mcp_lifecycle_servers.*"}') },
      );
      expect(found).not.toEqual([]);
    });

    it('is the stored server that the policy would refuse', async () => {
      const labels = { rule: 'image-digest', action: 'deny' };
      expect(await query('sum by (rule, action) (mcp_lifecycle_servers_with_findings)')).toContainEqual(labels);
    });
  });

  describe('with a certificate of yours', () => {
    const monitored = `${release.name}-metrics-ca`;
    let first: CertificateAuthority;
    let second: CertificateAuthority;

    beforeAll(async () => {
      [first, second] = [await issueAuthority(new Date()), await issueAuthority(new Date())];
    });

    async function bringCertificate(of: CertificateAuthority): Promise<void> {
      const { certificate, privateKey } = await issueServing(of, [served], new Date());
      await apply(system, {
        ...{ apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: { name: secretOfUser } },
        stringData: { 'tls.crt': certificate, 'tls.key': privateKey },
      });
    }

    /** As the guide says it; helm returns when API servers trust what the webhooks serve. */
    async function trust(...authorities: readonly CertificateAuthority[]): Promise<string> {
      const bundle = authorities.map(({ certificate }) => certificate).join('');
      const yours = ['--set', `tls.existingSecret=${secretOfUser}`, '--set', `tls.caBundle=${bundle}`];
      await installChart({ args: [...scraped, ...yours, '--force-conflicts'] });
      return bundle;
    }

    it('are scraped with what the chart says to trust', async () => {
      await bringCertificate(first);
      const bundle = await trust(first);
      await startScraping(monitored, () => Promise.resolve(bundle));
      await untilAllUp();
    }, 600_000);

    it('are scraped on with a certificate of another CA, when both are trusted, by the same pods', async () => {
      const namesOf = async (): Promise<readonly string[]> =>
        (await untilReplicasStay()).map(({ metadata }) => metadata.name).sort();
      const before = await namesOf();
      const bundle = await trust(first, second);
      await startScraping(monitored, () => Promise.resolve(bundle));
      await untilAllUp();
      await bringCertificate(second);
      // Who trusts the new one alone sees that it is the new one that is served.
      const files = Object.keys(await readTlsAssets(namespace, 'team'));
      await prometheus?.replaceTlsAssets(Object.fromEntries(files.map((file) => [file, second.certificate])));
      await untilAllUp();
      expect(await namesOf()).toEqual(before);
    }, 600_000);
  });

  it('are scraped with a certificate of cert-manager', async () => {
    certManager = await startCertManager(cluster);
    await installChart({ args: [...scraped, '--set', 'certManager.enabled=true'] });
    await startScraping(`${release.name}-tls`, () => ofSecret(`${release.name}-tls`));
    await untilAllUp();
  }, 600_000);
});
