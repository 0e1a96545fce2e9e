import { printable } from '../core/engine/text.ts';
import { defineCommand } from './command.ts';
import { changesBetween, changesOutputs, exitCodeOfChanges, failOns } from './contract-changes.ts';
import type { Comparison } from './contract-changes.ts';
import type { Locked } from './contract-lock.ts';
import {
  isUrl,
  judgeSourceOptions,
  readSource,
  sourceNamed,
  sourceOptions,
  tellUnread,
  toSource,
} from './contract-source.ts';
import type { Source } from './contract-source.ts';
import { exitCodes } from './exit-code.ts';
import { namesOf } from './names-of.ts';

/** Says what one version of a server breaks for clients of another one. */
export const contractDiff = defineCommand({
  synopsis: 'contract diff [options] BEFORE AFTER',
  description: `Compares the tools of two servers, or of one and what a lock file says of it, by structure: each change has a class, of which Removed,
InterfaceBreaking and Risk break clients. BEFORE and AFTER as SOURCE in contract get; with --stdio AFTER is a command, behind --.
What a lock file ignores is ignored in the other one, too. A token goes to one host: of two servers, write one down with contract get.
`,
  examples: ['contract diff tools.lock.json https://search.example.com/mcp'],
  options: {
    output: { type: 'choice', choices: namesOf(changesOutputs), short: 'o', help: 'for people, or for programs' },
    'fail-on': { type: 'choice', choices: failOns, help: 'the least that fails' },
    ...sourceOptions,
  },
  exitCodes: { clean: 'nothing that fails', found: 'a change that fails' },
  judgeArguments: ([before = '', after, ...more], values) => {
    if (after === undefined || after === '') return 'name what was before, and what is now';
    if (more.length > 0 && !values.stdio) return `takes BEFORE and AFTER, found ${more.length} more`;
    if (values['bearer-token-env'] !== '' && !values.stdio && isOfTwoOrigins(before, after)) {
      return 'the token of --bearer-token-env would go to two servers: write one down with contract get -o json, and name that file';
    }
    return judgeSourceOptions(values, [toSource(before), sourceNamed([after, ...more], values)]);
  },
  async run({ values, positionals: [was = '', ...named] }, terminal) {
    const [earlier, later]: readonly [Source, Source] = [toSource(was), sourceNamed(named, values)];
    const [before, after] = await readBoth([earlier, later], (source, ignore) =>
      readSource(source, { values, ignore }, terminal),
    );
    for (const [source, one] of [[earlier, before] as const, [later, after] as const]) {
      if (one.type === 'problem') tellUnread(source, one.why, terminal);
    }
    if (before.type === 'problem' || after.type === 'problem') return exitCodes.unusable;
    const comparison = { before: before.locked, after: after.locked };
    const why = whyIncomparable(comparison);
    if (why !== undefined) {
      terminal.writeError(`${printable(why)}\n`);
      return exitCodes.unusable;
    }
    const changes = changesBetween(comparison);
    terminal.writeOut(changesOutputs[values.output](comparison, changes));
    return exitCodeOfChanges(changes, values['fail-on']);
  },
});

type Read = (source: Source, ignore: readonly string[]) => Promise<Locked>;

/** A lock file first: what is not looked at there is not looked at in the other one. */
async function readBoth(
  [earlier, later]: readonly [Source, Source],
  read: Read,
): Promise<readonly [before: Locked, after: Locked]> {
  const ignoredBy = (one: Locked): readonly string[] => (one.type === 'locked' ? one.locked.ignore : []);
  if (earlier.type !== 'file' && later.type === 'file') {
    const after = await read(later, []);
    return [await read(earlier, ignoredBy(after)), after];
  }
  const before = await read(earlier, []);
  return [before, await read(later, ignoredBy(before))];
}

/** Digests of tools of which other parts are ignored differ even where the tools are the same. */
function whyIncomparable({ before, after }: Comparison): string | undefined {
  const [was, is] = [tellIgnored(before.ignore), tellIgnored(after.ignore)];
  if (was === is) return undefined;
  return `BEFORE ignores ${was}, AFTER ${is}: write one of them anew, contract get -o json with the --ignore of the other`;
}

function isOfTwoOrigins(...urls: readonly string[]): boolean {
  return new Set(urls.flatMap((url) => (URL.canParse(url) && isUrl(url) ? [new URL(url).origin] : []))).size > 1;
}

/** The same text for what makes the same digests. */
function tellIgnored(ignore: readonly string[]): string {
  return ignore.length === 0 ? 'nothing' : [...new Set(ignore)].sort().join(', ');
}
