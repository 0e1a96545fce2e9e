import { StringDecoder } from 'node:string_decoder';

/** Takes the bytes of a text/event-stream as they come. */
export interface EventStreamReader {
  push(chunk: Buffer): void;
}

/**
 * Reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) and hands on the data of
 * each. Empty data is left out: servers open a stream with an event that only carries an id. Does not bound its
 * memory: the caller counts bytes.
 */
export function createEventStreamReader(onData: (data: string) => void): EventStreamReader {
  const decoder = new StringDecoder('utf8');
  let pending = '';
  let data: string[] = [];
  const takeLine = (line: string): void => {
    if (line === '') {
      const text = data.join('\n');
      data = [];
      if (text.trim() !== '') onData(text);
    } else if (line === 'data' || line.startsWith('data:')) {
      data.push(line.slice(5).replace(/^ /, ''));
    }
  };
  return {
    push(chunk) {
      const lines = (pending + decoder.write(chunk)).split(/\r\n|\n|\r(?!$)/);
      pending = lines.pop() ?? '';
      for (const line of lines) takeLine(line);
    },
  };
}
