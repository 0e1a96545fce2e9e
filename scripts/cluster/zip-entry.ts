import { inflateRawSync } from 'node:zlib';

// Offsets are those of the three records in section 4.3 of the zip format's APPNOTE.
const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const endSize = 22;
const entrySize = 46;
const localHeaderSize = 30;
const stored = 0;

/** The content of one file in a zip archive (no zip64, no encryption), or undefined if it is not in there. */
export function readZipEntry(archive: Buffer, name: string): Buffer | undefined {
  const end = findEnd(archive);
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    if (archive.readUInt32LE(at) !== entrySignature) throw new Error('The zip archive is damaged.');
    const nameLength = archive.readUInt16LE(at + 28);
    if (archive.toString('utf8', at + entrySize, at + entrySize + nameLength) === name) return readContent(archive, at);
    at += entrySize + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  return undefined;
}

/** The archive ends with a record that may carry a comment, so it is searched from the back. */
function findEnd(archive: Buffer): number {
  for (let at = archive.length - endSize; at >= 0; at--) {
    if (archive.readUInt32LE(at) === endSignature) return at;
  }
  throw new Error('This is not a zip archive.');
}

function readContent(archive: Buffer, entry: number): Buffer {
  const method = archive.readUInt16LE(entry + 10);
  const packedSize = archive.readUInt32LE(entry + 20);
  const header = archive.readUInt32LE(entry + 42);
  const start = header + localHeaderSize + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28);
  const packed = archive.subarray(start, start + packedSize);
  return method === stored ? packed : inflateRawSync(packed);
}
