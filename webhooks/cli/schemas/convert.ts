import { list, object, oneOf, text, toDocument } from './json-schema.ts';
import { inputProblems, name, place } from './shared.ts';

/** Changes when a field changes its meaning or goes; new fields may come at any time. */
export const conversionSchemaVersion = 'mcp-lifecycle.conversion/v1';

/** What `convert --report` writes. */
export const conversionSchema = toDocument(
  conversionSchemaVersion,
  object({
    objects: list(
      'Each object that was converted, in the order of the input.',
      object({
        ...place,
        namespace: text('Its own; empty where it names none.'),
        name,
        changes: list(
          'What became of its fields.',
          object(
            {
              type: oneOf(['moved', 'added', 'removed'], 'What became of the field.'),
              path: text('The field, as Kubernetes writes it: where it is now, or where it was.'),
              from: text('Where it was before it was moved.'),
              value: text('Of a field that was added.'),
              why: text('Why it is left out, a clause.'),
            },
            ['from', 'value', 'why'],
          ),
        ),
      }),
    ),
    problems: inputProblems,
  }),
);
