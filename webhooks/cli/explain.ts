import { rules as everyRule } from '../core/rules/index.gen.ts';
import { defineCommand } from './command.ts';
import { exitCodes } from './exit-code.ts';
import { suggest } from './nearest.ts';
import { renderRulePage } from './rule-page.ts';
import { schemaPage, schemaRule } from './schema-rule.ts';

const ids = [...everyRule.map(({ id }) => id), schemaRule.id];

/** Prints the page of one rule. */
export const explain = defineCommand({
  synopsis: 'explain RULE',
  description: `Prints why a rule exists and what it accepts. RULE is the id at the end of a finding, with or without its brackets;
mcp-lifecycle rules lists every rule.
`,
  examples: ['explain run-as-non-root'],
  options: {},
  exitCodes: { clean: 'printed' },
  argumentWords: ids,
  judgeArguments: ([word, ...more]) => {
    if (word === undefined || more.length > 0) return 'name one rule';
    const id = idIn(word);
    if (pageOf(id) !== undefined) return undefined;
    const said = suggest(id, ids);
    return `no rule '${id}'${said === '' ? ': mcp-lifecycle rules lists every rule' : said}`;
  },
  run({ positionals: [word = ''] }, { writeOut }) {
    writeOut(pageOf(idIn(word)) ?? '');
    return exitCodes.clean;
  },
});

/** A finding ends in the id in brackets, and that is what gets copied. */
function idIn(word: string): string {
  return word.replace(/^\[(.*)\]$/, '$1');
}

function pageOf(id: string): string | undefined {
  if (id === schemaRule.id) return schemaPage;
  const rule = everyRule.find((one) => one.id === id);
  return rule === undefined ? undefined : renderRulePage(rule);
}
