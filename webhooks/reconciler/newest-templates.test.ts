import { describe, expect, it } from '@jest/globals';

import { NewestTemplates } from './newest-templates.ts';

const aPod = (name: string, template: string, second: number, more: object = {}): unknown => ({
  metadata: {
    ...{ name, namespace: 'mcp', labels: { 'pod-template-hash': template } },
    ...{ creationTimestamp: `2026-01-01T00:00:0${second}Z`, ...more },
  },
});

describe('the template that is rolled out', () => {
  it('is that of the youngest pod, in whatever order they are told', () => {
    const templates = new NewestTemplates();
    expect(templates.put('mcp/s', aPod('b', 'two', 5))).toBe(true);
    expect(templates.put('mcp/s', aPod('a', 'one', 1))).toBe(false);
    expect(templates.put('mcp/s', aPod('c', 'two', 7))).toBe(false);
    expect(templates.of('mcp/s')).toBe('two');
    expect(templates.of('other')).toBeUndefined();
  });

  it.each<[string, (templates: NewestTemplates) => unknown]>([
    ['is on its way out', (templates) => templates.put('mcp/s', aPod('b', 'two', 5, { deletionTimestamp: 'now' }))],
    ['is gone', (templates) => templates.remove('mcp/s', aPod('b', 'two', 5))],
    ['is in no list', (templates) => templates.keepOnly((_, pod) => pod === 'a')],
  ])('is not known any more when that pod %s', (_, end) => {
    const templates = new NewestTemplates();
    templates.put('mcp/s', aPod('a', 'one', 1));
    templates.put('mcp/s', aPod('b', 'two', 5));
    end(templates);
    expect(templates.of('mcp/s')).toBeUndefined();
    templates.put('mcp/s', aPod('a', 'one', 1));
    expect(templates.of('mcp/s')).toBe('one');
  });

  it('stays when another pod goes', () => {
    const templates = new NewestTemplates();
    templates.put('mcp/s', aPod('b', 'two', 5));
    expect(templates.remove('mcp/s', aPod('a', 'one', 1))).toBe(false);
    expect(templates.remove('other/s', aPod('b', 'two', 5))).toBe(false);
    expect(templates.keepOnly((_, pod) => pod === 'b')).toEqual([]);
    expect(templates.of('mcp/s')).toBe('two');
  });
});
