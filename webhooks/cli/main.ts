import { readProgramVersion } from '../platform/program-version.ts';
import { commands } from './commands.ts';
import { exitCodes, type ExitCode } from './exit-code.ts';
import { namesOf } from './names-of.ts';
import { suggest } from './nearest.ts';
import { runCommand } from './run.ts';
import type { ProgramProcess } from '../programs/serve.ts';

/** What takes no argument. Those that run in a cluster are started by ../main.ts; they come here with an argument only. */
const plain: Readonly<
  Record<string, { readonly summary: string; readonly run?: (own: ProgramProcess) => Promise<string> }>
> = {
  webhook: { summary: 'serve mutating and validating admission (container 1 of the pod)' },
  reconciler: { summary: 'expand, verify and report accepted MCPServers (container 2 of the pod)' },
  bridge: { summary: 'serve a server that speaks over stdio as streamable HTTP (a sidecar of its pods)' },
  'await-admission': { summary: "wait until API servers call the webhooks (the chart's hook Job)" },
  'network-target': { summary: 'greet whoever connects (a pod by which networkPolicy.probe tries NetworkPolicies)' },
};

const asked: typeof plain = {
  version: {
    summary: 'print the version (also --version)',
    run: async ({ script }) => `mcp-lifecycle ${await readProgramVersion(script)}\n`,
  },
  help: {
    summary: 'print this (also --help, -h); with a command, its help',
    run: () => Promise.resolve(renderUsage()),
  },
};

const withoutArguments: typeof plain = { ...plain, ...asked };

/** What people try first on a program that they do not know. */
const spellings: Readonly<Record<string, string>> = { '--help': 'help', '-h': 'help', '--version': 'version' };

/** Everything but the programs of the cluster: no Kubernetes client is loaded. Answers with the exit code. */
export async function runCommandLine(words: readonly string[], own: ProgramProcess): Promise<ExitCode> {
  const [word = '', ...args] = words;
  const name = Object.hasOwn(spellings, word) ? (spellings[word] ?? word) : word;
  const command = namesOf(commands).find((one) => one === name);
  if (command !== undefined)
    return runCommand(command, args, {
      ...{ noColour: (own.env['NO_COLOR'] ?? '') !== '', env: own.env },
      readVersion: () => readProgramVersion(own.script),
    });
  if (name === 'help' && Object.hasOwn(allCommands, args[0] ?? '')) return runCommandLine([...args, '--help'], own);
  if (Object.hasOwn(withoutArguments, name)) return runPlain(name, args, own);
  const problem = `there is no command '${name}'${suggest(name, Object.keys(allCommands))}\nmcp-lifecycle help lists all of them\n`;
  process.stderr.write(name === '' ? renderUsage() : problem);
  return exitCodes.unusable;
}

/** What it was given would be ignored, which looks as if it had been obeyed. */
async function runPlain(name: string, args: readonly string[], own: ProgramProcess): Promise<ExitCode> {
  const asksForHelp = args.length === 1 && ['--help', '-h'].includes(args[0] ?? '');
  if (args.length > 0 && !asksForHelp) {
    process.stderr.write(`${name} takes no argument, found ${args.join(' ')}\n\n${renderUsage()}`);
    return exitCodes.unusable;
  }
  const run = asksForHelp ? undefined : withoutArguments[name]?.run;
  process.stdout.write(run === undefined ? renderUsage() : await run(own));
  return exitCodes.clean;
}

/** What people run comes first. */
const allCommands = { ...commands, ...asked, ...plain };

function renderUsage(): string {
  const width = Math.max(...Object.keys(allCommands).map((name) => name.length));
  const lines = Object.entries(allCommands).map(([name, { summary }]) => `  ${name.padEnd(width)}   ${summary}\n`);
  return `usage: mcp-lifecycle <command>

${lines.join('')}
${Object.keys(plain).join(', ')}: these run in a cluster, and read their settings from the environment: see chart/templates/deployment.yaml.
To begin with: mcp-lifecycle check deploy/
`;
}
