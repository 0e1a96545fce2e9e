import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { inWordsOfUrls } from './words-of-urls.ts';

it.each(['judge-reply.ts', 'second-look.ts'])(
  'whoever typed a URL is told to correct that, not a spec that is not there: %s',
  (file) => {
    const source = readFileSync(`webhooks/platform/mcp/${file}`, 'utf8').replaceAll(/^\s*(\/\/|\/?\*).*$/gm, '');
    const advising = [...source.matchAll(/'[^'\n]*\bspec\.[^'\n]*'|`[^`]*\bspec\.[^`]*`/g)].map(([text]) => text);
    expect(advising).not.toEqual([]);
    for (const text of advising) expect(inWordsOfUrls(text)).not.toMatch(/\bspec\./);
  },
);
