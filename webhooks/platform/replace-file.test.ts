import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { lstatSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { replaceFile } from './replace-file.ts';

let folder = '';
const at = (name: string): string => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'replace-file-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

it('writes a file, and leaves nothing else', () => {
  expect(replaceFile(at('a'), 'one')).toBeUndefined();
  expect(replaceFile(at('a'), 'two')).toBeUndefined();
  expect(readFileSync(at('a'), 'utf8')).toBe('two');
  expect(readdirSync(folder)).toEqual(['a']);
});

it('replaces the file as a whole: who has the old one open reads the old one', () => {
  writeFileSync(at('a'), 'old');
  const before = statSync(at('a')).ino;
  replaceFile(at('a'), 'new');
  expect(statSync(at('a')).ino).not.toBe(before);
});

it('keeps who may read it', () => {
  writeFileSync(at('a'), 'old');
  chmodSync(at('a'), 0o640);
  replaceFile(at('a'), 'new');
  expect(statSync(at('a')).mode & 0o777).toBe(0o640);
});

it('leaves a link a link', () => {
  mkdirSync(at('elsewhere'));
  writeFileSync(at('elsewhere/a'), 'old');
  symlinkSync(at('elsewhere/a'), at('link'));
  expect(replaceFile(at('link'), 'new')).toBeUndefined();
  expect(lstatSync(at('link')).isSymbolicLink()).toBe(true);
  expect(readFileSync(at('elsewhere/a'), 'utf8')).toBe('new');
});

it('writes to a device instead of replacing it', () => {
  expect(replaceFile('/dev/null', 'x')).toBeUndefined();
  expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true);
});

it.each([
  ['a folder', '.', 'is a folder'],
  ['a folder that is not there', 'missing/a', 'no such folder'],
  ['a file as a folder', 'file/a', 'a part of its path is no folder'],
])('says why it cannot: %s', (_what, path, reason) => {
  writeFileSync(at('file'), '');
  expect(replaceFile(at(path), 'x')).toBe(reason);
  expect(readdirSync(folder)).toEqual(['file']);
});
