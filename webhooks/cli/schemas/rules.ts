import { anything, list, number, object, oneOf, text, toDocument, yesOrNo } from './json-schema.ts';

/** Of the JSON: it changes when a field changes its meaning or goes; new fields may come at any time. */
export const rulesSchemaVersion = 'mcp-lifecycle.rules/v1';

/** What `rules --output json` prints. */
export const rulesSchema = toDocument(
  rulesSchemaVersion,
  object({
    rules: list(
      'Every id that a finding can have, by name; `schema` comes last.',
      object(
        {
          id: text('What `mcp-lifecycle explain` takes, and what policies name.'),
          severity: oneOf(['deny', 'warn', 'audit'], 'What becomes of its findings where no policy says otherwise.'),
          isOptIn: yesOrNo('Whether it judges only where a policy asks for it.'),
          stricterIn: number(
            'The revision of our rules in which it came, or became stricter last. `status.extensions.policy.revision` of a server says by which it was judged. Absent for `schema`.',
            1,
          ),
          parameters: list(
            'What a policy can give it.',
            object(
              {
                name: text('As a policy has it.'),
                type: oneOf(['strings', 'integer', 'quantity', 'boolean', 'text', 'map'], 'What it holds.'),
                default: anything('Absent where there is none.'),
                help: text('What it is, in which unit.'),
              },
              ['default'],
            ),
          ),
          summary: text('What must hold.'),
          rationale: text('Why.'),
          remedy: text('What to do about a finding.'),
        },
        ['stricterIn'],
      ),
    ),
  }),
);
