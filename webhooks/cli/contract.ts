import type { Command } from './command.ts';
import { contractDiff } from './contract-diff.ts';
import { contractGet } from './contract-get.ts';
import { contractVerify } from './contract-verify.ts';
import { exitCodes } from './exit-code.ts';
import { namesOf } from './names-of.ts';

/** What can be done with tool contracts; the first word after `contract`. */
const subcommands = { get: contractGet, diff: contractDiff, verify: contractVerify } as const satisfies Readonly<
  Record<string, Command>
>;

const usage = Object.values(subcommands)
  .map((command) => command.usage)
  .join('\n');

export const contract: Command = {
  usage,
  options: { ...contractGet.options, ...contractDiff.options, ...contractVerify.options },
  argumentWords: namesOf(subcommands),
  subcommands,
  async run([word, ...args], terminal) {
    const name = namesOf(subcommands).find((one) => one === word);
    if (name !== undefined) return subcommands[name].run(args, terminal);
    if (word === '--help' || word === '-h') {
      terminal.writeOut(usage);
      return exitCodes.clean;
    }
    terminal.writeError(`contract takes ${namesOf(subcommands).join(', ')}, found ${word ?? 'nothing'}\n\n${usage}`);
    return exitCodes.unusable;
  },
};
