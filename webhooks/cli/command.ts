import { printable } from '../core/engine/text.ts';
import { isRecord } from '../core/mcpserver/record.ts';
import { checkDefaults, type OwnDefaults } from './defaults-file.ts';
import { exitCodes, type ExitCode } from './exit-code.ts';
import { parseOptions, renderOptions, type CommandOptions, type OptionValues } from './options.ts';
import type { Terminal } from './terminal.ts';

/** A command that is no program of the cluster. */
export interface Command {
  /** What `--help` prints. */
  readonly usage: string;
  /** Each works as it stands, where its files are. */
  readonly examples: readonly string[];
  readonly options: CommandOptions;
  /** What its arguments may be, if they are words of ours; otherwise they are files. */
  readonly argumentWords: readonly string[] | undefined;
  /** Commands of its own, which its first argument names; each has its own options. */
  readonly subcommands?: Readonly<Record<string, Command>>;
  run(args: readonly string[], terminal: Terminal, defaults?: OwnDefaults): Promise<ExitCode>;
}

export interface CommandDefinition<Of extends CommandOptions> {
  /** Behind the name of the program: `check [options] PATH…`. */
  readonly synopsis: string;
  /** Sentences that end in a line break. */
  readonly description: string;
  /** What follows the name of the program, as somebody would type it. */
  readonly examples: readonly [string, ...(readonly string[])];
  readonly options: Of;
  /** What the first two exit codes say about this command; the others always mean the same. */
  readonly exitCodes: { readonly clean: string; readonly found?: string };
  /** Every word that an argument may be; absent where arguments are files. */
  readonly argumentWords?: readonly string[];
  /** What is wrong with the arguments that are no options, if anything is. */
  readonly judgeArguments: (positionals: readonly string[], values: OptionValues<Of>) => string | undefined;
  readonly run: (input: CommandInput<Of>, terminal: Terminal) => Promise<ExitCode> | ExitCode;
}

export interface CommandInput<Of extends CommandOptions> {
  readonly values: OptionValues<Of>;
  readonly positionals: readonly string[];
}

/** Everything that is the same for each of them: its help, and what happens to arguments that it cannot take. */
export function defineCommand<const Of extends CommandOptions>(definition: CommandDefinition<Of>): Command {
  const usage = renderUsage(definition);
  return {
    usage,
    examples: definition.examples,
    options: definition.options,
    argumentWords: definition.argumentWords,
    async run(args, terminal, defaults) {
      const checked = defaults === undefined ? noDefaults : checkDefaults(defaults, definition.options);
      if (checked.type === 'refused') {
        terminal.writeError(`${checked.problem}\n`);
        return exitCodes.unusable;
      }
      const refuse = (problem: string): ExitCode => {
        // The whole help would push the problem out of sight.
        const [command = ''] = /^[a-z]+( [a-z]+)*(?= |$)/.exec(definition.synopsis) ?? [];
        const more = `mcp-lifecycle ${command} --help says more`;
        terminal.writeError(`${problem}\nusage: mcp-lifecycle ${definition.synopsis}\n${more}\n`);
        return exitCodes.unusable;
      };
      const parsed = parseOptions(args, definition.options, checked.values);
      switch (parsed.type) {
        case 'help':
          terminal.writeOut(usage);
          return exitCodes.clean;
        case 'refused':
          return refuse(parsed.problem);
        case 'parsed': {
          const problem = definition.judgeArguments(parsed.positionals, parsed.values);
          if (problem !== undefined) return refuse(problem);
          if (defaults !== undefined && isForPeople(parsed.values)) {
            terminal.writeError(`options of ${printable(defaults.file)} are used\n`);
          }
          return await definition.run(parsed, terminal);
        }
      }
    },
  };
}

const noDefaults = { type: 'checked', values: {} } as const;

/** Whether a command prints a text: what is for programs must not have anything beside it. */
function isForPeople(values: Readonly<Record<string, unknown>>): boolean {
  const { output } = values;
  const named: readonly unknown[] = Array.isArray(output) ? output : [output];
  return named.some((one) => one === 'text' || (isRecord(one) && one['name'] === 'text' && one['file'] === undefined));
}

type Described = Pick<
  CommandDefinition<CommandOptions>,
  'synopsis' | 'description' | 'examples' | 'options' | 'exitCodes'
>;

function renderUsage({ synopsis, description, examples, options, exitCodes: meanings }: Described): string {
  const lines = renderOptions(options);
  const all = { ...meanings, unusable: 'wrong usage or unreadable input', crashed: 'a bug of ours' };
  const codes = Object.entries(all).map(([name, meaning]) => `${exitCodes[name as keyof typeof all]} ${meaning}`);
  return `usage: mcp-lifecycle ${synopsis}

${description}
${lines}${lines === '' ? '' : '\n'}${examples.map((example) => `example: mcp-lifecycle ${example}\n`).join('')}exit codes: ${codes.join(', ')}
`;
}
