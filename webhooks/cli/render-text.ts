import { styleText } from 'node:util';
import { renderLine } from '../core/engine/render.ts';
import { printable } from '../core/engine/text.ts';
import type { InputProblem } from '../platform/manifests/manifest.ts';
import type { PrintedReport, PrintOptions } from './printed-report.ts';
import type { Located, CheckReport } from './report.ts';

type Style = Parameters<typeof styleText>[0];
type Paint = (style: Style, text: string) => string;

/** One line for each finding, as compilers write them, and a summary; what could not be read apart from them. */
export function renderText(report: CheckReport, { hasColour }: PrintOptions): PrintedReport {
  const paint: Paint = (style, text) => (hasColour ? styleText(style, text, { validateStream: false }) : text);
  const told = report.findings.filter(({ finding }) => finding.severity !== 'audit');
  const lines = [...told.map((located) => renderLocated(located, paint)), ...summarise(report, paint)];
  return { out: toText(lines), error: toText(report.problems.map(renderProblem)) };
}

function toText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** `file:line:column: message`; without a place when the whole input could not be read. */
export function renderProblem({ file, line, column, message }: InputProblem): string {
  const place = line === undefined ? '' : `:${line}:${column ?? 1}`;
  return `${printable(file)}${place}: ${printable(message)}`;
}

const colours = { deny: 'red', warn: 'yellow', audit: 'dim' } as const;

function renderLocated({ file, line, column, server, finding }: Located, paint: Paint): string {
  const place = paint('bold', `${printable(file)}:${line}:${column}:`);
  const severity = paint(colours[finding.severity], finding.severity);
  return `${place} ${severity} ${printable(nameOf(server))}: ${renderLine(finding)}`;
}

function nameOf({ namespace, name }: Located['server']): string {
  return `${namespace}/${name === '' ? '(no name)' : name}`;
}

function summarise(report: CheckReport, paint: Paint): readonly string[] {
  const { servers, others, findings, notChecked, rulesNotJudged, rulesNotJudgedFor, problems } = report;
  const denied = countServers(findings, 'deny');
  const warned = countServers(findings, 'warn');
  const verdict = `${count(servers, 'MCPServer')} checked: ${denied} refused, ${warned} with warnings`;
  const ignored = others === 0 ? '' : `; ${count(others, 'other document')} ignored`;
  const unread = problems.length === 0 ? '' : `; ${count(problems.length, 'problem')} reading the input`;
  return [
    ...(notChecked.length === 0 ? [] : [`not checked, because not in the input: ${listReferences(notChecked)}`]),
    ...(rulesNotJudged.length === 0
      ? []
      : [
          `not judged, because they compare with the object before the change: ${count(rulesNotJudged.length, 'CEL rule')}`,
        ]),
    ...(rulesNotJudgedFor.length === 0
      ? []
      : [`rules not judged until the schema holds: ${listNames(rulesNotJudgedFor.map(nameOf))}`]),
    paint(colourOf({ denied, warned, unread: problems.length }), `${verdict}${ignored}${unread}`),
  ];
}

function colourOf({ denied, warned, unread }: Readonly<Record<'denied' | 'warned' | 'unread', number>>): Style {
  if (denied > 0 || unread > 0) return 'red';
  return warned > 0 ? 'yellow' : 'green';
}

const maxListed = 20;

function listReferences(notChecked: CheckReport['notChecked']): string {
  return listNames(notChecked.map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`));
}

function listNames(names: readonly string[]): string {
  const more = names.length - maxListed;
  return printable([...names.slice(0, maxListed), ...(more > 0 ? [`${more} more`] : [])].join(', '));
}

function countServers(findings: readonly Located[], severity: 'deny' | 'warn'): number {
  const places = findings.filter(({ finding }) => finding.severity === severity);
  return new Set(places.map(({ server }) => server)).size;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
