import type { CheckReport } from '../report.ts';
import { list, number, text } from './json-schema.ts';
import { action, ignoredOfPolicy, inputProblems, notChecked, rule, rulesNotJudgedFor } from './shared.ts';

/** What `policy try` and `report` have in common. */

export const totals = {
  servers: number('How many MCPServers were judged.'),
  refused: number('How many of them would be refused.'),
  warned: number('How many would be warned about, and not refused.'),
};

export const matching = { rule, action, servers: number('In how many MCPServers it finds something.', 1) };

/** What may be missing from the counts: in both of them, and always there. */
export const leftOut = {
  notChecked,
  rulesNotJudgedFor,
  problems: inputProblems,
  ignoredOfPolicy,
  notes: list('What was judged more strictly because it could not be read.', text('A sentence.')),
};

/** The fields of the same names. */
export function renderLeftOut(
  { notChecked: unchecked, rulesNotJudgedFor: notJudged, problems: all, ignoredOfPolicy: ignored = [] }: CheckReport,
  notes: readonly string[],
): Readonly<Record<keyof typeof leftOut, unknown>> {
  return { notChecked: unchecked, rulesNotJudgedFor: notJudged, problems: all, ignoredOfPolicy: ignored, notes };
}
