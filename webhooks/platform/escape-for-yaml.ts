/**
 * What API servers and kubectl refuse in YAML as it is ("control characters are not allowed"), and what they read as a
 * line break and fold into a space. All of it may stand escaped in a double-quoted text.
 * https://github.com/yaml/go-yaml/blob/v2.4.0/readerc.go
 */
const unsafe = /[\u007F-\u009F\u2028\u2029\uFEFF\uFFFE\uFFFF]/;
const everyUnsafe = new RegExp(unsafe, 'g');

/** Any escape of a JSON text, so that a backslash that is itself escaped is never taken for the start of one. */
const everyEscape = /\\(?:ud[89a-f][\da-f]{2}|.)/g;

/** Whether YAML can hold the text only between double quotes, escaped. */
export function needsEscapeForYaml(text: string): boolean {
  return unsafe.test(text);
}

/** Where such characters stand in double-quoted texts only: the same document, which every reader takes as it is meant. */
export function escapeForYaml(document: string): string {
  if (!unsafe.test(document)) return document;
  return document.replace(everyUnsafe, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * JSON that is YAML as well, for API servers read apply patches as YAML 1.1. Half a surrogate pair, which YAML has no
 * escape for, becomes U+FFFD: what API servers make of one in JSON.
 */
export function renderJsonAsYaml(value: unknown): string {
  const json = JSON.stringify(value);
  // JSON.stringify writes surrogates as escapes only where they are alone.
  const wellFormed = json.includes('\\ud')
    ? json.replace(everyEscape, (escape) => (escape.startsWith('\\ud') ? '\\ufffd' : escape))
    : json;
  return escapeForYaml(wellFormed);
}
