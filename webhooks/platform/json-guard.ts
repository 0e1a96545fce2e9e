/** What JSON of somebody else may make us build. */
export interface JsonLimits {
  /** Most structure tokens: `{`, `[` and `,` outside of texts. JSON.parse makes at least one value of each. */
  readonly maxTokens: number;
  /** Deepest nesting. */
  readonly maxDepth: number;
}

export type GuardVerdict = 'fine' | 'too many values' | 'too deep';

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;

/**
 * Counts what JSON.parse would have to build, over the bytes and without building it. Says nothing about whether they
 * are JSON: that is for JSON.parse, which is safe with what passes here. About 1 ms for a MiB.
 */
export function guardJson(bytes: Uint8Array, { maxTokens, maxDepth }: JsonLimits): GuardVerdict {
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
export function endOfText(bytes: Uint8Array, start: number): number {
  const { length } = bytes;
  let at = start + 1;
  while (at < length) {
    const byte = bytes[at];
    if (byte === quote) break;
    at += byte === backslash ? 2 : 1;
  }
  return at;
}
