import { printable } from '../core/engine/text.ts';
import { defineCommand } from './command.ts';
import { changesBetween, changesOutputs, exitCodeOfChanges } from './contract-changes.ts';
import { isUrl, judgeSourceOptions, nameOfSource, readSource, sourceOptions, toSource } from './contract-source.ts';
import { exitCodes } from './exit-code.ts';
import { namesOf } from './names-of.ts';

/** Fails a pipeline when a server does not offer what was written down. */
export const contractVerify = defineCommand({
  synopsis: 'contract verify --lock FILE [options] SOURCE',
  description: `Compares the tools of a server with a lock file: any other digest fails, unless --fail-on says otherwise. SOURCE as in contract get.
To accept what a server offers now, write the lock file anew: contract get -o json SOURCE > FILE.
`,
  examples: ['contract verify --lock tools.lock.json https://search.example.com/mcp'],
  options: {
    lock: { type: 'text', placeholder: 'FILE', default: '', isPath: true, help: 'what contract get -o json wrote' },
    output: { type: 'choice', choices: namesOf(changesOutputs), short: 'o', help: 'for people, or for programs' },
    'fail-on': { type: 'choice', choices: ['any', 'wording', 'breaking'], help: 'the least that fails' },
    ...sourceOptions,
  },
  exitCodes: { clean: 'nothing that fails', found: 'a difference that fails' },
  judgeArguments: ([first, ...more], values) => {
    if (values.lock === '') return 'name a lock file: --lock FILE';
    if (isUrl(values.lock)) return '--lock takes a file, not a URL';
    if (first === undefined || first === '') return 'name a URL, a lock file, or with --stdio a command';
    if (more.length > 0 && !values.stdio) return `takes one SOURCE, found ${more.length} more`;
    return judgeSourceOptions(values);
  },
  async run({ values, positionals: [first = '', ...args] }, terminal) {
    const locked = await readSource({ type: 'file', at: values.lock }, { values, ignore: [] }, terminal);
    if (locked.type === 'problem') {
      terminal.writeError(`${printable(values.lock)}: ${printable(locked.why)}\n`);
      return exitCodes.unusable;
    }
    const source = values.stdio ? { type: 'command' as const, command: first, args } : toSource(first);
    const read = await readSource(source, { values, ignore: locked.locked.ignore }, terminal);
    if (read.type === 'problem') {
      terminal.writeError(`${printable(nameOfSource(source))}: ${printable(read.why)}\n`);
      return exitCodes.unusable;
    }
    const comparison = { before: locked.locked, after: read.locked };
    const changes = changesBetween(comparison);
    terminal.writeOut(changesOutputs[values.output](comparison, changes));
    return exitCodeOfChanges(changes, values['fail-on']);
  },
});
