import { createHash } from 'node:crypto';
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { contractOf } from './contract.ts';
import { listTools, readListed, writeListed } from './listed-tools.ts';
import { readTool } from './tool.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function listOf(tools: readonly unknown[]): ReturnType<typeof listTools> {
  const read = tools
    .map((tool) => readTool(tool, { sha256 }))
    .flatMap((one) => (one.type === 'read' ? [one.tool] : []));
  const made = contractOf(read, { sha256 });
  if (made.type === 'none') throw new Error(made.why);
  return listTools(made.contract, sha256);
}

it('the list of tools has each with its hints, by name, whatever stands in names', () => {
  const { listed, truncated } = listOf([{ name: 'b c', annotations: { readOnlyHint: true } }, { name: 'a\nb\u202e' }]);
  expect(readListed(listed)).toEqual([
    {
      name: String.raw`a\u{a}b\u{202e}`,
      interface: expect.stringMatching(/^[0-9a-f]{8}$/),
      wording: expect.stringMatching(/^[0-9a-f]{8}$/),
      readOnly: false,
      destructive: true,
      openWorld: true,
    },
    expect.objectContaining({ name: 'b c', readOnly: true, destructive: false, openWorld: true }),
  ]);
  expect(truncated).toBe(0);
  expect(readListed(listOf([]).listed)).toEqual([]);
});

it('the list of tools ends with the sixty-fourth, and stays below what a status has room for', () => {
  const { listed, truncated } = listOf(Array.from({ length: 512 }, (_, at) => ({ name: `${at}${'x'.repeat(200)}` })));
  expect(readListed(listed)).toHaveLength(64);
  expect(truncated).toBe(448);
  expect(listed.length).toBeLessThan(64 * 155);
});

it('the list of tools is the same after a restart, which has only what status says', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }), { maxLength: 9 }),
      (names) => {
        const { listed } = listOf(
          names
            .map((name) => ({ name: name.toWellFormed() }))
            .filter(({ name }, at, all) => all.findIndex((one) => one.name === name) === at),
        );
        expect(writeListed(readListed(listed))).toBe(listed);
      },
    ),
  );
});

it('the list of tools has two names for two tools, however alike they look or long they are', () => {
  const names = ['pay', 'pay\u200b', 'pay\\u{200b}', ' pay', ...['a', 'b'].map((end) => `${'x'.repeat(200)}${end}`)];
  const listed = readListed(listOf(names.map((name) => ({ name }))).listed).map(({ name }) => name);
  expect(new Set(listed).size).toBe(names.length);
  expect(listed).toContain('pay');
  expect(listed).toContain(String.raw`pay\u{200b}`);
  expect([...listed].sort()).toEqual(listed);
});
