import { ownPlaces, placesOfOthers } from '../../webhooks/core/plan/foreign/places.ts';
import type { OwnPlace } from '../../webhooks/core/plan/foreign/places.ts';
import type { Generator } from './generator.ts';
import { generatedMarkdownHeader } from './generator.ts';

const source = 'webhooks/core/plan/foreign/places.ts';

/** docs/reference/foreign-fields.md: what becomes of a field that somebody else writes into a child. */
export const foreignFieldsPage: Generator = {
  name: 'foreign fields',
  generate: () => Promise.resolve([{ path: 'docs/reference/foreign-fields.md', content: page() }]),
};

function page(): string {
  return [
    generatedMarkdownHeader(source),
    '# What others write into Deployment, Service and NetworkPolicy',
    '',
    'What it is for, and what is done how often: [what others change](../guides/what-others-change.md). "Others" are all',
    'entries of `metadata.managedFields` but ours, manager `mcp-lifecycle` with operation `Apply`. What nobody owns (defaults,',
    'what mutating admission wrote) stays. Each row has its tests.',
    '',
    '## Taken away',
    '',
    ...table(ownPlaces),
    '',
    '## Left alone',
    '',
    'And whatever else is not in the table above.',
    '',
    ...table(placesOfOthers),
    '',
  ].join('\n');
}

function table(places: readonly Pick<OwnPlace, 'kind' | 'field' | 'why'>[]): readonly string[] {
  return [
    '| In a | Field | Why |',
    '| --- | --- | --- |',
    ...places.map(({ kind, field, why }) => `| ${kind} | ${fieldText(field)} | ${why} |`),
  ];
}

/** The paths as code, the words between them as they are. */
function fieldText(field: string): string {
  return field.replaceAll(/(?<![\w.])(?:spec|metadata)[\w.]*(?:\[[\w*-]+\])?/g, (path) => `\`${path}\``);
}
