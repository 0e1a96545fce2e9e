import { expect, it } from '@jest/globals';
import { parseOptions, renderOptions } from './options.ts';

const options = {
  output: { type: 'choice', choices: ['text', 'json', 'sarif'], short: 'o', help: 'for whom' },
  namespace: { type: 'text', placeholder: 'NAME', default: 'default', help: 'where' },
  strict: { type: 'flag', help: 'no mercy' },
} as const;

it('knows the type of each option, and its default', () => {
  const parsed = parseOptions(['a', 'b'], options);
  if (parsed.type !== 'parsed') throw new Error('refused');
  // Compiles because each has a type of its own: one of three words, a text, a claim.
  const values: { output: 'text' | 'json' | 'sarif'; namespace: string; strict: boolean } = parsed.values;
  expect(values).toMatchObject({ output: 'text', namespace: 'default', strict: false });
  expect(parsed.positionals).toEqual(['a', 'b']);
});

it('takes what was given, in long and in short', () => {
  expect(parseOptions(['-o', 'sarif', '--strict', '--namespace=x'], options)).toMatchObject({
    type: 'parsed',
    values: { output: 'sarif', namespace: 'x', strict: true },
  });
});

it.each([
  [['--output', 'xml'], "--output takes text, json or sarif, not 'xml'"],
  [['--nope'], "Unknown option '--nope'"],
  [['--namespace'], 'argument missing'],
])('refuses %j, and says why', (args, problem) => {
  expect(parseOptions(args, options)).toEqual({ type: 'refused', problem: expect.stringContaining(problem) });
});

it.each(['--help', '-h'])('knows %s everywhere', (help) => {
  expect(parseOptions(['a', help], {})).toEqual({ type: 'help' });
});

it('writes the help from the options themselves', () => {
  expect(renderOptions(options)).toMatchInlineSnapshot(`
   "  --output text|json|sarif for whom (default text)
     --namespace NAME         where (default default)
     --strict                 no mercy
   "
  `);
});
