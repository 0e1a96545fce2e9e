/** Of the JSON report: it changes when a field changes its meaning or goes; new fields may come at any time. */
export const reportSchemaVersion = 'mcp-lifecycle.check/v1';

export const text = (description: string) => ({ type: 'string', description }) as const;
export const number = (description: string, minimum = 0) => ({ type: 'integer', minimum, description }) as const;

/** Every property is there unless it is named here. */
export function object<const Properties extends object>(
  properties: Properties,
  optional: readonly (keyof Properties)[] = [],
) {
  const required = Object.keys(properties).filter((name) => !optional.some((one) => one === name));
  return { type: 'object', required, properties } as const;
}

export function list<const Items extends object>(description: string, items: Items) {
  return { type: 'array', description, items } as const;
}

const namespace = text('Its own, or that of --namespace.');
const file = text('As it was named, `-` for standard input.');

/** Fields that the JSON of several commands has. */
export const commonFields = {
  action: {
    enum: ['deny', 'warn', 'audit'],
    description: '`deny` refuses the MCPServer, `warn` admits it and says so, `audit` is kept for the audit log.',
  },
  namespace,
  notChecked: list(
    'What servers name and the input does not hold.',
    object(
      {
        kind: text('ConfigMap, Secret or ServiceAccount.'),
        namespace,
        name: text('Its name.'),
        reason: text('Why the cluster that was asked does not tell; absent where none was asked.'),
      },
      ['reason'],
    ),
  ),
  rulesNotJudgedFor: list(
    'MCPServers whose schema does not hold, so that no rule was judged.',
    object({ file, namespace, name: text('Empty where there is none.') }),
  ),
  problems: list(
    'What could not be read.',
    object(
      {
        file,
        line: number('From 1; absent when the whole file could not be read.', 1),
        column: number('From 1.', 1),
        message: text('Why. Never quotes the input, which may be a Secret.'),
      },
      ['line', 'column'],
    ),
  ),
  ignoredOfPolicy: list(
    'Entries of the policy that this release does not know or does not do: nothing is judged by them, as in a cluster, and `policy check` refuses them. Absent where nothing was judged.',
    object({
      file,
      line: number('From 1.', 1),
      column: number('From 1.', 1),
      message: text('Which entry, why, and what to do.'),
    }),
  ),
} as const;

const { notChecked, rulesNotJudgedFor, problems, ignoredOfPolicy } = commonFields;

/** What `check --output json` prints. docs/reference/check-report.schema.json and its page are generated from it. */
export const reportSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  $id: reportSchemaVersion,
  title: `Report of mcp-lifecycle check (${reportSchemaVersion})`,
  ...object(
    {
      schemaVersion: { const: reportSchemaVersion, description: 'Changes when a field changes its meaning or goes.' },
      exitCode: {
        enum: [0, 1, 2],
        description: 'What the command ends with, unless a report cannot be written to its file: then with 2.',
      },
      servers: number('How many MCPServers were judged.'),
      ignoredDocuments: number('How many documents were neither MCPServers nor what these can name.'),
      base: {
        description: 'What the input was compared with; absent without --base.',
        ...object({
          name: text('As it was named.'),
          updates: number('How many of the servers it has: they were judged as updates.'),
        }),
      },
      findings: list(
        'File by file in the order of the input, each by line.',
        object(
          {
            ruleId: text('What `mcp-lifecycle explain` takes.'),
            severity: {
              enum: ['deny', 'warn', 'audit'],
              description: '`deny` refuses the manifest, `warn` admits it and says so, `audit` is in this report only.',
            },
            tolerated: {
              type: 'boolean',
              description: 'Whether the base has the same finding: it fails nothing then, whatever its severity.',
            },
            exemption: {
              enum: ['excused', 'ending', 'ended'],
              description:
                'That the policy has an exemption for the server. `ending` says that it ends soon, which fails nothing, whatever `--fail-on` says. Absent without one.',
            },
            file,
            line: number('From 1.', 1),
            column: number('From 1, in UTF-16 code units.', 1),
            server: object({ namespace, name: text('Empty where there is none.') }),
            path: text('The field, as Kubernetes writes it: `spec.config.env[0].name`.'),
            headline: text('What is wrong.'),
            detail: text('What was found. Never the value of a Secret.'),
            remedy: text('What to do.'),
            message: text('The sentence of the text report: headline, detail, remedy and rule.'),
            fingerprint: text(
              'The same as long as server, rule, field and value are, wherever the manifest stands and however sentences are worded. Another one for each finding of a report.',
            ),
          },
          ['exemption'],
        ),
      ),
      notChecked,
      rulesNotJudged: list(
        'CEL rules of the CustomResourceDefinition that compare with the object before the change.',
        text('The expression.'),
      ),
      rulesNotJudgedFor,
      problems,
      ignoredOfPolicy,
    },
    ['base', 'ignoredOfPolicy'],
  ),
} as const;
