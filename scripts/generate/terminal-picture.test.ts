import { expect, it } from '@jest/globals';
import { terminalPicture } from './terminal-picture.ts';

const letters = (svg: string): readonly string[] =>
  [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, t = '']) => t);

it('shows every line as letters, and what is wider than the terminal goes on below', () => {
  const svg = terminalPicture(`$ one\n\n  ${'x'.repeat(150)}\n`, 'a run');
  expect(letters(svg)).toEqual(['$ one', 'x'.repeat(138), 'x'.repeat(12)]);
  // Four rows of 17, one of them empty, and the margin.
  expect(svg).toContain('viewBox="0 0 1040 100"');
});

it('is no place for marks of what a program says', () => {
  expect(letters(terminalPicture('a < b & "c"', '"&'))).toEqual(['a &lt; b &amp; &quot;c&quot;']);
  expect(terminalPicture('a', '"&')).toContain('aria-label="&quot;&amp;"');
});

it.each([
  ['$ kubectl get mcpservers', '#7ee787'],
  ['  The MCPServer "a" is invalid: spec', '#ff7b72'],
  ['  Warning: spec.x: not found', '#e3b341'],
  ['  12.3s  loading', '#8b949e'],
  ['  kubernetes   Running', '#e6edf3'],
])('gives %j its colour', (line, colour) => {
  expect(terminalPicture(line, 'a run')).toContain(`fill="${colour}"`);
});
