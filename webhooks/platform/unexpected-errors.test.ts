import { spawnSync } from 'node:child_process';

import { expect, it } from '@jest/globals';

/** A process of its own: the test runner has handlers for such errors, too. */
function run(program: string): { readonly status: number | null; readonly lines: readonly Record<string, unknown>[] } {
  const module = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href);
  const source = `
    import { createLogger } from ${module('./log.ts')};
    import { catchUnexpected, onBehalfOf, unexpectedErrors } from ${module('./unexpected-errors.ts')};
    const log = createLogger({ level: 'info', write: (line) => process.stdout.write(line), now: () => new Date() });
    let now = 0;
    catchUnexpected(log, () => now);
    ${program}`;
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8' });
  const lines = stdout.split('\n').filter((line) => line !== '');
  return { status, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

it('survives what nobody caught, and tells and counts it with the server that was worked on', () => {
  const { status, lines } = run(`
    onBehalfOf('tools/search', () => setTimeout(() => { throw new Error('in a timer'); }, 1));
    onBehalfOf('tools/find', () => { void (async () => { await null; throw { toString: 0 }; })(); });
    setTimeout(() => log.info('still here', unexpectedErrors()), 50);`);
  expect(status).toBe(0);
  expect(lines).toMatchObject([
    { key: 'tools/find', origin: 'rejection', error: 'a value of type object' },
    { key: 'tools/search', origin: 'exception', error: 'in a timer', stack: expect.stringContaining('in a timer') },
    { message: 'still here', exception: 1, rejection: 1 },
  ]);
});

it('tells a storm of them in a few lines a minute, and how many there were', () => {
  const { status, lines } = run(`
    const later = () => { now = 60_000; throw new Error('later'); };
    const storm = (left) => setImmediate(left === 0 ? later : () => { storm(left - 1); throw new Error('again'); });
    storm(1000);`);
  expect(status).toBe(0);
  expect(lines).toHaveLength(6);
  expect(lines.at(-1)).toMatchObject({ error: 'later', untold: 995 });
});
