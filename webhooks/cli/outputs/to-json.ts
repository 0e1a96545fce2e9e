/**
 * JSON for files and terminals: what JSON.stringify leaves as it is, although it hides in a text, turns it around or means
 * something to a terminal, is escaped. Such characters can stand in strings only.
 */
export function toJson(document: unknown, indent = 2): string {
  return `${JSON.stringify(document, null, indent).replaceAll(unseen, escape)}\n`;
}

const unseen = /[\u007f-\u009f\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/gu;

/** By UTF-16 units, as JSON has it: two for what lies beyond the first 65,536 characters. */
function escape(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
