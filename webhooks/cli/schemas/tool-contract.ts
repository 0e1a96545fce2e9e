import { anything, list, object, text, toDocument } from './json-schema.ts';

/** Of a lock file: it changes when a field changes its meaning or goes; new fields may come at any time. */
export const lockSchemaVersion = 'mcp-lifecycle.tool-contract/v1';

/** What `contract get --output json` prints and `contract verify --lock` reads. */
export const lockSchema = toDocument(
  lockSchemaVersion,
  object(
    {
      digest: text('Of the contract: `sha256:` and 64 digits.'),
      ignore: list(
        'JSON pointers into each tool that are no part of the contract; absent where all is.',
        text('A pointer.'),
      ),
      tools: list('By name, each as the server sent it.', anything('A tool, as MCP has it.')),
    },
    ['ignore'],
  ),
);
