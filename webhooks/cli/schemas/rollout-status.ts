import { rolloutOutcomes } from '../rollout-view.ts';
import { list, number, object, oneOf, text, toDocument } from './json-schema.ts';

/** Changes when a field changes its meaning or goes; new fields may come at any time. */
export const rolloutStatusSchemaVersion = 'mcp-lifecycle.rollout-status/v1';

/** A version that was tried and does not serve; in the history, too. */
export const failedAttempts = list(
  'Pod templates that failed since a rollout was complete, the oldest first; five at most. None of them is tried again until `rollout retry`.',
  object({
    template: text('Digest of the pod template.'),
    reason: text('Why, in one word.'),
    message: text('The same as a sentence.'),
    at: text('When, as RFC 3339 has it.'),
  }),
);

/** What `rollout status --output json` prints. */
export const rolloutStatusSchema = toDocument(
  rolloutStatusSchemaVersion,
  object(
    {
      namespace: text('Of the MCPServer.'),
      name: text('Of the MCPServer.'),
      generation: number('Of the MCPServer as it is now: the newest version.'),
      outcome: oneOf(
        rolloutOutcomes,
        '`Complete`: the newest version serves, and is verified. `UnderWay`: time brings it on. `Stuck`: it goes on when something around it changes, as room in a quota. `Failed`: it does not serve, and is not tried again by itself.',
      ),
      phase: text(
        'Where it is: `Proving`, `Rolling`, `Rejected`, `RolledBack` and `Blocked` as in `status.extensions.rollout.phase`; else `Complete`, `Waiting`, `Queued`, `Verifying`, `Stalled`, `NotAccepted`, `NotReady` or `Deleting`. A later release may have others.',
      ),
      reason: text('Why, in one word, where there is one beside the phase.'),
      message: text('The same as a sentence.'),
      since: text('When the phase began, as RFC 3339 has it; absent where status has no phase.'),
      serves: number('Generation that the pods which serve are of; absent where none serves.'),
      failed: failedAttempts,
    },
    ['reason', 'since', 'serves'],
  ),
);
