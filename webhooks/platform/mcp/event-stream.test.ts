import { expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createEventStreamReader } from './event-stream.ts';
import { createPile } from './pile.ts';

interface Read {
  readonly events: readonly string[];
  /** Bytes that were copied into a pile, in all. */
  readonly copied: number;
}

function read(text: string, cuts: readonly number[] = []): Read {
  const events: string[] = [];
  let copied = 0;
  const counted = (): ReturnType<typeof createPile> => {
    const pile = createPile(() => undefined);
    return {
      add: (bytes) => {
        copied += bytes.length;
        pile.add(bytes);
      },
      take: () => pile.take(),
      free: () => {
        pile.free();
      },
    };
  };
  const onData = (data: Uint8Array): void => void events.push(new TextDecoder().decode(data));
  const reader = createEventStreamReader({ line: counted(), data: counted(), onData });
  const bytes = Buffer.from(text);
  const at = [0, ...[...cuts].map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  at.slice(1).forEach((end, index) => {
    reader.push(bytes.subarray(at[index], end));
  });
  return { events, copied };
}

it.each([
  ['data alone', 'data: a\n\n', ['a']],
  ['data without a blank', 'data:a\n\n', ['a']],
  ['lines of one event', 'data: a\ndata: b\n\n', ['a\nb']],
  ['each kind of line end', 'data: a\r\rdata: b\r\n\r\ndata: c\n\n', ['a', 'b', 'c']],
  ['events of which only the data count', ': hi\nid: 1\nevent: message\ndata: a\nretry: 5\n\n', ['a']],
  ['fields that only begin as data', 'database: x\ndat: y\ndata\n\n', []],
  ['empty data', 'id: 1\ndata:\n\ndata: a\n\n', ['a']],
  ['a byte order mark', '\ufeffdata: a\n\n', ['a']],
  ['an event that is not complete', 'data: a\n', []],
])('reads %s', (_, text, events) => {
  expect(read(text).events).toEqual(events);
});

it('reads the same, however the bytes are cut', () => {
  const line = fc.constantFrom('data: ä🤖', 'data:', 'data', ': c', 'id: 1', '');
  const end = fc.constantFrom('\n', '\r\n', '\r');
  const text = fc
    .array(
      fc.tuple(line, end).map((parts) => parts.join('')),
      { maxLength: 30 },
    )
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, fc.array(fc.nat(), { maxLength: 40 }), (given, cuts) => {
      expect(read(given, cuts).events).toEqual(read(given).events);
    }),
    { seed: 8, numRuns: 300 },
  );
});

it('copies each byte at most twice in chunks of one byte (it split all of it again for each)', () => {
  const text = `data: ${'x'.repeat(20_000)}\n\n`;
  const cuts = Array.from({ length: text.length }, (_, at) => at);
  const { events, copied } = read(text, cuts);
  expect(events[0]).toHaveLength(20_000);
  expect(copied).toBeLessThanOrEqual(2 * text.length);
});
