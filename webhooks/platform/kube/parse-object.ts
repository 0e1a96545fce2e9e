import type { Reading } from './api.ts';
import { withoutManagedFields } from './managed-fields.ts';

/** Undefined for what is not JSON: a proxy between us and the API server answers in HTML. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An answer with an object, or with a list of them, and of it what is read; undefined for what is not JSON. */
export function parseObject(text: string, reading: Reading = {}): unknown {
  return knownAt(text, 0, reading) ?? parseJson(whatIsRead(text, reading));
}

/** The same of a line of a watch. Of an object that is gone all is read. */
export function parseEventLine(line: string, reading: Reading = {}): unknown {
  const [start, type] = reading.isKnown === undefined ? [] : (startOfEvent.exec(line) ?? []);
  const object = start === undefined ? undefined : knownAt(line, start.length, reading);
  return object === undefined ? parseJson(whatIsRead(line, reading)) : { type, object };
}

/** More than how an object begins, up to its version. */
const startBytes = 1_024;

/** What is to be known of a line of which the object is known; undefined where that cannot be told by how it begins. */
export function knownEvent(line: Buffer, reading: Reading = {}): unknown {
  if (reading.isKnown === undefined || reading.isReadWith !== undefined) return undefined;
  // Names have no character beyond ASCII; what has is not told by this.
  const text = line.toString('latin1', 0, startBytes);
  const [start, type] = startOfEvent.exec(text) ?? [];
  if (start === undefined || text.startsWith('{"apiVersion"', start.length)) return undefined;
  const object = knownAt(text, start.length, reading);
  return object === undefined ? undefined : { type, object };
}

function whatIsRead(text: string, { ignoresManagedFields }: Reading): string {
  return ignoresManagedFields === true ? withoutManagedFields(text) : text;
}

const startOfEvent = /^\{"type":"(ADDED|MODIFIED)","object":/;

/**
 * How API servers begin an object of a kind of their own. No name, uid or version has a character that JSON escapes, and
 * what begins otherwise is parsed.
 */
const startOfObject =
  /\{"kind":"\w+","apiVersion":"[\w./]+","metadata":\{"name":"([\w.-]+)","namespace":"([\w-]+)","uid":"([\w-]+)","resourceVersion":"(\d+)"/y;

/**
 * How they end the metadata of a custom object, all of whose names are in order. Annotations may have these names, too, but
 * no spec begins after them.
 */
const endOfCustomMetadata =
  /"name":"([\w.-]+)","namespace":"([\w-]+)","resourceVersion":"(\d+)","uid":"([\w-]+)"\},"spec":\{/g;

/** The metadata of the object that begins there, if it is known; undefined: whether it is cannot be told. */
function knownAt(text: string, at: number, { isKnown, isReadWith }: Reading): unknown {
  if (isKnown === undefined) return undefined;
  const metadata = text.startsWith('{"apiVersion"', at) ? customMetadata(text, at) : metadataAt(text, at);
  if (metadata === undefined) return undefined;
  const object = { metadata };
  if (!isKnown(object) || (isReadWith !== undefined && text.includes(isReadWith))) return undefined;
  return object;
}

function metadataAt(text: string, at: number): object | undefined {
  startOfObject.lastIndex = at;
  const [found, name, namespace, uid, resourceVersion] = startOfObject.exec(text) ?? [];
  return found === undefined ? undefined : { name, namespace, uid, resourceVersion };
}

function customMetadata(text: string, at: number): object | undefined {
  endOfCustomMetadata.lastIndex = at;
  const [found, name, namespace, resourceVersion, uid] = endOfCustomMetadata.exec(text) ?? [];
  return found === undefined ? undefined : { name, namespace, uid, resourceVersion };
}
