import type { GeneratedFile, Generator } from './generator.ts';
import { generatedHeader } from './generator.ts';
import { findMembers } from './members.ts';
import { inRepository } from './root.ts';

interface List {
  readonly folder: string;
  readonly type: string;
  /** Where the type is declared, from inside the folder. */
  readonly typeFile: string;
  readonly constant: string;
  readonly summary: string;
}

const listed: readonly List[] = [
  {
    folder: 'webhooks/core/rules',
    type: 'Rule',
    typeFile: '../engine/rule.ts',
    constant: 'rules',
    summary: 'Every rule, by id.',
  },
  {
    folder: 'webhooks/core/defaults',
    type: 'Default',
    typeFile: './default.ts',
    constant: 'defaults',
    summary: 'Every default, by id; the order is no part of their meaning.',
  },
  {
    folder: 'webhooks/core/resources',
    type: 'ExpandedKind',
    typeFile: './expanded-kind.ts',
    constant: 'expandedKinds',
    summary: 'Every kind that an MCPServer expands into, by kind.',
  },
];

/** The lists of rules, defaults and expanded kinds: one file in the folder = one entry. */
export const lists: Generator = {
  name: 'lists',
  generate: () => Promise.all(listed.map(toFile)),
};

async function toFile(list: List): Promise<GeneratedFile> {
  const members = await findMembers(inRepository(list.folder), list.type);
  const lines = [
    generatedHeader('//', `the files in ${list.folder}`).trimEnd(),
    `import type { ${list.type} } from '${list.typeFile}';`,
    ...members.map(({ id, constant }) => `import { ${constant} } from './${id}.ts';`),
    '',
    `/** ${list.summary} */`,
    `export const ${list.constant}: readonly ${list.type}[] = [${members.map(({ constant }) => constant).join(', ')}];`,
    '',
  ];
  return { path: `${list.folder}/index.gen.ts`, content: lines.join('\n') };
}
