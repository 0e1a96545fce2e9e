import { list, number, object, text, toDocument } from './json-schema.ts';
import { file, ignoredOfPolicy, inputProblems, namespace, notChecked, policy, rulesNotJudgedFor } from './shared.ts';

/** Of the JSON report: it changes when a field changes its meaning or goes; new fields may come at any time. */
export const reportSchemaVersion = 'mcp-lifecycle.check/v1';

/** What `check --output json` prints. */
export const reportSchema = toDocument(
  reportSchemaVersion,
  object(
    {
      exitCode: {
        enum: [0, 1, 2],
        description: 'What the command ends with, unless a report cannot be written to its file: then with 2.',
      },
      servers: number('How many MCPServers were judged.'),
      ignoredDocuments: number('How many documents were neither MCPServers nor what these can name.'),
      policies: list(
        'Which policies judged: the one that was named, or that of each cluster. Absent without --policy, --context and --facts: then it is the built-in profile.',
        policy,
      ),
      base: {
        description: 'What the input was compared with; absent without --base.',
        ...object(
          {
            name: text('As it was named.'),
            updates: number('How many of the servers it has: they were judged as updates.'),
            policy: text(
              'The policy of before: what it excused and the policy of now does not is enforced with the next change of the pods, as in a cluster. Absent where none is known, and what judges now counts for before as well.',
            ),
          },
          ['policy'],
        ),
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
      featuresNotChecked: list(
        'Fields of servers that have an effect only where a cluster has what they ask for, and the feature is switched on, of which nobody told.',
        object(
          {
            path: text('The field, as Kubernetes writes it.'),
            context: text('Of the kubeconfig: the cluster that did not tell; absent where none was asked.'),
          },
          ['context'],
        ),
      ),
      rulesNotJudged: list(
        'CEL rules of the CustomResourceDefinition that compare with the object before the change.',
        text('The expression.'),
      ),
      rulesNotJudgedFor,
      problems: inputProblems,
      ignoredOfPolicy,
    },
    ['policies', 'base', 'ignoredOfPolicy'],
  ),
);
