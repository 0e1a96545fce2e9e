import { list, number, object, text, toDocument } from './json-schema.ts';
import { failedAttempts } from './rollout-status.ts';

/** Changes when a field changes its meaning or goes; new fields may come at any time. */
export const rolloutHistorySchemaVersion = 'mcp-lifecycle.rollout-history/v1';

/** What `rollout history --output json` prints. */
export const rolloutHistorySchema = toDocument(
  rolloutHistorySchemaVersion,
  object({
    namespace: text('Of the MCPServer.'),
    name: text('Of the MCPServer.'),
    revisions: list(
      'Versions that have served, the newest first: ReplicaSets that the Deployment keeps, at most the newest 100.',
      object(
        {
          revision: number('As `kubectl rollout history deployment/NAME` counts; 0 where it is not known.'),
          template: text('Digest of the pod template; absent where this release did not apply it.'),
          image: text('Of the container of the server.'),
          created: text('When it first ran, as RFC 3339 has it.'),
          pods: number('Pods of it that are wanted now.'),
          readyPods: number('Those of them that are ready.'),
        },
        ['template', 'image'],
      ),
    ),
    failed: failedAttempts,
  }),
);
