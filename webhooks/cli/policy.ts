import type { Command } from './command.ts';
import { exitCodes } from './exit-code.ts';
import { namesOf } from './names-of.ts';
import { policyCheck } from './policy-check.ts';
import { policyTry } from './policy-try.ts';

/** What can be done with a policy; the first word after `policy`. */
const subcommands = { check: policyCheck, try: policyTry } as const satisfies Readonly<Record<string, Command>>;

const usage = Object.values(subcommands)
  .map((command) => command.usage)
  .join('\n');

export const policy: Command = {
  usage,
  options: { ...policyCheck.options, ...policyTry.options },
  argumentWords: namesOf(subcommands),
  subcommands,
  async run([word, ...args], terminal) {
    const name = namesOf(subcommands).find((one) => one === word);
    if (name !== undefined) return subcommands[name].run(args, terminal);
    if (word === '--help' || word === '-h') {
      terminal.writeOut(usage);
      return exitCodes.clean;
    }
    terminal.writeError(`policy takes ${namesOf(subcommands).join(' or ')}, found ${word ?? 'nothing'}\n\n${usage}`);
    return exitCodes.unusable;
  },
};
