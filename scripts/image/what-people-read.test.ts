import { describe, expect, it } from '@jest/globals';
import { withoutFields } from './what-people-read.ts';

const cut = (text: string): string => withoutFields('rule.ts', text, ['examples', 'rationale']);

describe('rules without their pages', () => {
  it.each([
    ['written as an object', `export const a: Rule = { id: 'a', summary: 's', rationale: 'r', check };`],
    [
      'given to defineRule',
      `export const a = defineRule({ id: 'a', summary: 's', examples: { accepts: [] }, check });`,
    ],
  ])('of a rule that is %s', (_, text) => {
    const left = cut(text);
    expect(left).not.toMatch(/rationale|examples/);
    expect(left).toMatch(/\{ id: 'a', summary: 's', check \}/);
  });

  it('with the comma of the last field', () => {
    expect(cut(`const a = { summary: 's', examples: { rejects: [{ title: 'x, y' }] } };`)).toBe(
      `const a = { summary: 's', };`,
    );
    expect(cut(`const a = {\n  rationale: 'r',\n  summary: 's',\n};`)).toBe(`const a = {\n  summary: 's',\n};`);
  });

  it('and leave objects that are no rules as they are', () => {
    const text = `const table = { examples: 1 };\nfunction f() { return { rationale: 2 }; }`;
    expect(cut(text)).toBe(text);
  });
});
