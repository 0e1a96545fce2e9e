import { expect, it } from '@jest/globals';

import { essentialsOf } from './essentials.ts';

it('keeps an ordinary handshake as it is', () => {
  const result = {
    protocolVersion: '2025-11-25',
    capabilities: { tools: { listChanged: true }, experimental: {} },
    serverInfo: { name: 'search', version: '1.0' },
    instructions: 'x'.repeat(2_000),
  };
  expect(essentialsOf(result).result).toEqual(result);
  expect(essentialsOf(result).bytes).toBeLessThan(8 * 1_024);
});

it('does not let a large field hide the others', () => {
  const experimental = Object.fromEntries(Array.from({ length: 9_000 }, (_, at) => [`k${at}`, 'x'.repeat(50)]));
  const { result, bytes } = essentialsOf({ capabilities: { experimental }, protocolVersion: '2025-11-25' });
  expect(result['protocolVersion']).toBe('2025-11-25');
  expect(JSON.stringify(result).length).toBeLessThan(40_000);
  expect(bytes).toBeLessThan(80_000);
});

it('keeps every item of a list by its name, a long one by its digest, and counts what they take', () => {
  const tools = [{ name: 'a', inputSchema: { type: 'object' } }, { name: 'n'.repeat(10_000) }, null, 'odd'];
  const { result, bytes } = essentialsOf({ tools, nextCursor: 'c' });
  expect(result).toEqual({
    tools: [{ name: 'a' }, { name: expect.stringMatching(/^[0-9a-f]{32}$/) }, { name: '' }, { name: '' }],
    nextCursor: 'c',
  });
  expect(bytes).toBeGreaterThanOrEqual(4 * 160);
});

it('takes names that mean something to JavaScript as names', () => {
  const hostile = JSON.parse('{"__proto__":{"tools":[]},"constructor":{"prototype":{"x":1}}}') as Record<
    string,
    unknown
  >;
  const { result } = essentialsOf(hostile);
  expect(Object.keys(result)).toEqual(['__proto__', 'constructor']);
  expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
});
