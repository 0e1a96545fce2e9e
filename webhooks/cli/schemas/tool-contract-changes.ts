import { changeClasses } from '../../core/contract/compare-contracts.ts';
import { list, number, object, oneOf, text, toDocument, yesOrNo } from './json-schema.ts';

/** Of the JSON: it changes when a field changes its meaning or goes; new fields may come at any time. */
export const changesSchemaVersion = 'mcp-lifecycle.tool-contract-changes/v1';

const side = (description: string) => ({
  description,
  ...object({ digest: text('Of the contract.'), tools: number('How many tools it has.') }),
});

/** What `contract diff --output json` prints, and `contract verify`. */
export const changesSchema = toDocument(
  changesSchemaVersion,
  object({
    before: side('What it was compared with.'),
    after: side('What is offered now.'),
    changes: list(
      'What differs, worst first.',
      object(
        {
          class: oneOf(changeClasses, 'What it means for clients.'),
          tool: text('Its name, as the server sent it; absent where nobody can tell which one it is.'),
          what: text('What differs, in a clause.'),
          breaking: yesOrNo('Whether it breaks clients.'),
        },
        ['tool'],
      ),
    ),
  }),
);
