import { describe, expect, it } from '@jest/globals';
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
  [['--namespace', 'a', '--namespace=b'], '--namespace is there twice, and takes one value'],
  [['-o', 'text', '--output', 'json'], '--output is there twice, and takes one value'],
])('refuses %j, and says why', (args, problem) => {
  expect(parseOptions(args, options)).toEqual({ type: 'refused', problem: expect.stringContaining(problem) });
});

it('names the option that was probably meant', () => {
  expect(parseOptions(['--ouput', 'json'], options)).toEqual({
    type: 'refused',
    problem: "Unknown option '--ouput': did you mean --output? The name of a file that begins with - stands behind --",
  });
});

it('refuses an unknown option in whole sentences', () => {
  expect(parseOptions(['--nope'], options)).toEqual({
    type: 'refused',
    problem: "Unknown option '--nope'. The name of a file that begins with - stands behind --",
  });
});

it.each(['--help', '-h'])('knows %s everywhere', (help) => {
  expect(parseOptions(['a', help], {})).toEqual({ type: 'help' });
});

describe('targets', () => {
  const targets = { output: { type: 'targets', choices: ['text', 'json'], short: 'o', help: 'for whom' } } as const;
  const read = (...args: readonly string[]) => parseOptions(args, targets);

  it('are the first word on standard output when nothing is said', () => {
    expect(read()).toMatchObject({ values: { output: [{ name: 'text', file: undefined }] } });
  });

  it('are words and files, of which one has none', () => {
    const parsed = read('-o', 'json=a=b.json', '--output', 'json=c', '--output=text=-');
    if (parsed.type !== 'parsed') throw new Error('refused');
    // Compiles because each is one of the words.
    const values: readonly { readonly name: 'text' | 'json'; readonly file: string | undefined }[] =
      parsed.values.output;
    expect(values).toEqual([
      { name: 'json', file: 'a=b.json' },
      { name: 'json', file: 'c' },
      { name: 'text', file: undefined },
    ]);
  });

  it.each([
    [['-o', 'xml=a'], "--output takes text or json, not 'xml'"],
    [['-o', 'text', '-o', 'json'], 'both go to standard output: give one of them a file, as --output json=FILE'],
    [['-o', 'text=-', '-o', 'text'], 'both go to standard output'],
    [['-o', 'text='], '--output text= names no file'],
    [['-o', 'text=a', '-o', 'json=a'], '--output names the file a twice'],
  ])('refuse %j', (args, problem) => {
    expect(read(...args)).toEqual({ type: 'refused', problem: expect.stringContaining(problem) });
  });

  it('are described with their words, on a line of their own when these are many', () => {
    expect(renderOptions(targets)).toMatchInlineSnapshot(`
     "  --output text|json[=FILE]
                                for whom (default text)
     "
    `);
  });
});

it('writes the help from the options themselves', () => {
  expect(renderOptions(options)).toMatchInlineSnapshot(`
   "  --output text|json|sarif for whom (default text)
     --namespace NAME         where (default default)
     --strict                 no mercy
   "
  `);
});
