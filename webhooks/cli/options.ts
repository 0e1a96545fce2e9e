import { parseArgs, type ParseArgsConfig } from 'node:util';
import { suggest } from './nearest.ts';

/** One option of a command; `help` says what for. */
export type CommandOption =
  /** One of these words, of which the first is the default. */
  | { readonly type: 'choice'; readonly choices: readonly string[]; readonly short?: string; readonly help: string }
  /** Any text; `placeholder` stands for it in the help. An empty default says that there is none. */
  | {
      readonly type: 'text';
      readonly placeholder: string;
      readonly default: string;
      readonly short?: string;
      /** Whether it names a file or a folder. */
      readonly isPath?: true;
      readonly help: string;
    }
  /**
   * Any number of these words, each for standard output or, as `word=FILE`, for a file. At most one goes to standard
   * output; when nothing is given, the first does.
   */
  | { readonly type: 'targets'; readonly choices: readonly string[]; readonly short?: string; readonly help: string }
  /** Any number of texts, none by default. */
  | {
      readonly type: 'texts';
      readonly placeholder: string;
      readonly short?: string;
      readonly isPath?: true;
      readonly help: string;
    }
  /** There or not. */
  | { readonly type: 'flag'; readonly short?: string; readonly help: string };

export type CommandOptions = Readonly<Record<string, CommandOption>>;

/** What was given for each option, or its default. */
export type OptionValues<Of extends CommandOptions> = { readonly [Name in keyof Of]: ValueOf<Of[Name]> };

type ValueOf<One extends CommandOption> = One extends {
  readonly type: infer Type extends 'choice' | 'targets';
  readonly choices: readonly (infer Choice)[];
}
  ? Type extends 'choice'
    ? Choice
    : readonly Target<Choice>[]
  : One extends { readonly type: 'flag' }
    ? boolean
    : One extends { readonly type: 'texts' }
      ? readonly string[]
      : string;

/** What is written where. */
export interface Target<Name> {
  readonly name: Name;
  /** Standard output without one. */
  readonly file: string | undefined;
}

export type ParsedOptions<Of extends CommandOptions> =
  | { readonly type: 'parsed'; readonly values: OptionValues<Of>; readonly positionals: readonly string[] }
  | { readonly type: 'help' }
  | { readonly type: 'refused'; readonly problem: string };

const help = { type: 'boolean', short: 'h', default: false } as const;

/** What an option is where the command line does not say, instead of its own default. */
export type OptionDefaults = Readonly<Record<string, string | boolean | string[]>>;

/** Arguments of a command, which may always be `--help`. */
export function parseOptions<const Of extends CommandOptions>(
  args: readonly string[],
  options: Of,
  defaults: OptionDefaults = {},
): ParsedOptions<Of> {
  try {
    const { values, positionals, tokens } = parseArgs({
      args: [...args],
      options: { ...toParseArgs(options, defaults), help },
      allowPositionals: true,
      strict: true,
      tokens: true,
    });
    const given: Given = values;
    if (given['help'] === true) return { type: 'help' };
    const twice = findTwice(
      tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : [])),
      options,
    );
    if (twice !== undefined) return { type: 'refused', problem: `--${twice} is there twice, and takes one value` };
    const read: Record<string, unknown> = {};
    for (const [name, option] of Object.entries(options)) {
      const { problem, value } = readOption(name, option, given[name]);
      if (problem !== undefined) return { type: 'refused', problem };
      read[name] = value;
    }
    // Each has its default or what was given, of the type that parseArgs was told, and choices are among theirs.
    return { type: 'parsed', values: read as OptionValues<Of>, positionals };
  } catch (error) {
    return { type: 'refused', problem: sayRefused(error, Object.keys(options)) };
  }
}

/** Node's messages name the argument and what is wrong with it; its advice about unknown ones is half a sentence. */
function sayRefused(error: unknown, names: readonly string[]): string {
  const message = error instanceof Error ? error.message : String(error);
  const [, unknown] = /Unknown option '(.*?)'\. To specify a positional/s.exec(message) ?? [];
  if (unknown === undefined) return message;
  const suggested = unknown.startsWith('--') ? suggest(unknown.slice(2), names, '--') : '';
  return `Unknown option '${unknown}'${suggested === '' ? '.' : suggested} The name of a file that begins with - stands behind --`;
}

/** Of two values one would be passed by without a word. */
function findTwice(given: readonly string[], options: CommandOptions): string | undefined {
  return given.find((name, index) => {
    const type = options[name]?.type;
    return (type === 'choice' || type === 'text') && given.indexOf(name) !== index;
  });
}

type Given = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

type ParseArgsOption = NonNullable<ParseArgsConfig['options']>[string];

