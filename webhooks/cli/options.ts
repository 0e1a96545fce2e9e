import { parseArgs, type ParseArgsConfig } from 'node:util';

/** One option of a command; `help` says what for. */
export type CommandOption =
  /** One of these words, of which the first is the default. */
  | { readonly type: 'choice'; readonly choices: readonly string[]; readonly short?: string; readonly help: string }
  /** Any text; `placeholder` stands for it in the help. */
  | {
      readonly type: 'text';
      readonly placeholder: string;
      readonly default: string;
      readonly short?: string;
      readonly help: string;
    }
  /** There or not. */
  | { readonly type: 'flag'; readonly help: string };

export type CommandOptions = Readonly<Record<string, CommandOption>>;

/** What was given for each option, or its default. */
export type OptionValues<Of extends CommandOptions> = { readonly [Name in keyof Of]: ValueOf<Of[Name]> };

type ValueOf<One extends CommandOption> = One extends {
  readonly type: 'choice';
  readonly choices: readonly (infer Choice)[];
}
  ? Choice
  : One extends { readonly type: 'flag' }
    ? boolean
    : string;

export type ParsedOptions<Of extends CommandOptions> =
  | { readonly type: 'parsed'; readonly values: OptionValues<Of>; readonly positionals: readonly string[] }
  | { readonly type: 'help' }
  | { readonly type: 'refused'; readonly problem: string };

const help = { type: 'boolean', short: 'h', default: false } as const;

/** Arguments of a command, which may always be `--help`. */
export function parseOptions<const Of extends CommandOptions>(args: readonly string[], options: Of): ParsedOptions<Of> {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...toParseArgs(options), help },
      allowPositionals: true,
      strict: true,
    });
    const given: Given = values;
    if (given['help'] === true) return { type: 'help' };
    for (const [name, option] of Object.entries(options)) {
      const problem = problemOf(name, option, given[name]);
      if (problem !== undefined) return { type: 'refused', problem };
    }
    // Each has its default or what was given, of the type that parseArgs was told, and choices are among theirs.
    return { type: 'parsed', values: given as OptionValues<Of>, positionals };
  } catch (error) {
    // Its messages name the argument and what is wrong with it.
    return { type: 'refused', problem: error instanceof Error ? error.message : String(error) };
  }
}

/** None of our options may be given several times, so parseArgs makes no lists. */
type Given = Readonly<Record<string, string | boolean | undefined>>;

type ParseArgsOption = NonNullable<ParseArgsConfig['options']>[string];

function toParseArgs(options: CommandOptions): Record<string, ParseArgsOption> {
  return Object.fromEntries(Object.entries(options).map(([name, option]) => [name, toParseArgsOption(option)]));
}

function toParseArgsOption(option: CommandOption): ParseArgsOption {
  switch (option.type) {
    case 'flag':
      return { type: 'boolean', default: false };
    case 'choice':
      return { type: 'string', default: option.choices[0] ?? '', ...shortOf(option) };
    case 'text':
      return { type: 'string', default: option.default, ...shortOf(option) };
  }
}

function shortOf({ short }: { readonly short?: string }): { readonly short?: string } {
  return short === undefined ? {} : { short };
}

function problemOf(name: string, option: CommandOption, value: Given[string]): string | undefined {
  if (option.type !== 'choice' || option.choices.some((choice) => choice === value)) return undefined;
  return `--${name} takes ${listChoices(option.choices)}, not '${String(value)}'`;
}

/** `text or json`; `text, json or sarif`. */
function listChoices(choices: readonly string[]): string {
  return choices.join(', ').replace(/, ([^,]*)$/, ' or $1');
}

/** One line for each option, as a part of the help of a command. */
export function renderOptions(options: CommandOptions): string {
  return Object.entries(options)
    .map(([name, option]) => `  ${renderSyntax(name, option).padEnd(24)} ${renderHelp(option)}\n`)
    .join('');
}

function renderSyntax(name: string, option: CommandOption): string {
  switch (option.type) {
    case 'flag':
      return `--${name}`;
    case 'choice':
      return `--${name} ${option.choices.join('|')}`;
    case 'text':
      return `--${name} ${option.placeholder}`;
  }
}

function renderHelp(option: CommandOption): string {
  if (option.type === 'flag') return option.help;
  const standard = option.type === 'choice' ? option.choices[0] : option.default;
  return `${option.help} (default ${standard ?? ''})`;
}
