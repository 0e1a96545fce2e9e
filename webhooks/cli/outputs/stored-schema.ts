import type { CheckReport } from '../report.ts';
import { commonFields, list, number, object, text } from './json-schema.ts';

/** Of the JSON of `policy try`: it changes when a field changes its meaning or goes; new fields may come at any time. */
export const policyTrySchemaVersion = 'mcp-lifecycle.policy-try/v1';

/** The same, of `report`. */
export const namespacesSchemaVersion = 'mcp-lifecycle.namespaces/v1';

const { action, namespace, notChecked, rulesNotJudgedFor, problems, ignoredOfPolicy } = commonFields;

const version = <const Version extends string>(only: Version) =>
  ({ const: only, description: 'Changes when a field changes its meaning or goes.' }) as const;

const policy = {
  description: 'Which policy judged: one of `file`, `configMap` and `profile` is there.',
  ...object(
    {
      file: text('That was named.'),
      configMap: text('Namespace and name of the one that holds the policy in force in the cluster.'),
      profile: { const: 'restricted', description: 'The built-in one.' },
      context: text('Of the kubeconfig: the cluster that was asked for its policy.'),
      because: text('Why the built-in profile judged: the cluster has no policy, or it may not be read.'),
    },
    ['file', 'configMap', 'profile', 'context', 'because'],
  ),
} as const;

const totals = {
  servers: number('How many MCPServers were judged.'),
  refused: number('How many of them would be refused.'),
  warned: number('How many would be warned about, and not refused.'),
} as const;

const matching = {
  rule: text('What `mcp-lifecycle explain` takes.'),
  action,
  servers: number('In how many MCPServers it finds something.', 1),
} as const;

/** What may be missing from the counts: in both of them, and always there. */
const leftOut = {
  notChecked,
  rulesNotJudgedFor,
  problems,
  ignoredOfPolicy,
  notes: list('What was judged more strictly because it could not be read.', text('A sentence.')),
} as const;

/** What `policy try --output json` prints. docs/reference/policy-try.schema.json and its page are generated from it. */
export const policyTrySchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  $id: policyTrySchemaVersion,
  title: `Result of mcp-lifecycle policy try (${policyTrySchemaVersion})`,
  ...object({
    schemaVersion: version(policyTrySchemaVersion),
    policy,
    ...totals,
    rows: list(
      'By namespace, then what is most severe, then rule.',
      object({ namespace, ...matching, because: text('Which entry of the policy makes it so.') }, ['because']),
    ),
    ...leftOut,
  }),
} as const;

/** What `report --output json` prints. docs/reference/namespaces-report.schema.json and its page are generated from it. */
export const namespacesSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  $id: namespacesSchemaVersion,
  title: `Report of mcp-lifecycle report (${namespacesSchemaVersion})`,
  ...object(
    {
      schemaVersion: version(namespacesSchemaVersion),
      policy,
      ...totals,
      namespaces: list(
        'Each that has an MCPServer, by name; those in which nothing is found as well.',
        object({
          namespace,
          servers: number('How many it has.', 1),
          rules: list('What is most severe first, then by rule.', object(matching)),
        }),
      ),
      findings: list(
        'Each finding; only with --findings.',
        object({
          namespace,
          name: text('Of the MCPServer.'),
          rule: text('What `mcp-lifecycle explain` takes.'),
          action,
          path: text('The field, as Kubernetes writes it: `spec.config.env[0].name`.'),
          message: text('The sentence of the text report: headline, detail, remedy and rule.'),
        }),
      ),
      ...leftOut,
    },
    ['findings'],
  ),
} as const;

/** The fields of the same names. */
export function renderLeftOut(
  { notChecked: unchecked, rulesNotJudgedFor: notJudged, problems: all, ignoredOfPolicy: ignored = [] }: CheckReport,
  notes: readonly string[],
): Readonly<Record<keyof typeof leftOut, unknown>> {
  return { notChecked: unchecked, rulesNotJudgedFor: notJudged, problems: all, ignoredOfPolicy: ignored, notes };
}
