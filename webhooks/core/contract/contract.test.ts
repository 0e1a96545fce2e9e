import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compareContracts } from './compare-contracts.ts';
import type { ChangeClass, ComparedContract } from './compare-contracts.ts';
import { contractOf, digestOfNone, maxTools } from './contract.ts';
import type { ContractOutcome } from './contract.ts';
import { maxToolLength, readTool } from './tool.ts';
import type { ReadTool } from './tool.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const read = (tool: unknown, ignore: readonly string[] = []): ReadTool => readTool(tool, { sha256, ignore });
const search = {
  name: 'search',
  title: 'Search',
  description: 'Finds things',
  inputSchema: { type: 'object', properties: { q: { type: 'string', description: 'what' } }, required: ['q'] },
  annotations: { readOnlyHint: true },
};

function outcome(tools: readonly unknown[], ignore: readonly string[] = []): ContractOutcome {
  const digests = tools.map((tool) => {
    const one = read(tool, ignore);
    if (one.type === 'none') throw new Error(one.why);
    return one.tool;
  });
  return contractOf(digests, { sha256, ignore });
}

function contract(
  tools: readonly unknown[],
  { withSchemas = true, ignore = [] as readonly string[] } = {},
): ComparedContract {
  const made = outcome(tools, ignore);
  if (made.type === 'none') throw new Error(made.why);
  const schemas = new Map(
    tools.map((tool) => {
      const one = read(tool, ignore);
      return one.type === 'none' ? ['', undefined] : [one.tool.name, one.schemas];
    }),
  );
  const { digest } = made.contract;
  const known = (name: string): object => {
    const of = schemas.get(name);
    return withSchemas && of !== undefined ? { schemas: of } : {};
  };
  return { digest, tools: made.contract.tools.map((tool) => ({ ...tool, ...known(tool.name) })) };
}

const digestOf = (tools: readonly unknown[], ignore: readonly string[] = []): string =>
  contract(tools, { ignore }).digest;

describe('the digest of a contract', () => {
  it('is made as it always was: another way needs another name of the algorithm', () => {
    expect(digestOf([search])).toBe(
      `sha256:${sha256(
        `mcp-lifecycle/tool-contract/v1\nsearch\0${sha256(
          JSON.stringify({
            annotations: { readOnlyHint: true },
            description: 'Finds things',
            inputSchema: {
              properties: { q: { description: 'what', type: 'string' } },
              required: ['q'],
              type: 'object',
            },
            name: 'search',
            title: 'Search',
          }),
        )}\n`,
      )}`,
    );
  });

  it('of no tools is known', () => {
    expect(digestOf([])).toBe(digestOfNone);
  });

  it('is the same for the same tools in any order, with their members in any order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 5 }), fc.json(), (names, text) => {
        const extra = JSON.parse(text) as unknown;
        const tools = names.map((name) => ({ name: `t${name.toWellFormed()}`, extra }));
        fc.pre(new Set(tools.map(({ name }) => name)).size === tools.length && !text.includes('\\ud'));
        const turned = [...tools].reverse().map(({ name, extra: more }) => ({ extra: more, name }));
        expect(digestOf(turned)).toBe(digestOf(tools));
      }),
    );
  });

  it.each<[string, object]>([
    ['a description', { description: 'Finds  things' }],
    ['a zero-width character', { description: 'Finds\u200b things' }],
    ['an icon', { icons: [{ src: 'https://example.com/a.png' }] }],
    ['metadata', { _meta: { version: 2 } }],
    ['a member that nobody knows', { execution: { taskSupport: 'optional' } }],
    ['an annotation', { annotations: { readOnlyHint: true, idempotentHint: true } }],
    ['another form of a letter', { title: 'Se\u0301arch' }],
  ])('is another one for %s', (_, change) => {
    expect(digestOf([{ ...search, ...change }])).not.toBe(digestOf([search]));
  });

  it('looks away where it is told to, and says so in what it is made of', () => {
    const noisy = (at: number): object => ({ ...search, _meta: { at, kept: 1 }, annotations: { 'a/b': at } });
    const ignore = ['/_meta/at', '/annotations/a~1b'];
    expect(digestOf([noisy(1)], ignore)).toBe(digestOf([noisy(2)], ignore));
    expect(digestOf([noisy(1)])).not.toBe(digestOf([noisy(2)]));
    expect(digestOf([search], ['/nothing'])).not.toBe(digestOf([search]));
    expect(digestOf([search], ['/b', '/a'])).toBe(digestOf([search], ['/a', '/b', '/a']));
  });

  it('never looks away from names', () => {
    expect(digestOf([{ ...search, name: 'a' }], ['/name'])).not.toBe(digestOf([{ ...search, name: 'b' }], ['/name']));
    expect(digestOf([search], [''])).not.toBe(digestOf([{ ...search, description: '' }], ['']));
  });

  it.each<[string, unknown, string]>([
    ['without a name', { description: 'x' }, 'ContractUnreadable'],
    ['with an empty name', { name: '' }, 'ContractUnreadable'],
    ['that is none', ['search'], 'ContractUnreadable'],
    ['with a half of a character', { name: 'a', description: '\ud83d' }, 'ContractUnreadable'],
    ['that is too long', { name: 'a', description: 'x'.repeat(maxToolLength) }, 'ContractTooLarge'],
  ])('does not exist for a tool %s', (_, tool, reason) => {
    expect(read(tool)).toMatchObject({ type: 'none', reason });
  });

  it('does not exist for two tools of one name, nor for too many', () => {
    expect(outcome([search, { ...search }])).toMatchObject({ type: 'none', reason: 'ContractUnreadable' });
    const many = (count: number): readonly unknown[] => Array.from({ length: count }, (_, at) => ({ name: `t${at}` }));
    expect(outcome(many(maxTools))).toMatchObject({ type: 'contract' });
    expect(outcome(many(maxTools + 1))).toMatchObject({ type: 'none', reason: 'ContractTooLarge' });
  });
});

