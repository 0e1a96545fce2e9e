import type { Pile } from './pile.ts';

/** Takes the bytes of a text/event-stream as they come. */
export interface EventStreamReader {
  push(chunk: Uint8Array): void;
}

export interface EventStreamOptions {
  /** Where the line that is not complete yet, and the data of the event so far, are kept; they bound what is kept. */
  readonly line: Pile;
  readonly data: Pile;
  /** The data of one event; valid until it returns. */
  readonly onData: (data: Uint8Array) => void;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const blank = 0x20;
const dataField = Buffer.from('data');
const colon = 0x3a;

/**
 * Reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) and hands on the data of
 * each. Empty data is left out: servers open a stream with an event that only carries an id. Each byte is looked at
 * once and copied at most twice, however it was cut into chunks.
 */
export function createEventStreamReader({ line, data, onData }: EventStreamOptions): EventStreamReader {
  let hasData = false;
  let isAfterReturn = false;
  let isFirstLine = true;
  const takeField = (bytes: Uint8Array): void => {
    if (!isDataField(bytes)) return;
    if (hasData) data.add(newLine);
    hasData = true;
    const from = bytes[5] === blank ? 6 : 5;
    data.add(bytes.subarray(from));
  };
  const takeLine = (bytes: Uint8Array): void => {
    if (bytes.length > 0) {
      takeField(bytes);
      return;
    }
    const event = data.take();
    hasData = false;
    if (event.some((byte) => byte > blank)) onData(event);
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

function isDataField(bytes: Uint8Array): boolean {
  if (bytes.length < dataField.length || (bytes.length > dataField.length && bytes[dataField.length] !== colon))
    return false;
  return dataField.every((byte, index) => bytes[index] === byte);
}

/** Bytes of UTF-8 without the mark that some servers begin with, as clients read them. */
export function withoutByteOrderMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}
