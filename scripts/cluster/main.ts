import {
  clusterStatus,
  downCluster,
  execInteractively,
  findCluster,
  loadImage,
  upCluster,
  type ClusterHandle,
} from './cluster.ts';
import { ClusterFailure } from './failure.ts';
import { parseCommand, usage, type Command } from './flags.ts';
import { renderExports, renderMissing } from './shell-lines.ts';
import { createStderrReport } from './progress.ts';
import { resolveSettings, type ClusterOptions } from './settings.ts';
import type { PartStatus } from './provider.ts';

const report = createStderrReport();

/** Runs one command and returns the exit code. */
async function run(command: Command): Promise<number> {
  switch (command.verb) {
    case 'help':
      process.stdout.write(usage);
      return 0;
    case 'up':
      return up(command.options);
    case 'down':
      report(
        (await downCluster(command.options, report)) ? 'down: nothing is left but the cache' : 'there was no cluster',
      );
      return 0;
    case 'status':
      return status(command.options);
    case 'env':
      return printEnvironment(command.options);
    case 'load':
      await loadImage(await requireCluster(command.options), command.image);
      report(`loaded ${command.image}`);
      return 0;
    case 'exec':
      return execInteractively(await requireCluster(command.options), command.command);
  }
}

async function up(options: ClusterOptions): Promise<number> {
  const handle = await upCluster(options, report);
  report(`up: eval "$(npm run --silent cluster -- env${handle.name === 'local' ? '' : ` --name ${handle.name}`})"`);
  return 0;
}

async function status(options: ClusterOptions): Promise<number> {
  const handle = await findCluster(options);
  const { isUp, parts } = handle === undefined ? { isUp: false, parts: [] } : await clusterStatus(handle);
  const headline = `cluster "${nameOf(options)}" is ${isUp ? `up (${handle?.provider ?? ''})` : 'not up'}`;
  process.stdout.write(`${[headline, ...parts.map(renderPart)].join('\n')}\n`);
  return isUp ? 0 : 1;
}

function renderPart({ name, pid, isHealthy, note }: PartStatus): string {
  return `  ${isHealthy ? 'ok  ' : 'FAIL'}  ${name.padEnd(24)} ${(pid === undefined ? '-' : String(pid)).padStart(8)}  ${note ?? ''}`;
}

/** The caller evaluates what is printed, whatever the exit code: without a cluster these lines have to fail. */
async function printEnvironment(options: ClusterOptions): Promise<number> {
  const handle = await findCluster(options);
  process.stdout.write(handle === undefined ? renderMissing(missing(options)) : renderExports(handle));
  return handle === undefined ? 1 : 0;
}

async function requireCluster(options: ClusterOptions): Promise<ClusterHandle> {
  const handle = await findCluster(options);
  if (handle !== undefined) return handle;
  throw new ClusterFailure(missing(options));
}

function nameOf(options: ClusterOptions): string {
  return resolveSettings(options, process.env).name;
}

function missing(options: ClusterOptions): string {
  const flags = options.name === undefined ? '' : ` --name ${options.name}`;
  return `There is no cluster "${nameOf(options)}": start it with \`npm run cluster -- up${flags}\`.`;
}

try {
  process.exitCode = await run(parseCommand(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof ClusterFailure)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
