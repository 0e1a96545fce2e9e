import type { Command } from './command.ts';
import { exitCodes } from './exit-code.ts';
import { namesOf } from './names-of.ts';
import { suggest } from './nearest.ts';

/** A command whose first argument names one of its own; each of these has its options and its help. */
export function groupCommands(name: string, subcommands: Readonly<Record<string, Command>>): Command {
  const all = Object.values(subcommands);
  const usage = all.map((command) => command.usage).join('\n');
  const words = namesOf(subcommands);
  return {
    usage,
    examples: all.flatMap(({ examples }) => examples),
    options: Object.assign({}, ...all.map(({ options }) => options)) as Command['options'],
    argumentWords: words,
    subcommands,
    async run([word, ...args], terminal) {
      const command = word !== undefined && Object.hasOwn(subcommands, word) ? subcommands[word] : undefined;
      if (command !== undefined) return command.run(args, terminal);
      if (word === '--help' || word === '-h') {
        terminal.writeOut(usage);
        return exitCodes.clean;
      }
      const choices = words.join(', ').replace(/, ([^,]*)$/, ' or $1');
      const found = word === undefined ? 'nothing' : `${word}${suggest(word, words)}`;
      terminal.writeError(`${name} takes ${choices}, found ${found}\nmcp-lifecycle ${name} --help says more\n`);
      return exitCodes.unusable;
    },
  };
}
