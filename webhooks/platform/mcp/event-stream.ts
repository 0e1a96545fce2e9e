import type { Pile } from './pile.ts';

/** Takes the bytes of a text/event-stream as they come. */
export interface EventStreamReader {
  push(chunk: Uint8Array): void;
}

export interface EventStreamOptions {
  /** Where the line that is not complete yet, and the data of the event so far, are kept; they bound what is kept. */
  readonly line: Pile;
  readonly data: Pile;
  /** The data of one event, valid until it returns, and the event's name, if it has a short one. */
  readonly onData: (data: Uint8Array, event: string) => void;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const blank = 0x20;
const dataField = Buffer.from('data');
const eventField = Buffer.from('event');
const colon = 0x3a;
/** Longest name of an event that is told, in bytes. */
const maxEventBytes = 32;

/**
 * Reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) and hands on the data of
 * each. Empty data is left out: servers open a stream with an event that only carries an id. Each byte is looked at
 * once and copied at most twice, however it was cut into chunks.
 */
export function createEventStreamReader({ line, data, onData }: EventStreamOptions): EventStreamReader {
  let hasData = false;
  let event = '';
  let isAfterReturn = false;
  let isFirstLine = true;
  const takeField = (bytes: Uint8Array): void => {
    if (isField(eventField, bytes)) event = eventName(valueOf(eventField, bytes));
    if (!isField(dataField, bytes)) return;
    if (hasData) data.add(newLine);
    hasData = true;
    data.add(valueOf(dataField, bytes));
  };
  const takeLine = (bytes: Uint8Array): void => {
    if (bytes.length > 0) {
      takeField(bytes);
      return;
    }
    const content = data.take();
    const name = event;
    hasData = false;
    event = '';
    if (content.some((byte) => byte > blank)) onData(content, name);
  };
  const endLine = (rest: Uint8Array): void => {
    line.add(rest);
    const bytes = line.take();
    takeLine(isFirstLine ? withoutByteOrderMark(bytes) : bytes);
    isFirstLine = false;
  };
  return {
    push(chunk) {
      let from = 0;
      for (let at = 0; at < chunk.length; at += 1) {
        const byte = chunk[at];
        if (byte !== lineFeed && byte !== carriageReturn) {
          isAfterReturn = false;
          continue;
        }
        // CR LF is one end, also when they come in two chunks
        if (byte === carriageReturn || !isAfterReturn) endLine(chunk.subarray(from, at));
        from = at + 1;
        isAfterReturn = byte === carriageReturn;
      }
      line.add(chunk.subarray(from));
    },
  };
}

const newLine = Uint8Array.of(lineFeed);

function isField(name: Uint8Array, line: Uint8Array): boolean {
  if (line.length < name.length || (line.length > name.length && line[name.length] !== colon)) return false;
  return name.every((byte, index) => line[index] === byte);
}

function valueOf(name: Uint8Array, line: Uint8Array): Uint8Array {
  const from = name.length + 1;
  return line.subarray(line[from] === blank ? from + 1 : from);
}

function eventName(bytes: Uint8Array): string {
  return bytes.length > maxEventBytes ? '' : String.fromCharCode(...bytes);
}

/** Bytes of UTF-8 without the mark that some servers begin with, as clients read them. */
export function withoutByteOrderMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}
