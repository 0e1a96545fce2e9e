import { describe, expect, it } from '@jest/globals';
import type { TextForm } from '../../engine/parameters.ts';
import { baseLabels } from '../../mcpserver/names.ts';
import { anMCPServer } from '../../testing/builders.ts';
import { addressRange, labelKey, metadataKey, objectName, podLabelKey, registryPlace } from './parameter-forms.ts';

function isTaken({ pattern, except = [], isUsable }: TextForm, text: string): boolean {
  return pattern.test(text) && !except.includes(text) && isUsable?.(text) !== false;
}

describe('what a policy may list', () => {
  it.each<[string, TextForm, readonly string[]]>([
    [
      'a registry',
      registryPlace,
      ['ghcr.io', 'ghcr.io/example', 'localhost', 'registry:5000/a/b', '[fd00::1]:5000/a', 'ghcr.io/'],
    ],
    ['a name', objectName, ['search', 'mcp-*', '*', 'a.b']],
    ['a key', metadataKey, ['team', 'example.com/*', '*/team', 'Team_1']],
    ['a label', labelKey, ['team', 'example.com/team', 'Team_1', 'app', 'mcp-server']],
    ['a label of pods', podLabelKey, ['team', 'example.com/team', 'app.kubernetes.io/name', 'mcp-servers']],
    ['a range', addressRange, ['10.0.0.0/8', '0.0.0.0/0', 'fd00::/8', '::ffff:10.0.0.0/104']],
  ])('is %s', (_, form, texts) => {
    for (const text of texts) expect([text, isTaken(form, text)]).toEqual([text, true]);
  });

  it.each<[string, TextForm, readonly string[]]>([
    [
      'a registry',
      registryPlace,
      ['example', 'ghcr.io/example:1.0', 'https://ghcr.io', 'ghcr.io/Example', '*.io', 'ghcr.io//a', ''],
    ],
    ['a name', objectName, ['Search', 'a b', 'a/b', '']],
    ['a key', metadataKey, ['a b', 'a=b', '']],
    ['a label', labelKey, ['a b', 'a/b/c', '*', 'example.com/*', '/team', '-a', 'x'.repeat(64), '']],
    ['a label of pods, which never get it', podLabelKey, Object.keys(baseLabels(anMCPServer()))],
    ['a range', addressRange, ['10.0.0.0', '999.0.0.0/8', '10.0.0.0/33', 'fd00::/129', 'everything', '10.0.0.0/8 ']],
  ])('is not %s', (_, form, texts) => {
    for (const text of texts) expect([text, isTaken(form, text)]).toEqual([text, false]);
  });
});
