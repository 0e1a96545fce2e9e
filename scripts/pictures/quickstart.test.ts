import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';

const recording = readFileSync('scripts/pictures/quickstart.txt', 'utf8');
const commands = [...recording.matchAll(/^\$ (.+)$/gm)].map(([, command]) => command);

it('the recorded quickstart is what the README tells people to run, and shows what it does today', () => {
  expect(commands[0]).toBe('npm run quickstart');
  expect(readFileSync('README.md', 'utf8')).toMatch(/^npm run quickstart /m);
  const program = readFileSync('scripts/quickstart/main.ts', 'utf8');
  const shown = [...program.matchAll(/\bprint\('([^']+)'/g)].map(([, command]) => command);
  expect(shown.length).toBeGreaterThan(0);
  expect(commands).toEqual(expect.arrayContaining(shown));
});

it('the recording is of a run that succeeded, and says nothing of the machine that it ran on', () => {
  expect(recording).toMatch(/\d\.\ds {2}done\n$/);
  expect(recording).not.toMatch(/\/(?:root|home|work|tmp)\b/);
});
