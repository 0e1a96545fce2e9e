import { list, number, object, text, toDocument } from './json-schema.ts';
import { action, namespace, policy, rule } from './shared.ts';
import { leftOut, matching, totals } from './stored.ts';

/** Of the JSON: it changes when a field changes its meaning or goes; new fields may come at any time. */
export const namespacesSchemaVersion = 'mcp-lifecycle.namespaces/v1';

/** What `report --output json` prints. */
export const namespacesSchema = toDocument(
  namespacesSchemaVersion,
  object(
    {
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
          rule,
          action,
          path: text('The field, as Kubernetes writes it: `spec.config.env[0].name`.'),
          message: text('The sentence of the text report: headline, detail, remedy and rule.'),
        }),
      ),
      ...leftOut,
    },
    ['findings'],
  ),
);
