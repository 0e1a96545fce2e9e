import { defineCommand } from './command.ts';
import { changesBetween, changesOutputs, exitCodeOfChanges } from './contract-changes.ts';
import {
  isUrl,
  judgeOneSource,
  judgeSourceOptions,
  readSource,
  sourceNamed,
  sourceOptions,
  tellUnread,
} from './contract-source.ts';
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
  judgeArguments: (named, values) => {
    if (values.lock === '') return 'name a lock file: --lock FILE';
    if (isUrl(values.lock)) return '--lock takes a file, not a URL';
    return judgeOneSource(named, values) ?? judgeSourceOptions(values, [sourceNamed(named, values)]);
  },
  async run({ values, positionals }, terminal) {
    const lock = { type: 'file', at: values.lock } as const;
    const locked = await readSource(lock, { values, ignore: [] }, terminal);
    if (locked.type === 'problem') {
      tellUnread(lock, locked.why, terminal);
      return exitCodes.unusable;
    }
    const source = sourceNamed(positionals, values);
    const read = await readSource(source, { values, ignore: locked.locked.ignore }, terminal);
    if (read.type === 'problem') {
      tellUnread(source, read.why, terminal);
      return exitCodes.unusable;
    }
    const comparison = { before: locked.locked, after: read.locked };
    const changes = changesBetween(comparison);
    terminal.writeOut(changesOutputs[values.output](comparison, changes));
    return exitCodeOfChanges(changes, values['fail-on']);
  },
});
