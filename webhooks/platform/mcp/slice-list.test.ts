import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sliceList } from './slice-list.ts';

const names: ReadonlySet<string> = new Set(['tools', 'prompts']);

function slice(text: string) {
  const sliced = sliceList(Buffer.from(text), names);
  if (sliced === undefined) return undefined;
  const items = [...sliced.items].map((item) => Buffer.from(item).toString());
  return { name: sliced.name, rest: Buffer.from(sliced.rest).toString(), items };
}

describe('the list that is cut out of a message', () => {
  it('is that of its result, whatever stands in texts, before and after it', () => {
    const text = `{"id":1,"tools":[1],"result" : {"a":"tools\\":[","tools"\n: [ {"name":"a,]","x":[1,{"tools":[2]}]} , "b\\"]" ],"nextCursor":"c"},"x":{"tools":[3]}}`;
    expect(slice(text)).toEqual({
      name: 'tools',
      rest: `{"id":1,"tools":[1],"result" : {"a":"tools\\":[","tools"\n: [],"nextCursor":"c"},"x":{"tools":[3]}}`,
      items: [` {"name":"a,]","x":[1,{"tools":[2]}]} `, ` "b\\"]" `],
    });
  });

  it.each([
    ['there is none', `{"result":{"resources":[1]}}`],
    ['there are two', `{"result":{"tools":[1],"tools":[2]}}`],
    ['there are two of two names', `{"result":{"tools":[1],"prompts":[2]}}`],
    ['it is no list', `{"result":{"tools":{"tools":[1]}}}`],
    ['it is of something else', `{"error":{"tools":[1]},"result":{}}`],
    ['the message is a list', `[{"result":{"tools":[1]}}]`],
    ['the result is a list', `{"result":[{"tools":[1]}]}`],
    ['its name is a value', `{"result":{"a":"tools","b":[1]}}`],
    ['its name is escaped', `{"result":{"\\u0074ools":[1]}}`],
  ])('is none where %s', (_, text) => {
    expect(slice(text)).toBeUndefined();
  });

  it('has the items that JSON.parse finds, and leaves the rest as it is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.json({ maxDepth: 3 })),
        fc.json(),
        fc.constantFrom('', ' ', '\n\t'),
        (items, other, blank) => {
          const tools = items.map((item) => `${blank}${item}${blank}`).join(',');
          const sliced = slice(`{"other":${other},"result":{"other":${other},"tools":[${tools}],"more":${other}}}`);
          expect(sliced?.items.map((item): unknown => JSON.parse(item))).toEqual(JSON.parse(`[${tools}]`));
          expect(JSON.parse(sliced?.rest ?? '')).toEqual(
            JSON.parse(`{"other":${other},"result":{"other":${other},"tools":[],"more":${other}}}`),
          );
        },
      ),
    );
  });

  it('does not throw, whatever it is given', () => {
    const parts = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      ' ',
      'tools',
      '"result":{',
      '"tools":[',
      '1',
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 30 }), (some) => {
        slice(some.join(''));
        slice(`{"result":{"tools":[${some.join('')}`);
      }),
    );
  });
});
