import { anything, list, number, object, oneOf, text, toDocument, yesOrNo } from './json-schema.ts';
import { inputProblems, name, namespace, place } from './shared.ts';

/** Of the JSON: it changes when a field changes its meaning or goes; new fields may come at any time. */
export const diffSchemaVersion = 'mcp-lifecycle.diff/v1';

/** What `diff --output json` prints. */
export const diffSchema = toDocument(
  diffSchemaVersion,
  object({
    servers: number('How many MCPServers were compared.'),
    changes: list(
      'Server by server in the order of the input.',
      object(
        {
          ...place,
          server: object({ namespace, name }),
          type: oneOf(['added', 'replaced', 'removed'], 'What becomes of the field.'),
          path: text('The field, as Kubernetes writes it: `spec.config.env[0].name`.'),
          value: anything('What it is then; absent where it is removed.'),
          stored: yesOrNo(
            'Whether it is so in the stored object. Otherwise it is a default that depends on other fields, and applies when the server runs.',
          ),
        },
        ['value'],
      ),
    ),
    problems: inputProblems,
  }),
);
