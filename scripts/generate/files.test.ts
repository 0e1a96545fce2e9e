import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { findStale, writeFiles } from './files.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'generated-'));
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

const file = { path: 'docs/rules/a.md', content: 'new' };

it('finds a file that is missing', async () => {
  expect(await findStale([file], root)).toEqual([file]);
});

it('finds a file with other bytes', async () => {
  await writeFiles([{ ...file, content: 'old' }], root);
  expect(await findStale([file], root)).toEqual([file]);
});

it('finds nothing after writing', async () => {
  await writeFiles([file], root);
  expect(await findStale([file], root)).toEqual([]);
  expect(await readFile(join(root, file.path), 'utf8')).toBe('new');
});
