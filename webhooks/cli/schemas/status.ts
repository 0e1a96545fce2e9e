import { serverStates } from '../status-state.ts';
import { list, number, object, oneOf, text, toDocument, yesOrNo } from './json-schema.ts';
import { inputProblems } from './shared.ts';

/** Of the JSON: it changes when a field changes its meaning or goes; new fields may come at any time. */
export const statusSchemaVersion = 'mcp-lifecycle.status/v1';

/** What `status --output json` prints. */
export const statusSchema = toDocument(
  statusSchemaVersion,
  object({
    available: number('How many MCPServers are Available.'),
    pending: number('How many are Pending.'),
    failed: number('How many are Failed.'),
    servers: list(
      'By context, namespace, what needs somebody first, and name.',
      object(
        {
          context: text('Of the kubeconfig.'),
          namespace: text('Of the MCPServer.'),
          name: text('Of the MCPServer.'),
          state: oneOf(
            serverStates,
            'Of the version that was asked for last. `Available`: it serves, and answers as an MCP server. `Pending`: it is on its way. `Failed`: somebody has to change something first.',
          ),
          reason: text(
            'Why, in one word: that of a condition or of a roll-out, or `Waiting` (nobody has looked at it yet), `NotReady`, `Deleting`.',
          ),
          message: text('Why, for people; empty where nobody has said anything yet.'),
          isServing: yesOrNo(
            'Whether pods serve, of an older version perhaps; false while the configuration is not valid, whatever runs.',
          ),
          version: text('What the server says of itself; absent where it was not verified.'),
          url: text('Inside the cluster; absent where there is none.'),
          tools: number('How many it lists; absent where they were not counted.'),
          rollout: text('A version that is on its way, or failed on it, in one word; absent where there is none.'),
        },
        ['version', 'url', 'tools', 'rollout'],
      ),
    ),
    composites: list(
      'What becomes such MCPServers: the objects of mcp.v2dy.io, by context and kind.',
      object({
        context: text('Of the kubeconfig.'),
        kind: text('Kind and group, such as `MCPPool.mcp.v2dy.io`.'),
        namespace: text('Of the object.'),
        name: text('Of the object.'),
        state: oneOf(
          serverStates,
          'Of all that it becomes, as it was asked for last: as of an MCPServer. Those that wait for another one of their pool are Available, and the pool is not.',
        ),
        reason: text('Why, in one word: that of its condition Ready, or `Waiting`, `NotReady`, `Deleting`.'),
        message: text('Why, for people.'),
      }),
    ),
    problems: inputProblems,
  }),
);
