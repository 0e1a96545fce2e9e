import type { CheckReport } from '../report.ts';
import { list, number, object, oneOf, text } from './json-schema.ts';
import { action, ignoredOfPolicy, inputProblems, notChecked, rule, rulesNotJudgedFor } from './shared.ts';

/** What `policy try` and `report` have in common. */

export const policy = {
  description: 'Which policy judged: one of `file`, `configMap` and `profile` is there.',
  ...object(
    {
      file: text('That was named.'),
      configMap: text('Namespace and name of the one that holds the policy in force in the cluster.'),
      profile: oneOf(['restricted'], 'The built-in one.'),
      context: text('Of the kubeconfig: the cluster that was asked for its policy.'),
      because: text('Why the built-in profile judged: the cluster has no policy, or it may not be read.'),
    },
    ['file', 'configMap', 'profile', 'context', 'because'],
  ),
};

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
