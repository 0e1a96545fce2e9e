import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { withLock } from './lock.ts';
import { readProcessIdentity } from './process-identity.ts';

// The tests that follow read /proc.
const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('the lock of a cluster', () => {
  let folder = '';
  let file = '';

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'mcp-lifecycle-lock-'));
    file = path.join(folder, 'lock');
  });

  afterEach(() => rm(folder, { recursive: true }));

  /** What is said while it waits. */
  async function lock(whileWaiting: () => Promise<void> = () => Promise.resolve()): Promise<readonly string[]> {
    const said: string[] = [];
    const waited: Promise<void>[] = [];
    const report = (text: string): void => {
      said.push(text);
      waited.push(whileWaiting());
    };
    await withLock(file, report, async () => {
      expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(readProcessIdentity(process.pid));
    });
    await Promise.all(waited);
    expect(existsSync(file)).toBe(false);
    return said;
  }

  it('is taken, and let go', async () => {
    expect(await lock()).toEqual([]);
  });

  it('does not count when its holder is gone', async () => {
    await writeFile(file, JSON.stringify({ ...readProcessIdentity(process.pid), startedAtTick: '1' }));
    expect(await lock()).toEqual([]);
  });

  it.each(['', '{"pid":'])(
    'does not count when its holder was killed before it wrote who it is: "%s"',
    async (text) => {
      await writeFile(file, text);
      const minutesAgo = new Date(Date.now() - 120_000);
      await utimes(file, minutesAgo, minutesAgo);
      expect(await lock()).toEqual([]);
    },
  );

  it.each([
    ['while its holder lives', () => JSON.stringify(readProcessIdentity(process.pid))],
    ['while its holder is still writing', () => ''],
  ])('is waited for %s', async (_when, text) => {
    await writeFile(file, text());
    expect(await lock(() => rm(file))).toHaveLength(1);
  });
});
