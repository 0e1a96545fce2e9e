import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  parseAwaitAdmissionConfig,
  parseReconcilerConfig,
  parseWebhookConfig,
  type Parsed,
} from './platform/config.ts';
import { createLogger, errorText, type Logger, type LogLevel } from './platform/log.ts';
import { systemClock } from './platform/clock.ts';
import { catchUnexpected } from './platform/unexpected-errors.ts';
import { commands as offlineCommands, type CommandName } from './cli/commands.ts';
import { exitCodes, type ExitCode } from './cli/exit-code.ts';
import { namesOf } from './cli/names-of.ts';

/** Set by the bundler (scripts/image). */
declare const MCP_LIFECYCLE_VERSION: string | undefined;

/** A bundle has no package.json beside it, so it carries its version. */
async function readProgramVersion(): Promise<string> {
  if (typeof MCP_LIFECYCLE_VERSION === 'string') return MCP_LIFECYCLE_VERSION;
  const { readCheckoutVersion } = await import('./platform/checkout-version.ts');
  return readCheckoutVersion(join(dirname(realpathSync(process.argv[1] ?? '')), '..'));
}

/** What a long-running program gets from here; it returns when the signal has aborted and its work is drained. */
interface Program {
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly version: string;
}

interface Command {
  /** A clause for the help. */
  readonly summary: string;
  readonly run: (args: readonly string[]) => Promise<ExitCode>;
}

/** Each command is imported when it is asked for: a program must not pay memory for the others. */
const commands: Readonly<Record<string, Command>> = {
  webhook: withoutArguments('webhook', {
    summary: 'serve mutating and validating admission (container 1 of the pod)',
    run: () =>
      serve(parseWebhookConfig(process.env), async (config, program) => {
        const { startWebhook } = await import('./admission/start.ts');
        const { createKubeApiFromEnvironment } = await import('./platform/kube/kubeconfig.ts');
        await startWebhook({ ...program, config, api: createKubeApiFromEnvironment(), clock: systemClock });
      }),
  }),
  reconciler: withoutArguments('reconciler', {
    summary: 'expand, verify and report accepted MCPServers (container 2 of the pod)',
    run: () =>
      serve(parseReconcilerConfig(process.env), async (config, program) => {
        const { startReconciler } = await import('./reconciler/start.ts');
        const { createKubeApiFromEnvironment } = await import('./platform/kube/kubeconfig.ts');
        await startReconciler({ ...program, config, api: createKubeApiFromEnvironment(), clock: systemClock });
      }),
  }),
  'await-admission': withoutArguments('await-admission', {
    summary: "wait until API servers call the webhooks (the chart's hook Job)",
    run: () =>
      serve(parseAwaitAdmissionConfig(process.env), async ({ namespace }, { log, signal }) => {
        const { awaitAdmission } = await import('./admission/await-admission.ts');
        const { createKubeApiFromEnvironment } = await import('./platform/kube/kubeconfig.ts');
        await awaitAdmission({ api: createKubeApiFromEnvironment(), clock: systemClock, log, signal, namespace });
      }),
  }),
  ...Object.fromEntries(namesOf(offlineCommands).map((name) => [name, offline(name)])),
  version: withoutArguments('version', {
    summary: 'print the version (also --version)',
    run: async () => {
      process.stdout.write(`mcp-lifecycle ${await readProgramVersion()}\n`);
      return exitCodes.clean;
    },
  }),
  help: withoutArguments('help', {
    summary: 'print this (also --help, -h); mcp-lifecycle <command> --help says more of one command',
    run: () => {
      process.stdout.write(renderUsage());
      return Promise.resolve(exitCodes.clean);
    },
  }),
};

function renderUsage(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}   ${summary}\n`);
  return `usage: mcp-lifecycle <command>

${lines.join('')}
The first three read their settings from the environment: see chart/templates/deployment.yaml.
`;
}

/** What people try first on a program that they do not know. */
const spellings: Readonly<Record<string, string>> = { '--help': 'help', '-h': 'help', '--version': 'version' };

/** A command that takes none: what it was given would be ignored, which looks as if it had been obeyed. */
function withoutArguments(name: string, { summary, run }: Command): Command {
  return {
    summary,
    run: (args) => {
      if (args.length === 0) return run(args);
      const asksForHelp = args.length === 1 && ['--help', '-h'].includes(args[0] ?? '');
      if (asksForHelp) process.stdout.write(renderUsage());
      else process.stderr.write(`${name} takes no argument, found ${args.join(' ')}\n\n${renderUsage()}`);
      return Promise.resolve(asksForHelp ? exitCodes.clean : exitCodes.unusable);
    },
  };
}

/** A command that needs no cluster: no Kubernetes client is loaded, and nothing of the programs. */
function offline(name: CommandName): Command {
  return {
    summary: offlineCommands[name].summary,
    run: async (args) => {
      const { runCommand } = await import('./cli/run.ts');
      return runCommand(name, args, { noColour: (process.env['NO_COLOR'] ?? '') !== '' });
    },
  };
}

/** Runs one in-cluster program until SIGTERM or SIGINT; what it throws is our bug: logged once, exit 3. */
async function serve<Config extends { readonly logLevel: LogLevel }>(
  parsed: Parsed<Config>,
  run: (config: Config, program: Program) => Promise<void>,
): Promise<ExitCode> {
  if (!parsed.ok) {
    process.stderr.write(`${parsed.problems.join('\n')}\n`);
    return exitCodes.unusable;
  }
  const { config } = parsed;
  const log = createLogger({
    level: config.logLevel,
    write: (line) => process.stdout.write(line),
    now: () => new Date(),
  });
  catchUnexpected(log);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log.info('stopping', { signal });
      stop.abort();
    });
  }
  try {
    await run(config, { log, signal: stop.signal, version: await readProgramVersion() });
    return exitCodes.clean;
  } catch (error) {
    log.error('stopped by an unexpected error', { error: errorText(error) });
    return exitCodes.crashed;
  }
}

async function main(): Promise<void> {
  const [word = '', ...args] = process.argv.slice(2);
  const name = Object.hasOwn(spellings, word) ? (spellings[word] ?? word) : word;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    process.stderr.write(name === '' ? renderUsage() : `there is no command '${name}'\n\n${renderUsage()}`);
    process.exitCode = exitCodes.unusable;
    return;
  }
  process.exitCode = await command.run(args);
}

main().catch((error: unknown) => {
  process.stderr.write(`${errorText(error)}\n`);
  process.exitCode = exitCodes.crashed;
});
