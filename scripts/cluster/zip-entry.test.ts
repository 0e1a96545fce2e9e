import { describe, expect, it } from '@jest/globals';
import { deflateRawSync } from 'node:zlib';
import { readZipEntry } from './zip-entry.ts';

interface Entry {
  readonly name: string;
  readonly content: string;
  readonly isPacked: boolean;
}

describe('reading from a zip archive', () => {
  const archive = zip([
    { name: 'a.txt', content: 'plain', isPacked: false },
    { name: 'dir/b.txt', content: 'packed '.repeat(100), isPacked: true },
  ]);

  it.each([
    ['a.txt', 'plain'],
    ['dir/b.txt', 'packed '.repeat(100)],
  ])('finds %s', (name, content) => {
    expect(readZipEntry(archive, name)?.toString()).toBe(content);
  });

  it('finds nothing under another name', () => {
    expect(readZipEntry(archive, 'b.txt')).toBeUndefined();
  });

  it('copes with a comment at the end', () => {
    expect(readZipEntry(Buffer.concat([archive, Buffer.from('a comment')]), 'a.txt')?.toString()).toBe('plain');
  });

  it('refuses what is not an archive', () => {
    expect(() => readZipEntry(Buffer.from('no archive, but longer than its last record'), 'a')).toThrow(/not a zip/);
  });
});

/** An archive with the fields that a reader needs; checksums and dates stay zero. */
function zip(entries: readonly Entry[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  for (const { name, content, isPacked } of entries) {
    const data = isPacked ? deflateRawSync(content) : Buffer.from(content);
    const offset = Buffer.concat(files).length;
    const header = Buffer.alloc(30);
    header.writeUInt16LE(name.length, 26);
    files.push(header, Buffer.from(name), data);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(isPacked ? 8 : 0, 10);
    entry.writeUInt32LE(data.length, 20);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(offset, 42);
    directory.push(entry, Buffer.from(name));
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(Buffer.concat(files).length, 16);
  return Buffer.concat([...files, ...directory, end]);
}
