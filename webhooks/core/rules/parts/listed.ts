import { shortenMiddle } from '../../engine/text.ts';

/** Of a list that somebody wrote into a policy, in a sentence: so many entries, each of so many characters. */
const maxEntries = 5;
const maxEntryCharacters = 60;

/** The entries for people: `'a', 'b' and 7 more`; "nothing" where there are none. One object may break it thousands of times. */
export function listed(entries: readonly string[]): string {
  const known = byList.get(entries);
  if (known !== undefined) return known;
  const text = write(entries);
  byList.set(entries, text);
  return text;
}

const byList = new WeakMap<readonly string[], string>();

function write(entries: readonly string[]): string {
  if (entries.length === 0) return 'nothing';
  const shown = entries.slice(0, maxEntries).map((entry) => `'${shortenMiddle(entry, maxEntryCharacters)}'`);
  const left = entries.length - shown.length;
  return `${shown.join(', ')}${left === 0 ? '' : ` and ${left} more`}`;
}
