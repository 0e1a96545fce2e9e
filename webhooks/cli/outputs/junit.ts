import { renderLine } from '../../core/engine/render.ts';
import { printable } from '../../core/engine/text.ts';
import type { CheckedServer, CheckReport, Located } from '../report.ts';
import type { RenderOptions } from './render-report.ts';
import { renderProblem } from './text.ts';
import { nameOf, weightOf } from './told.ts';

/** One thing that passes, fails, or could not be looked at. */
interface TestCase {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'broken';
  /** Elements inside. */
  readonly content: string;
}

/** JUnit's XML as Jenkins defines it: a suite for each file, a case for each server, what warns in its output. */
export function renderJunit(report: CheckReport, { failOn }: RenderOptions): string {
  const findings = new Map<CheckedServer, Located[]>();
  for (const located of report.findings) addTo(findings, located.server, located);
  const suites = new Map<string, TestCase[]>();
  for (const problem of report.problems) {
    const content = element('error', { type: 'unreadable', message: problem.message }, renderProblem(problem));
    addTo(suites, problem.file, { name: 'can be read', outcome: 'broken', content });
  }
  for (const problem of report.ignoredOfPolicy ?? []) {
    const content = element('system-out', {}, renderProblem(problem));
    addTo(suites, problem.file, { name: 'is known to this release', outcome: 'passed', content });
  }
  for (const server of report.checked) addTo(suites, server.file, toCase(server, findings.get(server) ?? [], failOn));
  const all = [...suites.values()].flat();
  const body = [...suites].map(([file, cases]) => renderSuite(file, cases)).join('');
  const root = openingTag('testsuites', { name: 'mcp-lifecycle check', ...countOf(all) });
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}\n${body}</testsuites>\n`;
}

/** Map.groupBy is newer than the oldest Node of the command line. */
function addTo<Key, Item>(groups: Map<Key, Item[]>, key: Key, item: Item): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [item]);
  else group.push(item);
}

function toCase(server: CheckedServer, findings: readonly Located[], failOn: RenderOptions['failOn']): TestCase {
  const failing = findings.filter((one) => weightOf(one, failOn) === 'fails');
  const others = findings.filter((one) => weightOf(one, failOn) !== 'fails');
  const [first] = failing;
  const failure = first === undefined ? '' : renderFailure(first, failing);
  const output = others.length === 0 ? '' : element('system-out', {}, others.map(renderFound).join('\n'));
  return { name: nameOf(server), outcome: first === undefined ? 'passed' : 'failed', content: `${failure}${output}` };
}

/** One for all of them: several in one case are shown by few. */
function renderFailure({ finding }: Located, failing: readonly Located[]): string {
  const more = failing.length === 1 ? '' : ` (and ${failing.length - 1} more)`;
  const type = [...new Set(failing.map((one) => one.finding.ruleId))].join(',');
  return element('failure', { type, message: `${finding.headline}${more}` }, failing.map(renderFound).join('\n'));
}

function renderFound({ file, line, column, finding, isTolerated }: Located): string {
  return `${printable(file)}:${line}:${column}: ${isTolerated ? 'tolerated' : finding.severity}: ${renderLine(finding)}`;
}

function renderSuite(file: string, cases: readonly TestCase[]): string {
  const body = cases.map(({ name, content }) => {
    const tag = openingTag('testcase', { name, classname: file });
    return content === '' ? `    ${tag.slice(0, -1)}/>\n` : `    ${tag}${content}</testcase>\n`;
  });
  return `  ${openingTag('testsuite', { name: file, ...countOf(cases) })}\n${body.join('')}  </testsuite>\n`;
}

function countOf(cases: readonly TestCase[]): Readonly<Record<'tests' | 'failures' | 'errors', string>> {
  const count = (wanted: TestCase['outcome']): string =>
    String(cases.filter(({ outcome }) => outcome === wanted).length);
  return { tests: String(cases.length), failures: count('failed'), errors: count('broken') };
}

function element(name: string, attributes: Readonly<Record<string, string>>, text: string): string {
  return `${openingTag(name, attributes)}${text.split('\n').map(toXml).join('\n')}</${name}>`;
}

function openingTag(name: string, attributes: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(attributes).map(([key, value]) => ` ${key}="${toXml(value)}"`);
  return `<${name}${pairs.join('')}>`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** What `printable` leaves can stand in XML 1.0: https://www.w3.org/TR/xml/#charsets */
function toXml(text: string): string {
  return printable(text).replaceAll(/[&<>"]/g, (character) => entities[character] ?? character);
}
