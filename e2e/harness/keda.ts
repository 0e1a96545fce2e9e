import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { commandInCluster, type ClusterHandle } from '../../scripts/cluster/cluster.ts';
import { requireCommand } from '../../scripts/cluster/command.ts';
import { ensureKeda, type KedaPrograms } from '../../scripts/cluster/packages/keda.ts';
import { resolveSettings } from '../../scripts/cluster/settings.ts';
import { registerApi, startProgram, type Running } from './beside.ts';
import { eventually } from './eventually.ts';
import { installKinds } from './kinds.ts';
import { kubectl, kubectlOk } from './kubectl.ts';

/** Of the loopback of the cluster, except that of the adapter, which API servers call at the address of the node. */
const ports = { metrics: 10_381, health: 10_382, operator: 9_666, adapter: 10_371, ofAdapter: 10_372 };
const api = {
  ...{ group: 'external.metrics.k8s.io', version: 'v1beta1' },
  ...{ serviceName: 'keda-metrics-apiserver', listensOn: ports.adapter },
};

/** The first time it takes minutes. */
export function buildKeda(): Promise<KedaPrograms> {
  const { cache } = resolveSettings({}, process.env);
  return ensureKeda(cache, (line) => process.stderr.write(`${line}\n`));
}

/** KEDA's operator and adapter in the network of the cluster, for the ScaledObjects of a namespace; ends when API servers reach it. */
export async function startKeda(cluster: ClusterHandle, keda: KedaPrograms, namespace: string): Promise<Running> {
  await installKinds(keda.crds);
  const folder = await mkdtemp(path.join(tmpdir(), 'mcp-lifecycle-keda-'));
  const authority = `keda-operator.${namespace}.svc.cluster.local`;
  await issueCertificate(folder, authority);
  const environment = {
    ...cluster.environment,
    ...{ WATCH_NAMESPACE: namespace, POD_NAMESPACE: namespace, KEDA_CLUSTER_OBJECT_NAMESPACE: namespace },
  };
  // Before the adapter, which waits for minutes when nobody answers.
  const operator = startProgram(await commandInCluster(cluster, operatorCommand(keda, folder)), environment);
  const command = adapterCommand(keda, { folder, authority, kubeconfig: cluster.kubeconfig });
  const adapter = startProgram(await commandInCluster(cluster, command), environment);
  const unregister = await registerApi(api);
  const said = (): readonly string[] => [...operator.said(), ...adapter.said()];
  const stop = async (): Promise<void> => {
    // Its objects have finalizers of it.
    await kubectlOk(['delete', '--ignore-not-found', 'scaledobjects.keda.sh', '--all', '--namespace', namespace]);
    // An API that nobody serves keeps every namespace from being deleted.
    await unregister();
    await adapter.stop();
    await operator.stop();
    await kubectlOk(['delete', '--ignore-not-found', '--filename', keda.crds]);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const served = ['get', '--raw', `/apis/${api.group}/${api.version}`];
    await eventually('KEDA serves its metrics', async () => (await kubectl(served)).code === 0, {
      withinMs: 120_000,
      describe: () => Promise.resolve(said()),
    });
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
  return { said, stop };
}

function operatorCommand({ operator }: KedaPrograms, folder: string): readonly string[] {
  return [
    ...[operator, `--metrics-bind-address=127.0.0.1:${ports.metrics}`],
    ...[`--health-probe-bind-address=127.0.0.1:${ports.health}`, `--cert-dir=${folder}`, `--ca-dir=${folder}`],
    ...[`--metrics-service-bind-address=127.0.0.1:${ports.operator}`, '--enable-cert-rotation=false'],
  ];
}

function adapterCommand(
  { adapter }: KedaPrograms,
  {
    folder,
    authority,
    kubeconfig,
  }: { readonly folder: string; readonly authority: string; readonly kubeconfig: string },
): readonly string[] {
  const kubeconfigs = ['kubeconfig', 'lister-kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'];
  return [
    ...[adapter, ...kubeconfigs.map((flag) => `--${flag}=${kubeconfig}`)],
    ...[`--secure-port=${ports.adapter}`, `--port=${ports.ofAdapter}`, `--cert-dir=${folder}`],
    ...[`--tls-cert-file=${folder}/tls.crt`, `--tls-private-key-file=${folder}/tls.key`],
    ...[`--metrics-service-address=127.0.0.1:${ports.operator}`, `--metrics-service-grpc-authority=${authority}`],
  ];
}

/** One that both show, and both trust. */
async function issueCertificate(folder: string, host: string): Promise<void> {
  const [certificate, key] = [path.join(folder, 'tls.crt'), path.join(folder, 'tls.key')];
  await requireCommand(
    [
      ...['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...[
        '-subj',
        '/CN=keda',
        '-addext',
        `subjectAltName=DNS:${host},IP:127.0.0.1`,
        '-keyout',
        key,
        '-out',
        certificate,
      ],
    ],
    'check that openssl 3 is installed',
  );
  await copyFile(certificate, path.join(folder, 'ca.crt'));
}
