import { list, object, text, toDocument } from './json-schema.ts';
import { namespace, policy } from './shared.ts';
import { leftOut, matching, totals } from './stored.ts';

/** Of the JSON: it changes when a field changes its meaning or goes; new fields may come at any time. */
export const policyTrySchemaVersion = 'mcp-lifecycle.policy-try/v1';

/** What `policy try --output json` prints. */
export const policyTrySchema = toDocument(
  policyTrySchemaVersion,
  object({
    policy,
    ...totals,
    rows: list(
      'By namespace, then what is most severe, then rule.',
      object({ namespace, ...matching, because: text('Which entry of the policy makes it so.') }, ['because']),
    ),
    ...leftOut,
  }),
);
