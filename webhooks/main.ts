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
import type { CommandName } from './cli/run.ts';

/** Process exit codes; the same for every command (docs/decisions/0013-exit-codes.md). */
const exitCode = { ok: 0, usage: 2, internal: 3 } as const;

const usage = `usage: mcp-lifecycle <command>

  webhook           serve mutating and validating admission (container 1 of the pod)
  reconciler        expand, verify and report accepted MCPServers (container 2 of the pod)
  await-admission   wait until API servers call the webhooks (the chart's hook Job)
  check             say about manifests what the cluster would say, without a cluster
  render            print the objects that MCPServer manifests become
  rules             list every rule
  explain           print the page of one rule
  version           print the version (also --version)
  help              print this (also --help, -h); mcp-lifecycle <command> --help says more of one command

The first three read their settings from the environment: see chart/templates/deployment.yaml.
`;

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

type Command = (args: readonly string[]) => Promise<number>;

/** Each command is imported when it is asked for: a program must not pay memory for the others. */
const commands: Readonly<Record<string, Command>> = {
  webhook: withoutArguments('webhook', () =>
    serve(parseWebhookConfig(process.env), async (config, program) => {
      const { startWebhook } = await import('./admission/start.ts');
      const { createKubeApiFromEnvironment } = await import('./platform/kube/kubeconfig.ts');
      await startWebhook({ ...program, config, api: createKubeApiFromEnvironment(), clock: systemClock });
    }),
  ),
  reconciler: withoutArguments('reconciler', () =>
    serve(parseReconcilerConfig(process.env), async (config, program) => {
      const { startReconciler } = await import('./reconciler/start.ts');
      const { createKubeApiFromEnvironment } = await import('./platform/kube/kubeconfig.ts');
      await startReconciler({ ...program, config, api: createKubeApiFromEnvironment(), clock: systemClock });
    }),
  ),
  'await-admission': withoutArguments('await-admission', () =>
    serve(parseAwaitAdmissionConfig(process.env), async ({ namespace }, { log, signal }) => {
      const { awaitAdmission } = await import('./admission/await-admission.ts');
      const { createKubeApiFromEnvironment } = await import('./platform/kube/kubeconfig.ts');
      await awaitAdmission({ api: createKubeApiFromEnvironment(), clock: systemClock, log, signal, namespace });
    }),
  ),
  check: (args) => runOffline('check', args),
  render: (args) => runOffline('render', args),
  rules: (args) => runOffline('rules', args),
  explain: (args) => runOffline('explain', args),
  version: withoutArguments('version', async () => {
    process.stdout.write(`mcp-lifecycle ${await readProgramVersion()}\n`);
    return exitCode.ok;
  }),
  help: withoutArguments('help', () => {
    process.stdout.write(usage);
    return Promise.resolve(exitCode.ok);
  }),
};

/** What people try first on a program that they do not know. */
const spellings: Readonly<Record<string, string>> = { '--help': 'help', '-h': 'help', '--version': 'version' };

/** A command that takes none: what it was given would be ignored, which looks as if it had been obeyed. */
function withoutArguments(name: string, run: () => Promise<number>): Command {
  return (args) => {
    if (args.length === 0) return run();
    const asksForHelp = args.length === 1 && ['--help', '-h'].includes(args[0] ?? '');
    if (asksForHelp) process.stdout.write(usage);
    else process.stderr.write(`${name} takes no argument, found ${args.join(' ')}\n\n${usage}`);
    return Promise.resolve(asksForHelp ? exitCode.ok : exitCode.usage);
  };
}

/** A command that needs no cluster: no Kubernetes client is loaded, and nothing of the programs. */
async function runOffline(name: CommandName, args: readonly string[]): Promise<number> {
  const { runCommand } = await import('./cli/run.ts');
  return runCommand(name, args, { noColour: (process.env['NO_COLOR'] ?? '') !== '' });
}

/** Runs one in-cluster program until SIGTERM or SIGINT; what it throws is our bug: logged once, exit 3. */
async function serve<Config extends { readonly logLevel: LogLevel }>(
  parsed: Parsed<Config>,
  run: (config: Config, program: Program) => Promise<void>,
): Promise<number> {
  if (!parsed.ok) {
    process.stderr.write(`${parsed.problems.join('\n')}\n`);
    return exitCode.usage;
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
    return exitCode.ok;
  } catch (error) {
    log.error('stopped by an unexpected error', { error: errorText(error) });
    return exitCode.internal;
  }
}

async function main(): Promise<void> {
  const [word = '', ...args] = process.argv.slice(2);
  const name = Object.hasOwn(spellings, word) ? (spellings[word] ?? word) : word;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    process.stderr.write(name === '' ? usage : `there is no command '${name}'\n\n${usage}`);
    process.exitCode = exitCode.usage;
    return;
  }
  process.exitCode = await command(args);
}

main().catch((error: unknown) => {
  process.stderr.write(`${errorText(error)}\n`);
  process.exitCode = exitCode.internal;
});
