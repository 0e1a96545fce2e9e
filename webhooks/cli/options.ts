import { parseArgs, type ParseArgsConfig } from 'node:util';

export type ParsedOptions =
  | {
      readonly ok: true;
      readonly values: Readonly<Record<string, string | boolean | undefined>>;
      readonly positionals: readonly string[];
    }
  | { readonly ok: false; readonly problem: string };

type Options = NonNullable<ParseArgsConfig['options']>;

/** The values that some options may have; the first is the default. */
export type Choices = Readonly<Record<string, readonly string[]>>;

const help = { type: 'boolean', short: 'h', default: false } as const;

/** Arguments of a command, which may always be `--help`; `choices` says which texts an option takes. */
export function parseOptions(args: readonly string[], options: Options = {}, choices: Choices = {}): ParsedOptions {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...options, help },
      allowPositionals: true,
      strict: true,
    });
    for (const [name, allowed] of Object.entries(choices)) {
      const value = (values as Values)[name];
      if (typeof value === 'string' && !allowed.includes(value)) {
        return { ok: false, problem: `--${name} takes ${allowed.join(' or ')}, not '${value}'` };
      }
    }
    return { ok: true, values, positionals };
  } catch (error) {
    // Its messages name the argument and what is wrong with it.
    return { ok: false, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** None of our options may be given several times, so parseArgs makes no lists. */
type Values = Readonly<Record<string, string | boolean | undefined>>;
