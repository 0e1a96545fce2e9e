/**
 * Most structure tokens (`{`, `[`, `,` outside texts) that a body may have. JSON.parse makes at least one value of
 * each: 7 MiB of `[],[],` would need several hundred MiB of heap and end the process. An honest MCPServer has a few
 * hundred; this many takes thousands of list items.
 */
export const maxTokens = 200_000;

/** Deepest nesting. An MCPServer reaches about 15; what walks it recursively stays far from the end of the stack. */
export const maxDepth = 128;

export type GuardVerdict = 'fine' | 'too many values' | 'too deep';

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;

/**
 * Counts what JSON.parse would have to build, over the bytes and without building it. Says nothing about whether they
 * are JSON: that is for JSON.parse, which is safe with what passes here. About 1 ms for a MiB.
 *
 * A body of no more bytes than {@link maxTokens} passes unread, which is nearly every one: it cannot have more values,
 * and its depth harms nobody, because JSON.parse does not recurse and nothing of ours walks what the schema does not
 * know. Reading those too was 7 % of what an admission costs.
 */
export function guardBody(bytes: Uint8Array): GuardVerdict {
  if (bytes.length <= maxTokens) return 'fine';
  let tokens = 0;
  let depth = 0;
  const { length } = bytes;
  for (let at = 0; at < length; at += 1) {
    const byte = bytes[at];
    if (byte === quote) {
      at = endOfText(bytes, at);
    } else if (byte === comma) {
      tokens += 1;
      if (tokens > maxTokens) return 'too many values';
    } else if (byte === 0x7b || byte === 0x5b) {
      tokens += 1;
      depth += 1;
      if (depth > maxDepth) return 'too deep';
    } else if (byte === 0x7d || byte === 0x5d) {
      depth -= 1;
    }
  }
  return tokens > maxTokens ? 'too many values' : 'fine';
}

/** Index of the closing quote of the text that opens at `start`; the end of the bytes when there is none. */
function endOfText(bytes: Uint8Array, start: number): number {
  const { length } = bytes;
  let at = start + 1;
  while (at < length) {
    const byte = bytes[at];
    if (byte === quote) break;
    at += byte === backslash ? 2 : 1;
  }
  return at;
}
