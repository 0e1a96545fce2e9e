import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { isRecord } from '../core/mcpserver/record.ts';
import { parseOptions, type CommandOption, type CommandOptions, type OptionDefaults } from './options.ts';

/** In the work tree of a repository: what its commands are run with, if the command line does not say otherwise. */
const defaultsFile = '.mcp-lifecycle.yaml';

/** The part of the file that is for one command. */
export interface OwnDefaults {
  /** As it is called from the working folder. */
  readonly file: string;
  readonly entries: Readonly<Record<string, unknown>>;
}

export type ReadDefaults =
  { readonly type: 'read'; readonly defaults?: OwnDefaults } | { readonly type: 'refused'; readonly problem: string };

/** Of the nearest file from the working folder up to the top of the repository; beyond it files are of somebody else. */
export async function readDefaults(
  command: string,
  folder: string,
  commands: readonly string[],
): Promise<ReadDefaults> {
  const path = findFile(folder);
  if (path === undefined) return { type: 'read' };
  const file = relative(folder, path);
  const refuse = (problem: string): ReadDefaults => ({ type: 'refused', problem: `${file}: ${problem}` });
  // Most repositories have no such file, and need no reader of YAML for it.
  const { parseManifests } = await import('../platform/manifests/parse-manifests.ts');
  const { manifests, problems } = parseManifests(file, readFileSync(path, 'utf8'));
  const [problem] = problems;
  if (problem !== undefined) return refuse(`line ${problem.line ?? 1}: ${problem.message}`);
  const [document, second] = manifests;
  if (document === undefined) return { type: 'read' };
  if (second !== undefined || !isRecord(document.value)) return refuse('needs one map, from a command to its options');
  const unknown = Object.keys(document.value).find((name) => !commands.includes(name));
  if (unknown !== undefined) return refuse(`'${unknown}' is no command with options: it takes ${commands.join(', ')}`);
  const entries = document.value[command] ?? {};
  if (!isRecord(entries)) return refuse(`${command} needs a map, from an option to its value`);
  return Object.keys(entries).length === 0 ? { type: 'read' } : { type: 'read', defaults: { file, entries } };
}

function findFile(folder: string): string | undefined {
  for (let at = folder, found: string | undefined; ; at = dirname(at)) {
    if (found === undefined && existsSync(join(at, defaultsFile))) found = join(at, defaultsFile);
    if (existsSync(join(at, '.git'))) return found;
    // Without a repository only the working folder itself is asked.
    if (at === dirname(at)) return found !== undefined && dirname(found) === folder ? found : undefined;
  }
}

export type CheckedDefaults =
  | { readonly type: 'checked'; readonly values: OptionDefaults }
  | { readonly type: 'refused'; readonly problem: string };

/** The entries as values of these options; paths are meant from the folder of the file. */
export function checkDefaults({ file, entries }: OwnDefaults, options: CommandOptions): CheckedDefaults {
  const values: Record<string, string | boolean | string[]> = {};
  for (const [name, entry] of Object.entries(entries)) {
    const option = options[name];
    if (!Object.hasOwn(options, name) || option === undefined) {
      const problem = `${file}: there is no option '${name}' here: there are ${Object.keys(options).join(', ')}`;
      return { type: 'refused', problem };
    }
    const value = toValue(option, entry, dirname(file));
    if (value === undefined) return { type: 'refused', problem: `${file}: ${name} needs ${wantedBy[option.type]}` };
    values[name] = value;
  }
  const parsed = parseOptions(Object.entries(values).flatMap(toArguments), options);
  return parsed.type === 'refused'
    ? { type: 'refused', problem: `${file}: ${parsed.problem}` }
    : { type: 'checked', values };
}

/** As somebody would give it on the command line. */
function toArguments([name, value]: readonly [string, OptionDefaults[string]]): readonly string[] {
  if (typeof value === 'boolean') return value ? [`--${name}`] : [];
  return [value].flat().map((text) => `--${name}=${text}`);
}

const wantedBy = {
  flag: 'true or false',
  choice: 'a text',
  text: 'a text',
  texts: 'a list of texts',
  targets: 'a list of texts',
} as const satisfies Record<CommandOption['type'], string>;

function toValue(option: CommandOption, entry: unknown, folder: string): OptionDefaults[string] | undefined {
  const resolve = (text: string): string => ('isPath' in option && text !== '-' ? join(folder, text) : text);
  switch (option.type) {
    case 'flag':
      return typeof entry === 'boolean' ? entry : undefined;
    case 'choice':
    case 'text':
      return typeof entry === 'string' ? resolve(entry) : undefined;
    case 'texts':
    case 'targets': {
      const texts: readonly unknown[] = Array.isArray(entry) ? entry : [entry];
      return texts.every((text) => typeof text === 'string') ? texts.map((text) => resolve(text)) : undefined;
    }
  }
}
