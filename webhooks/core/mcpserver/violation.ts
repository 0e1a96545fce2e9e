/** Where in an object: `['spec', 'config', 'env', 0, 'name']`. Rendered for people by {@link renderPath}. */
export type FieldPath = readonly (string | number)[];

/** What is wrong at one place, before anyone decided how severe it is. */
export interface Violation {
  readonly path: FieldPath;
  /** At most 100 characters, no full stop, no Secret value: it becomes a warning header (with path and rule id). */
  readonly headline: string;
  /** What was found, for the full sentence: "found runAsUser: 0". No full stop, no Secret value. */
  readonly detail: string;
  /** One imperative sentence with a full stop; overrides the rule's own remedy where this place needs another. */
  readonly remedy?: string;
  /**
   * Values that it depends on and that neither its rule, its place nor the value there tells: the limit of a request, which
   * of two things is wrong. Data and never a sentence: with these three it is what makes two violations the same, whatever
   * is said about them. No Secret value.
   */
  readonly cause?: readonly (string | number)[];
  /**
   * Fields elsewhere that it depends on with all that is in them: where one of them says something else, it is another
   * violation. For what has no bound, and would be too long as a cause of many.
   */
  readonly dependsOn?: readonly FieldPath[];
  /** Nothing was found: what the rule needed to know is unknown, and that is all that is said. */
  readonly isUnchecked?: true;
}

/** The path as Kubernetes writes it: `spec.config.env[0].name`, `spec.extraLabels[team/owner]`. */
export function renderPath(path: FieldPath): string {
  return renderCleanPath(path, asItIs);
}

/** The same, where `clean` is given what stands in brackets and is no number: the only part that can be any text. */
export function renderCleanPath(path: FieldPath, clean: (key: string) => string): string {
  let text = '';
  for (const segment of path) {
    if (isName(segment)) text += text === '' ? segment : `.${segment}`;
    else text += `[${typeof segment === 'number' ? segment : clean(segment)}]`;
  }
  return text;
}

function asItIs(key: string): string {
  return key;
}

/**
 * Whether it is written with a dot before it, and not in brackets: a letter or an underscore, then digits and hyphens as
 * well. Letter by letter, because it is asked for each step of each path, and as a pattern it takes three times as long.
 */
export function isName(segment: string | number): segment is string {
  if (typeof segment === 'number' || segment === '') return false;
  for (let at = 0; at < segment.length; at += 1) {
    const unit = segment.charCodeAt(at);
    if (!isLetter(unit) && (at === 0 || !isDigitOrHyphen(unit))) return false;
  }
  return true;
}

function isLetter(unit: number): boolean {
  // a to z, A to Z, underscore
  return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a) || unit === 0x5f;
}

function isDigitOrHyphen(unit: number): boolean {
  return (unit >= 0x30 && unit <= 0x39) || unit === 0x2d;
}

/** The pointer (RFC 6901) to a member of what `pointer` points to; the pointer to the whole is empty. */
export function pointerTo(pointer: string, member: string): string {
  const escaped = /[~/]/.test(member) ? member.replaceAll('~', '~0').replaceAll('/', '~1') : member;
  return `${pointer}/${escaped}`;
}
