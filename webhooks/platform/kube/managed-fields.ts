const key = '"managedFields":[';

const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/**
 * The text of a review with the insides of its lists of managed fields left out. API servers send one with every object,
 * it says who owns which field, and so it is as large as the spec; nothing of ours reads it, and JSON.parse would build it
 * all. Says nothing about whether the text is JSON: what cannot be told is left as it is.
 */
export function withoutManagedFields(text: string): string {
  let kept = '';
  let from = 0;
  for (let at = text.indexOf(key); at !== -1; at = text.indexOf(key, at + key.length)) {
    const inside = at + key.length;
    const end = isKeyAt(text, at) ? (endOfFlatList(text, inside) ?? endOfList(text, inside)) : inside;
    if (end === undefined) break;
    kept += text.slice(from, inside);
    from = end;
    at = end - key.length;
  }
  return from === 0 ? text : kept + text.slice(from);
}

/** Its first quote begins a text, then: one that is inside of a text has a backslash before it. */
function isKeyAt(text: string, at: number): boolean {
  const before = text[at - 1];
  return before === ',' || before === '{';
}

/** The end of a list, of what is around it, and the beginning of the next name. */
const endBeforeName = /\]\}*,"[A-Za-z]/y;

/**
 * As {@link endOfList}, for nearly every list of managed fields: no other one is in it. Looks only at its end, because it is
 * as long as the spec. A closing bracket that stands in a text is not taken for it: the quote that follows would end the
 * text, and no letter comes after that.
 */
function endOfFlatList(text: string, inside: number): number | undefined {
  const end = text.indexOf(']', inside);
  const another = text.indexOf('[', inside);
  if (another !== -1 && another < end) return undefined;
  endBeforeName.lastIndex = end;
  return end !== -1 && endBeforeName.test(text) ? end : undefined;
}

/** Index of the bracket that closes the list whose inside begins there; undefined when there is none. */
function endOfList(text: string, inside: number): number | undefined {
  let depth = 1;
  for (let at = inside; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) at = endOfText(text, at);
    else if (code === openBracket) depth += 1;
    else if (code === closeBracket) {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return undefined;
}

/** Index of the closing quote of the text that opens at `start`; the end when there is none. */
function endOfText(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === quote) break;
    at += code === backslash ? 2 : 1;
  }
  return at;
}