describe('changes of a contract', () => {
  const input = (schema: object): object => ({ ...search, inputSchema: { ...search.inputSchema, ...schema } });
  const properties = (more: object): object => ({ properties: { ...search.inputSchema.properties, ...more } });
  const other = { name: 'zap', annotations: { readOnlyHint: false } };
  const told = (before: readonly unknown[], after: readonly unknown[], withSchemas = true): readonly string[] =>
    compareContracts(contract(before, { withSchemas }), contract(after, { withSchemas })).map(
      ({ class: one, tool = '', what }) => `${one} ${tool}: ${what}`,
    );

  it.each<[ChangeClass, string, readonly unknown[], readonly unknown[], readonly string[]]>([
    ['Added', 'a tool', [search], [search, other], ['Added zap: is new']],
    ['Removed', 'a tool', [search, other], [search], ['Removed zap: is gone']],
    ['Removed', 'a name', [other], [{ ...other, name: 'zip' }], ['Removed zap: is gone', 'Added zip: is new']],
    [
      'InterfaceBreaking',
      'a property that is required',
      [search],
      [input({ ...properties({ n: { type: 'integer' } }), required: ['q', 'n'] })],
      [`InterfaceBreaking search: input 'n': is required now`],
    ],
    [
      'InterfaceCompatible',
      'a property that is not',
      [search],
      [input(properties({ n: { type: 'integer' } }))],
      ['InterfaceCompatible search: takes what it took, and answers as it did'],
    ],
    [
      'InterfaceBreaking',
      'a property of the result that is gone',
      [{ ...search, outputSchema: { type: 'object', properties: { a: { type: 'string' }, b: {} } } }],
      [{ ...search, outputSchema: { type: 'object', properties: { a: { type: 'string' } } } }],
      [`InterfaceBreaking search: output 'b': is not there any more`],
    ],
    [
      'InterfaceBreaking',
      'a result that may be more than it was',
      [{ ...search, outputSchema: { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] } }],
      [{ ...search, outputSchema: { type: 'object', properties: { a: { type: ['string', 'null'] } } } }],
      [`InterfaceBreaking search: output 'a': is not promised any more`],
    ],
    [
      'InterfaceCompatible',
      'a schema of results where there was none',
      [search],
      [{ ...search, outputSchema: { type: 'object' } }],
      ['InterfaceCompatible search: takes what it took, and answers as it did'],
    ],
    [
      'InterfaceBreaking',
      'a property that is gone where all others are taken',
      [search],
      [input({ properties: { query: { type: 'string' } }, required: [] })],
      [`InterfaceBreaking search: input 'q': is not taken any more`, 'Wording search: its descriptions are others'],
    ],
    [
      'InterfaceBreaking',
      'a property of items of the result that is gone',
      [{ ...search, outputSchema: { type: 'array', items: { properties: { a: true, b: true } } } }],
      [{ ...search, outputSchema: { type: 'array', items: { properties: { a: true } } } }],
      [`InterfaceBreaking search: output '[].b': is not there any more`],
    ],
    [
      'Wording',
      'a description',
      [search],
      [{ ...search, description: 'x' }],
      ['Wording search: its descriptions are others'],
    ],
    [
      'Wording',
      'the description of a parameter',
      [search],
      [input({ properties: { q: { type: 'string', description: 'else' } } })],
      ['Wording search: its descriptions are others'],
    ],
    [
      'Risk',
      'a tool that writes now',
      [search],
      [{ ...search, annotations: { readOnlyHint: false } }],
      ['Risk search: is not read-only any more, may destroy now'],
    ],
    [
      'Risk',
      'hints that are gone',
      [{ ...search, annotations: { destructiveHint: false, openWorldHint: false } }],
      [{ ...search, annotations: undefined }],
      ['Risk search: may destroy now, reaches an open world now'],
    ],
    [
      'Wording',
      'a hint that tells of less danger, which invites approval',
      [{ ...search, annotations: { destructiveHint: false } }],
      [search],
      ['Wording search: says readOnly: true now'],
    ],
    [
      'Notation',
      'a schema in another notation',
      [search],
      [{ ...search, inputSchema: { $schema: 'x', ...search.inputSchema, additionalProperties: true } }],
      ['Notation search: is written in another way'],
    ],
    [
      'Notation',
      'what is said anyway',
      [other],
      [{ ...other, annotations: { readOnlyHint: false, destructiveHint: true, openWorldHint: true } }],
      ['Notation zap: is written in another way'],
    ],
  ])('%s: %s', (_, __, before, after, expected) => {
    expect(told(before, after)).toEqual(expected);
  });

  it('are none between equal contracts', () => {
    expect(told([search, other], [other, search])).toEqual([]);
  });

  it('of another interface break where the schemas are not at hand', () => {
    expect(told([search], [input(properties({ n: {} }))], false)).toEqual([
      'InterfaceBreaking search: its schemas are others, and cannot be compared',
    ]);
  });

  it('are told by the beginnings of digests, and not of tools that are not listed', () => {
    const cut = (tools: readonly unknown[], kept: number): ComparedContract => {
      const { digest, tools: all } = contract(tools, { withSchemas: false });
      const listed = all.slice(0, kept).map(({ name, readOnly, destructive, openWorld, ...digests }) => ({
        ...{ name, readOnly, destructive, openWorld },
        ...{ interface: digests.interface.slice(0, 8), wording: digests.wording.slice(0, 8) },
      }));
      return { digest, tools: listed, truncated: all.length - listed.length };
    };
    const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ ...search, name }));
    const changes = (before: ComparedContract, after: ComparedContract): readonly string[] =>
      compareContracts(before, after).map(({ class: one, tool = '-' }) => `${one} ${tool}`);
    expect(changes(cut([a, c], 2), cut([a, b, c], 2))).toEqual(['Added b']);
    expect(changes(cut([a, b], 1), cut([a, c], 1))).toEqual(['Notation -']);
    expect(changes(cut([a], 1), contract([{ ...search, name: 'a', title: 'x' }]))).toEqual(['Wording a']);
  });
});
