import { list, number, object, oneOf, text, toDocument } from './json-schema.ts';
import { file, vaguePlace } from './shared.ts';

/** Of the JSON: it changes when a field changes its meaning or goes; new fields may come at any time. */
export const policyCheckSchemaVersion = 'mcp-lifecycle.policy-check/v1';

/** What is found in a policy; the first three are what a text begins its lines with. */
export const policyFindingTypes = ['error', 'warning', 'notice', 'unreadable'] as const;

/** What `policy check --output json` prints. */
export const policyCheckSchema = toDocument(
  policyCheckSchemaVersion,
  object({
    exitCode: oneOf([0, 1, 2], 'What the command ends with.'),
    files: list(
      'Each policy, in the order of the command line; those that cannot be read come first.',
      object({
        file,
        errors: number('How many findings are errors.'),
        warnings: number('How many are warnings.'),
        findings: list(
          'What is wrong with it.',
          object(
            {
              type: oneOf(
                policyFindingTypes,
                '`error` fails, `warning` with `--fail-on warning`, `notice` never; what is `unreadable` could not be looked at (exit code 2).',
              ),
              ...vaguePlace,
              path: text('The entry: `overrides[0].rules`; empty for the whole policy, absent where it is unreadable.'),
              message: text('What is wrong, what was found, what to do.'),
            },
            ['line', 'column', 'path'],
          ),
        ),
      }),
    ),
  }),
);
