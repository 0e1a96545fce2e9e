import { isName, renderCleanPath, renderPath } from '../mcpserver/violation.ts';
import type { FieldPath } from '../mcpserver/violation.ts';
import type { Finding } from './finding.ts';
import { isPlain, lengthOf, printable, shortenEnd, shortenMiddle } from './text.ts';

/**
 * Longest warning, in characters. Kubernetes advises 120; beyond 4,096 in one response the API server cuts each to 256
 * and drops the rest (https://kubernetes.io/blog/2020/09/03/warnings/).
 */
export const maxWarningLength = 120;

/** Most warnings in one response; one more line says how many were left out. */
const maxWarnings = 10;

/** Longest sentence about one finding, in characters, without the link: the found value is what gets shortened. */
const maxSentenceLength = 600;

/** All sentences of one denial together, in characters: what a terminal and a CI log still show as one answer. */
export const maxDenialLength = 4000;

/** What a warning has room for of the entry of the policy: its number, and a day or a short name. */
const maxBecauseLength = 42;

/**
 * What a warning always leaves for the headline. The place gives way last: a headline without its end still says what
 * kind of thing is wrong, and the rule id says it again; a place without its middle cannot be looked up.
 */
const minHeadlineLength = 24;

export interface RenderOptions {
  /** When set, the sentence ends in a link to `<docsBaseUrl>/<rule id>.md`. */
  readonly docsBaseUrl?: string;
}

/** One entry of `status.details.causes`: kubectl prints "field: message". */
export interface DenialCause {
  readonly field: string;
  readonly message: string;
}

export interface Denial {
  /** For clients that show only the message: every line, separated by "; ". */
  readonly message: string;
  readonly causes: readonly DenialCause[];
}

/** What was found, what to do and which rule says so; without the path, which kubectl prints itself. */
export function renderSentence(finding: Finding, options: RenderOptions = {}): string {
  const { ruleId, headline, remedy, detail } = finding;
  const because = renderBecause(finding);
  const end = `. ${remedy}${because} [${ruleId}]`;
  const link = options.docsBaseUrl === undefined ? '' : ` ${options.docsBaseUrl.replace(/\/+$/, '')}/${ruleId}.md`;
  // Nearly every sentence has room for all of it, whatever its characters: then nothing is counted.
  const hasRoom = headline.length + ': '.length + detail.length + end.length <= maxSentenceLength;
  const found = hasRoom
    ? detail
    : shortenMiddle(detail, Math.max(40, maxSentenceLength - lengthOf(`${headline}: ${end}`)));
  return printable(`${headline}: ${found}${end}${link}`);
}

/** Which entry of the policy made it so severe; empty where the rule is so by itself. */
function renderBecause({ because }: Finding): string {
  return because === undefined ? '' : ` (policy: ${because})`;
}

/** `path: sentence`, for the command line, status conditions and logs. */
export function renderLine(finding: Finding, options: RenderOptions = {}): string {
  return `${renderField(finding)}: ${renderSentence(finding, options)}`;
}

/**
 * `path: headline [rule-id]`, at most {@link maxWarningLength} characters: the headline loses its end first, down to
 * {@link minHeadlineLength}, then the path its middle, the rule id nothing.
 */
export function renderWarning(finding: Finding): string {
  return renderShort(finding, `${shortenMiddle(renderBecause(finding), maxBecauseLength)} [${finding.ruleId}]`);
}

/** As {@link renderWarning}, about what would be refused if it were new. */
export function renderToleratedWarning(finding: Finding): string {
  return renderShort(finding, ` (not new) [${finding.ruleId}]`);
}

function renderShort(finding: Finding, suffix: string): string {
  const whole = `${renderPath(finding.path)}: ${finding.headline}${suffix}`;
  // Nearly every warning: there is nothing to shorten and nothing to replace.
  if (whole.length <= maxWarningLength && isPlain(whole)) return whole;
  const room = maxWarningLength - lengthOf(suffix) - lengthOf(': ');
  const headline = printable(finding.headline);
  const path = renderPathWithin(room - Math.min(lengthOf(headline), minHeadlineLength), finding.path);
  return `${path}: ${shortenEnd(headline, room - lengthOf(path))}${suffix}`;
}

/**
 * Leaves out whole segments before the last name, so that what is left can still be read:
 * `spec.config.env[0]...name`, `spec...supplementalGroups[1]`.
 */
function renderPathWithin(room: number, path: FieldPath): string {
  const full = renderCleanPath(path, printable);
  if (lengthOf(full) <= room) return full;
  const lastName = path.findLastIndex(isName);
  const tail = renderCleanPath(path.slice(lastName), printable);
  for (let length = lastName - 1; length > 0; length -= 1) {
    const text = `${renderCleanPath(path.slice(0, length), printable)}...${tail}`;
    if (lengthOf(text) <= room) return text;
  }
  return shortenMiddle(full, room);
}

/**
 * The warnings of one response, what is tolerated first: at most {@link maxWarnings}, then one line that says how many
 * more there are.
 */
export function renderWarnings(findings: readonly Finding[], tolerated: readonly Finding[] = []): readonly string[] {
  const shown: string[] = [];
  for (const finding of tolerated.slice(0, maxWarnings)) shown.push(renderToleratedWarning(finding));
  for (const finding of findings.slice(0, maxWarnings - shown.length)) shown.push(renderWarning(finding));
  const left = findings.length + tolerated.length - shown.length;
  if (left > 0) shown.push(countLeft(left));
  return shown;
}

/** What a refused request is told, in both forms. */
export function renderDenial(findings: readonly Finding[], options: RenderOptions = {}): Denial {
  const causes = renderCauses(findings, options);
  return { message: renderMessage(causes), causes };
}

/** Every finding with its sentence, up to {@link maxDenialLength}, never cut silently. */
export function renderCauses(findings: readonly Finding[], options: RenderOptions = {}): readonly DenialCause[] {
  const causes: DenialCause[] = [];
  let length = 0;
  for (const finding of findings) {
    const cause = { field: renderField(finding), message: renderSentence(finding, options) };
    length += cause.field.length + cause.message.length + ': ; '.length;
    // A character has one unit or two, so they are counted only near the limit.
    if (causes.length > 0 && length > maxDenialLength && lengthOfAll([...causes, cause]) > maxDenialLength) break;
    causes.push(cause);
  }
  const left = findings.length - causes.length;
  if (left > 0) causes.push({ field: 'spec', message: `${countLeft(left)}, not shown here.` });
  return causes;
}

/** All causes in one line. */
export function renderMessage(causes: readonly DenialCause[]): string {
  let text = '';
  for (const { field, message } of causes) text += `${text === '' ? '' : '; '}${field}: ${message}`;
  return text;
}

function lengthOfAll(causes: readonly DenialCause[]): number {
  return causes.reduce((sum, { field, message }) => sum + lengthOf(`${field}: ${message}; `), 0);
}

function countLeft(left: number): string {
  return `+${left} more ${left === 1 ? 'finding' : 'findings'}`;
}

/** The path in at most 200 characters. */
export function renderField(finding: Finding): string {
  return shortenMiddle(renderCleanPath(finding.path, printable), 200);
}
