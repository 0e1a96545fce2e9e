import type { Command } from './command.ts';
import type { LoadedCommand } from './completion.ts';

/** A command by what it is for; it is loaded when it is asked for, because programs in a cluster must not pay for it. */
interface ListedCommand {
  /** A clause for the help of the program. */
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** Every command that is no program of the cluster. Another one is a file, and a line here. */
export const commands = {
  check: {
    summary: 'say about manifests what the cluster would say, without a cluster',
    load: async () => (await import('./check.ts')).check,
  },
  render: {
    summary: 'print the objects that MCPServer manifests become',
    load: async () => (await import('./render.ts')).render,
  },
  diff: {
    summary: 'show what defaults and the API server change in MCPServer manifests',
    load: async () => (await import('./diff.ts')).diff,
  },
  convert: {
    summary: 'write MCPServers of mcp.v2dy.io as those of mcp.x-k8s.io',
    load: async () => (await import('./convert.ts')).convert,
  },
  policy: {
    summary: 'check a policy, or try it on manifests or on what a cluster has',
    load: async () => (await import('./policy.ts')).policy,
  },
  report: {
    summary: 'table what rules find in the MCPServers that a cluster has',
    load: async () => (await import('./report-namespaces.ts')).reportNamespaces,
  },
  status: {
    summary: 'say which MCPServers of a cluster serve, and what keeps the others from it',
    load: async () => (await import('./status.ts')).status,
  },
  cost: {
    summary: 'say what MCPServers request and use, who is idle, and what to request instead',
    load: async () => (await import('./cost.ts')).cost,
  },
  doctor: {
    summary: 'say what of mcp-lifecycle a cluster has, what is wrong with it, and what to do',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  contract: {
    summary: 'show, compare or verify the tools that a server offers',
    load: async () => (await import('./contract.ts')).contract,
  },
  rollout: {
    summary: 'tell where a new version of a server is, wait for it, or have it tried again',
    load: async () => (await import('./rollout.ts')).rollout,
  },
  stdio: {
    summary: 'read from its registry what an image starts, for a server for stdio',
    load: async () => (await import('./stdio.ts')).stdio,
  },
  rules: { summary: 'list every rule', load: async () => (await import('./rules.ts')).listRules },
  explain: { summary: 'print the page of one rule', load: async () => (await import('./explain.ts')).explain },
  completion: {
    summary: 'print a script by which a shell completes all of this',
    load: async () => (await import('./completion.ts')).createCompletion(loadAll),
  },
} as const satisfies Readonly<Record<string, ListedCommand>>;

export type CommandName = keyof typeof commands;

/** All of them, for who describes them to a shell. */
function loadAll(): Promise<readonly LoadedCommand[]> {
  const listed: Readonly<Record<string, ListedCommand>> = commands;
  return Promise.all(
    Object.entries(listed).map(async ([name, { summary, load }]) => ({ name, summary, command: await load() })),
  );
}
