import { printable } from '../core/engine/text.ts';
import { defineCommand } from './command.ts';
import { changesBetween, changesOutputs, exitCodeOfChanges, failOns } from './contract-changes.ts';
import { judgeSourceOptions, nameOfSource, readSource, sourceOptions, toSource } from './contract-source.ts';
import { exitCodes } from './exit-code.ts';
import { namesOf } from './names-of.ts';

/** Says what one version of a server breaks for clients of another one. */
export const contractDiff = defineCommand({
  synopsis: 'contract diff [options] BEFORE AFTER',
  description: `Compares the tools of two servers, or of one and what a lock file says of it, by structure: each change has a class, of which Removed,
InterfaceBreaking and Risk break clients. BEFORE and AFTER as SOURCE in contract get; with --stdio AFTER is a command, behind --.
`,
  examples: ['contract diff tools.lock.json https://search.example.com/mcp'],
  options: {
    output: { type: 'choice', choices: namesOf(changesOutputs), short: 'o', help: 'for people, or for programs' },
    'fail-on': { type: 'choice', choices: failOns, help: 'the least that fails' },
    ...sourceOptions,
  },
  exitCodes: { clean: 'nothing that fails', found: 'a change that fails' },
  judgeArguments: ([, after, ...more], values) => {
    if (after === undefined) return 'name what was before, and what is now';
    if (more.length > 0 && !values.stdio) return `takes BEFORE and AFTER, found ${more.length} more`;
    return judgeSourceOptions(values);
  },
  async run({ values, positionals: [first = '', second = '', ...args] }, terminal) {
    const [earlier, later] = [
      toSource(first),
      values.stdio ? { type: 'command' as const, command: second, args } : toSource(second),
    ];
    const before = await readSource(earlier, { values, ignore: [] }, terminal);
    // What was not looked at then is not looked at now.
    const ignore = before.type === 'locked' ? before.locked.ignore : [];
    const after = await readSource(later, { values, ignore }, terminal);
    for (const [source, read] of [[earlier, before] as const, [later, after] as const]) {
      if (read.type === 'problem') terminal.writeError(`${printable(nameOfSource(source))}: ${printable(read.why)}\n`);
    }
    if (before.type === 'problem' || after.type === 'problem') return exitCodes.unusable;
    const comparison = { before: before.locked, after: after.locked };
    const changes = changesBetween(comparison);
    terminal.writeOut(changesOutputs[values.output](comparison, changes));
    return exitCodeOfChanges(changes, values['fail-on']);
  },
});
