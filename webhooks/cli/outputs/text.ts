import { styleText } from 'node:util';
import { renderLine } from '../../core/engine/render.ts';
import { printable } from '../../core/engine/text.ts';
import type { InputProblem } from '../../platform/manifests/manifest.ts';
import type { Located, CheckReport } from '../report.ts';
import type { RenderOptions } from './render-report.ts';
import { count, nameOf, renderVerdict, serversWith } from './told.ts';

type Style = Parameters<typeof styleText>[0];
type Paint = (style: Style, text: string) => string;

/** One line for each finding, as compilers write them, and a summary. */
export function renderText(
  report: CheckReport,
  { hasColour, isFile, failOn }: Pick<RenderOptions, 'hasColour' | 'isFile' | 'failOn'>,
): string {
  const paint: Paint = (style, text) => (hasColour ? styleText(style, text, { validateStream: false }) : text);
  const lines = [
    ...(isFile ? [...report.problems, ...(report.ignoredOfPolicy ?? [])].map(renderProblem) : []),
    ...report.findings.map((located) => renderLocated(located, paint)),
    ...summarise(report, failOn, paint),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** `file:line:column: message`; without a place when the whole input could not be read. */
export function renderProblem({ file, line, column, message }: InputProblem): string {
  const place = line === undefined ? '' : `:${line}:${column ?? 1}`;
  return `${printable(file)}${place}: ${printable(message)}`;
}

const colours = { deny: 'red', warn: 'yellow', audit: 'dim' } as const;

function renderLocated({ file, line, column, server, finding, isTolerated }: Located, paint: Paint): string {
  const place = paint('bold', `${printable(file)}:${line}:${column}:`);
  const severity = isTolerated ? paint('gray', 'tolerated') : paint(colours[finding.severity], finding.severity);
  return `${place} ${severity} ${nameOf(server)}: ${renderLine(finding)}`;
}

function summarise(report: CheckReport, failOn: RenderOptions['failOn'], paint: Paint): readonly string[] {
  const { notChecked, featuresNotChecked, rulesNotJudged, rulesNotJudgedFor } = report;
  return [
    ...renderNotChecked(notChecked),
    ...renderFeatures(featuresNotChecked),
    ...(rulesNotJudged.length === 0
      ? []
      : [
          `not judged, because they compare with the object before the change: ${count(rulesNotJudged.length, 'CEL rule')}`,
        ]),
    ...renderNotJudged(rulesNotJudgedFor),
    paint(colourOf(report), renderVerdict(report, failOn)),
  ];
}

/** A line for each reason why references could not be looked up. */
export function renderNotChecked(notChecked: CheckReport['notChecked']): readonly string[] {
  return [...new Set(notChecked.map(reasonOf))].map((reason) => {
    const references = notChecked.filter((one) => reasonOf(one) === reason);
    return `not checked, because ${printable(reason)}: ${listReferences(references)}`;
  });
}

/** A line for each cluster that did not tell, or one where none was asked. */
function renderFeatures(features: CheckReport['featuresNotChecked']): readonly string[] {
  return [...new Set(features.map(({ context }) => context))].map((asked) => {
    const paths = features.filter(({ context }) => context === asked).map(({ path }) => path);
    const why =
      asked === undefined ? 'no cluster was asked (--context or --facts)' : `${printable(asked)} does not tell`;
    return `not checked, because ${why}: whether ${paths.join(', ')} ${paths.length === 1 ? 'has' : 'have'} an effect`;
  });
}

/** A line, where there are servers of which no rule was judged. */
export function renderNotJudged(servers: CheckReport['rulesNotJudgedFor']): readonly string[] {
  return servers.length === 0 ? [] : [`rules not judged until the schema holds: ${listNames(servers.map(nameOf))}`];
}

function colourOf({ findings, problems }: CheckReport): Style {
  if (problems.length > 0 || serversWith(findings, 'deny').size > 0) return 'red';
  return serversWith(findings, 'warn').size > 0 ? 'yellow' : 'green';
}

function reasonOf({ reason = 'not in the input' }: CheckReport['notChecked'][number]): string {
  return reason;
}

const maxListed = 20;

function listReferences(notChecked: CheckReport['notChecked']): string {
  return listNames(
    notChecked.map(({ kind, namespace, name }) => `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`),
  );
}

function listNames(names: readonly string[]): string {
  const more = names.length - maxListed;
  return printable([...names.slice(0, maxListed), ...(more > 0 ? [`${more} more`] : [])].join(', '));
}