function toParseArgs(options: CommandOptions, defaults: OptionDefaults): Record<string, ParseArgsOption> {
  return Object.fromEntries(
    Object.entries(options).map(([name, option]) => {
      const { [name]: given } = defaults;
      return [name, { ...toParseArgsOption(option), ...(given === undefined ? {} : { default: given }) }];
    }),
  );
}

function toParseArgsOption(option: CommandOption): ParseArgsOption {
  switch (option.type) {
    case 'flag':
      return { type: 'boolean', default: false, ...shortOf(option) };
    case 'choice':
      return { type: 'string', default: option.choices[0] ?? '', ...shortOf(option) };
    case 'text':
      return { type: 'string', default: option.default, ...shortOf(option) };
    case 'targets':
      return { type: 'string', multiple: true, default: [option.choices[0] ?? ''], ...shortOf(option) };
    case 'texts':
      return { type: 'string', multiple: true, default: [], ...shortOf(option) };
  }
}

function shortOf({ short }: { readonly short?: string }): { readonly short?: string } {
  return short === undefined ? {} : { short };
}

type ReadOption =
  { readonly problem: string; readonly value?: never } | { readonly problem?: never; readonly value: unknown };

function readOption(name: string, option: CommandOption, given: Given[string]): ReadOption {
  switch (option.type) {
    case 'flag':
    case 'text':
    case 'texts':
      return { value: given };
    case 'choice':
      return option.choices.some((choice) => choice === given)
        ? { value: given }
        : { problem: refuseChoice(name, option.choices, String(given)) };
    case 'targets':
      return readTargets(name, option.choices, Array.isArray(given) ? given.map(String) : []);
  }
}

function refuseChoice(name: string, choices: readonly string[], given: string): string {
  return `--${name} takes ${listChoices(choices)}, not '${given}'`;
}

function readTargets(option: string, choices: readonly string[], given: readonly string[]): ReadOption {
  const targets = given.map(toTarget);
  const unknown = targets.find(({ name }) => !choices.includes(name));
  if (unknown !== undefined) return { problem: refuseChoice(option, choices, unknown.name) };
  const nameless = targets.find(({ file }) => file === '');
  if (nameless !== undefined) return { problem: `--${option} ${nameless.name}= names no file` };
  const [first, second] = targets.filter(({ file }) => file === undefined);
  if (first !== undefined && second !== undefined) {
    const problem = `--${option} ${first.name} and --${option} ${second.name} both go to standard output: give one of them a file, as --${option} ${second.name}=FILE`;
    return { problem };
  }
  const files = targets.flatMap(({ file }) => (file === undefined ? [] : [file]));
  const twice = files.find((file, index) => files.indexOf(file) !== index);
  return twice === undefined ? { value: targets } : { problem: `--${option} names the file ${twice} twice` };
}

/** `-` is standard output, as it is standard input elsewhere. */
function toTarget(text: string): Target<string> {
  const at = text.indexOf('=');
  if (at === -1) return { name: text, file: undefined };
  const file = text.slice(at + 1);
  return { name: text.slice(0, at), file: file === '-' ? undefined : file };
}

/** `text or json`; `text, json or sarif`. */
function listChoices(choices: readonly string[]): string {
  return choices.join(', ').replace(/, ([^,]*)$/, ' or $1');
}

/** Each option with what it is for, as a part of the help of a command: on one line, unless its words are too long for that. */
export function renderOptions(options: CommandOptions): string {
  return Object.entries(options)
    .map(([name, option]) => {
      const syntax = renderSyntax(name, option);
      const gap = syntax.length <= syntaxWidth ? '' : `\n  ${''.padEnd(syntaxWidth)}`;
      return `  ${syntax.padEnd(syntaxWidth)}${gap} ${renderHelp(option)}\n`;
    })
    .join('');
}

const syntaxWidth = 24;

function renderSyntax(name: string, option: CommandOption): string {
  switch (option.type) {
    case 'flag':
      return `--${name}`;
    case 'choice':
      return `--${name} ${option.choices.join('|')}`;
    case 'text':
    case 'texts':
      return `--${name} ${option.placeholder}`;
    case 'targets':
      return `--${name} ${option.choices.join('|')}[=FILE]`;
  }
}

function renderHelp(option: CommandOption): string {
  const standard = standardOf(option);
  return standard === '' ? option.help : `${option.help} (default ${standard})`;
}

function standardOf(option: CommandOption): string {
  switch (option.type) {
    case 'flag':
    case 'texts':
      return '';
    case 'text':
      return option.default;
    case 'choice':
    case 'targets':
      return option.choices[0] ?? '';
  }
}
