import path from 'node:path';
import type { Environment } from './command.ts';
import { ClusterFailure } from './failure.ts';

/** Who makes the cluster. `auto` is kind where Docker answers, else packages. */
export type ProviderChoice = 'auto' | 'packages' | 'kind';

/** What a caller may say about a cluster; each has a default. */
export interface ClusterOptions {
  /** Default `$MCP_LIFECYCLE_CLUSTER`, or `local`. Also the node's name. */
  readonly name?: string;
  /** Directory under which the cluster's own directory lies. Default `$XDG_STATE_HOME/mcp-lifecycle`. */
  readonly state?: string;
  /** Loopback port of the API on this machine. Default 6443, or the next free one. */
  readonly port?: number;
  /** Default 10.244.0.0/16. */
  readonly podCidr?: string;
  /** Default 10.96.0.0/16. */
  readonly serviceCidr?: string;
  readonly provider?: ProviderChoice;
  /** Use an existing cluster: the file, and the context in it if it is not the current one. */
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** Options with their defaults, and what follows from the environment. */
export interface ClusterSettings {
  readonly name: string;
  readonly directory: string;
  readonly cache: string;
  readonly port: number | undefined;
  readonly podCidr: string;
  readonly serviceCidr: string;
  readonly provider: ProviderChoice;
  readonly existing: { readonly kubeconfig: string; readonly context: string | undefined } | undefined;
}

const product = 'mcp-lifecycle';

/** Names become node names, cgroup names and directories: one DNS label. */
const namePattern = /^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/;

export function resolveSettings(options: ClusterOptions, environment: Environment): ClusterSettings {
  const {
    name = environment['MCP_LIFECYCLE_CLUSTER'] ?? 'local',
    provider = 'auto',
    podCidr = '10.244.0.0/16',
    serviceCidr = '10.96.0.0/16',
  } = options;
  if (!namePattern.test(name)) {
    throw new ClusterFailure(
      `"${name}" cannot be a cluster's name: use up to 40 lowercase letters, digits and inner hyphens.`,
    );
  }
  const home = environment['HOME'] ?? '/root';
  const stateHome = environment['XDG_STATE_HOME'] ?? path.join(home, '.local', 'state');
  const cacheHome = environment['XDG_CACHE_HOME'] ?? path.join(home, '.cache');
  return {
    name,
    directory: path.resolve(options.state ?? path.join(stateHome, product), name),
    cache: path.join(cacheHome, product),
    port: options.port,
    podCidr,
    serviceCidr,
    provider,
    existing: resolveExisting(options),
  };
}

function resolveExisting({ kubeconfig, context }: ClusterOptions): ClusterSettings['existing'] {
  if (kubeconfig !== undefined) return { kubeconfig: path.resolve(kubeconfig), context };
  if (context !== undefined)
    throw new ClusterFailure('--context names a context of a file: give the file with --kubeconfig.');
  return undefined;
}
