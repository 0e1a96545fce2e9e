import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';

it('the page for contributors has every case of other projects, and no other', () => {
  const [, section = ''] = readFileSync('CONTRIBUTING.md', 'utf8').split('(`npm run test:ecosystem`)');
  const named = [...section.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map(([, name]) => name);
  expect(named).toEqual(readdirSync('e2e/ecosystem').toSorted());
});
