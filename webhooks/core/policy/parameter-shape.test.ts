import { describe, expect, it } from '@jest/globals';
import type { ParameterTable, RuleParameters } from '../engine/parameters.ts';
import { renderPath } from '../mcpserver/violation.ts';
import { parametersShape } from './parameter-shape.ts';
import { createTell } from './problem.ts';

const table: ParameterTable = {
  evens: {
    type: 'strings',
    default: [],
    help: 'H.',
    maxItems: 2,
    form: { what: 'an even number', pattern: /^\d+$/, isUsable: (text) => Number(text) % 2 === 0 },
  },
  amounts: { type: 'map', values: 'quantity', isOptional: true, help: 'H.' },
  words: {
    type: 'map',
    isOptional: true,
    help: 'H.',
    keys: { what: 'a word, not ours', pattern: /^[a-z]+$/, except: ['ours'] },
  },
};

function read(raw: object): { readonly value: RuleParameters | undefined; readonly wrong: readonly string[] } {
  const tell = createTell();
  const value = parametersShape(table).read(raw, ['parameters'], tell);
  return { value, wrong: tell.problems.wrong.map(({ path, headline }) => `${renderPath(path)} ${headline}`) };
}

describe('the parameters of a rule', () => {
  it('are all that it needs, because they replace those of other entries', () => {
    const tell = createTell();
    parametersShape({ ...table, needed: { type: 'boolean', help: 'Whether it is.' } }).read({}, ['parameters'], tell);
    expect(tell.problems.wrong).toEqual([
      { path: ['parameters', 'needed'], headline: 'is missing', detail: 'Whether it is', remedy: 'Add it.' },
    ]);
  });

  it('are lists of what the rule can use', () => {
    expect(read({ evens: ['2', '4'] })).toEqual({ value: { evens: ['2', '4'] }, wrong: [] });
    expect(read({ evens: ['2', '3'] }).wrong).toEqual(['parameters.evens[1] has to be an even number']);
    expect(read({ evens: ['two'] }).wrong).toEqual(['parameters.evens[0] has to be an even number']);
    expect(read({ evens: ['2', '4', '6'] }).wrong).toEqual(['parameters.evens has to be a list of at most 2 items']);
  });

  it('say in the schema what can be said there', () => {
    expect(parametersShape(table).schema).toMatchObject({
      properties: {
        evens: { maxItems: 2, items: { pattern: String.raw`^\d+$` } },
        words: { propertyNames: { pattern: '^[a-z]+$', not: { enum: ['ours'] } } },
      },
    });
  });

  it('are maps with keys that the rule can use', () => {
    expect(read({ words: { a: 'b' } })).toEqual({ value: { words: { a: 'b' } }, wrong: [] });
    expect(read({ words: { A: 'b' } }).wrong).toEqual(['parameters.words.A has to be a word, not ours']);
    expect(read({ words: { ours: 'b' } }).wrong).toEqual(['parameters.words.ours has to be a word, not ours']);
  });

  it('are maps of amounts, in quotes or not', () => {
    const value = { amounts: { memory: '1Gi', 'example.com/gpu': '1' } };
    expect(read({ amounts: { memory: '1Gi', 'example.com/gpu': 1 } })).toEqual({ value, wrong: [] });
    expect(read({ amounts: { memory: 'much' } }).wrong).toEqual([
      'parameters.amounts.memory has to be a quantity, such as 500m or 2Gi',
    ]);
  });
});
