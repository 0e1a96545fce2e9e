import { exitCodes, type ExitCode } from './exit-code.ts';
import { parseOptions, renderOptions, type CommandOptions, type OptionValues } from './options.ts';
import type { Terminal } from './terminal.ts';

/** A command that needs no cluster. */
export interface Command {
  /** What `--help` prints. */
  readonly usage: string;
  readonly options: CommandOptions;
  /** What its arguments may be, if they are words of ours; otherwise they are files. */
  readonly argumentWords: readonly string[] | undefined;
  run(args: readonly string[], terminal: Terminal): Promise<ExitCode>;
}

export interface CommandDefinition<Of extends CommandOptions> {
  /** Behind the name of the program: `check [options] PATH…`. */
  readonly synopsis: string;
  /** Sentences that end in a line break. */
  readonly description: string;
  readonly options: Of;
  /** What the first two exit codes say about this command; the others always mean the same. */
  readonly exitCodes: { readonly clean: string; readonly found?: string };
  /** Every word that an argument may be; absent where arguments are files. */
  readonly argumentWords?: readonly string[];
  /** What is wrong with the arguments that are no options, if anything is. */
  readonly judgeArguments: (positionals: readonly string[]) => string | undefined;
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
    options: definition.options,
    argumentWords: definition.argumentWords,
    async run(args, terminal) {
      const refuse = (problem: string): ExitCode => {
        terminal.writeError(`${problem}\n\n${usage}`);
        return exitCodes.unusable;
      };
      const parsed = parseOptions(args, definition.options);
      switch (parsed.type) {
        case 'help':
          terminal.writeOut(usage);
          return exitCodes.clean;
        case 'refused':
          return refuse(parsed.problem);
        case 'parsed': {
          const problem = definition.judgeArguments(parsed.positionals);
          return problem === undefined ? await definition.run(parsed, terminal) : refuse(problem);
        }
      }
    },
  };
}

type Described = Pick<CommandDefinition<CommandOptions>, 'synopsis' | 'description' | 'options' | 'exitCodes'>;

function renderUsage({ synopsis, description, options, exitCodes: meanings }: Described): string {
  const lines = renderOptions(options);
  const all = { ...meanings, unusable: 'wrong usage or unreadable input', crashed: 'a bug of ours' };
  const codes = Object.entries(all).map(([name, meaning]) => `${exitCodes[name as keyof typeof all]} ${meaning}`);
  return `usage: mcp-lifecycle ${synopsis}

${description}
${lines}${lines === '' ? '' : '\n'}exit codes: ${codes.join(', ')}
`;
}
