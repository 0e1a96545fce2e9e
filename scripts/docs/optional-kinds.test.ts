import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { expandedKinds } from '../../webhooks/core/resources/index.gen.ts';
import { isOptional } from '../../webhooks/core/resources/optional-kind.ts';

/** As the page has them: `{ PodMonitor: { askedBy: 'spec.extensions.metrics', value: 'monitoring' } }`. */
function kindsOfThePage(): Readonly<Record<string, { readonly askedBy: string; readonly value: string }>> {
  const [, section = ''] = readFileSync('docs/architecture.md', 'utf8').split('## What is optional\n');
  const rows = [...section.matchAll(/^\| ((?:`\w+`(?:, )?)+) \| (.+?) \| `(\w+)` \|/gm)];
  return Object.fromEntries(
    rows.flatMap(([, kinds = '', askedBy = '', value = '']) =>
      [...kinds.matchAll(/\w+/g)].map(([kind]) => [kind, { askedBy: askedBy.replaceAll('`', ''), value }]),
    ),
  );
}

it('the architecture page names every optional kind, the field that asks for it and the value that allows it', () => {
  const kinds = expandedKinds
    .filter(isOptional)
    .map(({ kind, requirement: { feature, asking } }) => [
      kind,
      { askedBy: asking?.path.join('.') ?? 'every server', value: feature.split('.')[0] },
    ]);
  expect(kindsOfThePage()).toEqual(Object.fromEntries(kinds));
});
