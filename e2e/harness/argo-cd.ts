import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { commandInCluster, type ClusterHandle } from '../../scripts/cluster/cluster.ts';
import { requireCommand } from '../../scripts/cluster/command.ts';
import { ensureArgoCd, type ArgoCd } from '../../scripts/cluster/packages/argo-cd.ts';
import { resolveSettings } from '../../scripts/cluster/settings.ts';
import { startProgram, type Running } from './beside.ts';
import { eventually } from './eventually.ts';
import { get, kubectlOk, type KubeObject } from './kubectl.ts';

/** Where Argo CD and its Applications are. */
export const argoNamespace = 'argocd';

/** Of the loopback of the cluster. */
const ports = { cache: 10_401, repoServer: 10_402, ofRepoServer: 10_403, ofController: 10_404 };

const defaultProject = {
  ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'AppProject' },
  metadata: { name: 'default', namespace: argoNamespace },
  // As Argo CD's server makes it.
  spec: {
    sourceRepos: ['*'],
    destinations: [{ namespace: '*', server: '*' }],
    clusterResourceWhitelist: [{ group: '*', kind: '*' }],
  },
};

/** The first time it takes minutes. */
export function buildArgoCd(): Promise<ArgoCd> {
  const { cache } = resolveSettings({}, process.env);
  return ensureArgoCd(cache, (line) => process.stderr.write(`${line}\n`));
}

/** Argo CD's controller and repo server in the network of the cluster, with the settings of its own installation. */
export async function startArgoCd(
  cluster: ClusterHandle,
  { program, tools, crds, settings }: ArgoCd,
): Promise<Running> {
  await kubectlOk(['apply', '--server-side', '--force-conflicts', '--filename', crds]);
  await kubectlOk(['create', 'namespace', argoNamespace]);
  await kubectlOk(['apply', '--namespace', argoNamespace, '--filename', settings]);
  // Its kind is new.
  await eventually('there is a project', () => kubectlOk(['apply', '--filename', '-'], defaultProject));
  const home = await mkdtemp(path.join(tmpdir(), 'mcp-lifecycle-argo-cd-'));
  const environment = {
    ...cluster.environment,
    PATH: [tools, cluster.environment['PATH']].join(path.delimiter),
    ...{ HOME: home, TMPDIR: home, ARGOCD_ASK_PASS_SOCK: path.join(home, 'ask-pass.sock') },
    // "In the cluster" is what KUBECONFIG says; and no commit is signed here.
    ...{ ARGOCD_FAKE_IN_CLUSTER: 'true', ARGOCD_GPG_ENABLED: 'false' },
  };
  const commands = [
    ['redis', `127.0.0.1:${ports.cache}`],
    ['argocd-repo-server', ...at(ports.repoServer, ports.ofRepoServer), '--address=127.0.0.1'],
    [
      ...['argocd-application-controller', `--namespace=${argoNamespace}`, `--metrics-port=${ports.ofController}`],
      ...[`--redis=127.0.0.1:${ports.cache}`, `--repo-server=127.0.0.1:${ports.repoServer}`],
    ],
  ];
  const running: Running[] = [];
  for (const command of commands)
    running.push(startProgram(await commandInCluster(cluster, [program, ...command]), environment));
  return {
    said: () => running.flatMap(({ said }) => said()),
    async stop() {
      for (const one of running.toReversed()) await one.stop();
      await kubectlOk(['delete', '--ignore-not-found', 'namespace', argoNamespace]);
      await kubectlOk(['delete', '--ignore-not-found', '--filename', crds]);
      await rm(home, { recursive: true, force: true });
    },
  };
}

const at = (port: number, ofMetrics: number): readonly string[] => [
  ...[`--port=${port}`, `--metrics-port=${ofMetrics}`, '--metrics-address=127.0.0.1'],
  `--redis=127.0.0.1:${ports.cache}`,
];

/** A repository in a folder of this machine. */
export interface GitRepository {
  readonly url: string;
  readonly folder: string;
  /** Everything that stands in the folder. */
  readonly commit: (message: string) => Promise<void>;
}

export async function createRepository(folder: string): Promise<GitRepository> {
  const git = (...args: readonly string[]): Promise<string> =>
    requireCommand(
      ['git', '-C', folder, '-c', 'user.name=test', '-c', 'user.email=test@example.com', ...args],
      'read the error above',
    );
  await git('init', '--quiet', '--initial-branch=main');
  return {
    url: `file://${folder}`,
    folder,
    async commit(message) {
      await git('add', '--all', '--force');
      await git('commit', '--quiet', '--message', message);
    },
  };
}

/** What Argo CD says of an Application. */
export interface ApplicationStatus {
  readonly sync?: { readonly status?: string; readonly revision?: string };
  readonly health?: { readonly status?: string };
  readonly reconciledAt?: string;
  readonly conditions?: readonly { readonly type: string; readonly message: string }[];
  readonly resources?: readonly ResourceStatus[];
  readonly history?: readonly { readonly id: number }[];
  readonly operationState?: {
    readonly phase?: string;
    readonly message?: string;
    readonly startedAt?: string;
    readonly syncResult?: { readonly resources?: readonly SyncedResource[] };
  };
}

interface ResourceStatus {
  readonly kind: string;
  readonly name: string;
  readonly status?: string;
}

interface SyncedResource {
  readonly kind: string;
  readonly name: string;
  readonly hookType?: string;
  readonly hookPhase?: string;
}

async function application(name: string): Promise<KubeObject | undefined> {
  return get(argoNamespace, 'applications.argoproj.io', name);
}

export async function statusOfApplication(name: string): Promise<ApplicationStatus> {
  // As its CRD has it.
  return (await application(name))?.status ?? {};
}

/** Has it looked at anew, rendered from Git and compared with the cluster; what it says then. */
export async function lookAgain(name: string): Promise<ApplicationStatus> {
  const ofApplication = ['applications.argoproj.io', name, '--namespace', argoNamespace];
  await kubectlOk(['annotate', ...ofApplication, '--overwrite', 'argocd.argoproj.io/refresh=hard']);
  await eventually(
    `Argo CD has looked at ${name}`,
    async () => (await application(name))?.metadata.annotations?.['argocd.argoproj.io/refresh'] === undefined,
    { withinMs: 60_000, describe: () => statusOfApplication(name) },
  );
  return statusOfApplication(name);
}

/** Its last sync has succeeded, nothing differs, and all of it is healthy. */
export function untilInSync(name: string, since?: ApplicationStatus): Promise<ApplicationStatus> {
  const syncs = (status: ApplicationStatus | undefined): number => status?.history?.at(-1)?.id ?? -1;
  return eventually(
    `${name} is synced and healthy`,
    async () => {
      const status = await lookAgain(name);
      const isDone = status.operationState?.phase === 'Succeeded' && syncs(status) > syncs(since);
      return isDone && status.sync?.status === 'Synced' && status.health?.status === 'Healthy' && status;
    },
    { describe: () => statusOfApplication(name) },
  );
}

/** What of it is not as in Git. */
export function outOfSync({ resources = [] }: ApplicationStatus): readonly string[] {
  return resources.filter(({ status }) => status === 'OutOfSync').map(({ kind, name }) => `${kind}/${name}`);
}
