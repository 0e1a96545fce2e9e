import { renderLine } from '../../core/engine/render.ts';
import { printable } from '../../core/engine/text.ts';
import type { InputProblem } from '../../platform/manifests/manifest.ts';
import type { CheckReport, Located } from '../report.ts';
import type { RenderOptions } from './render-report.ts';
import { byWeight, nameOf, renderVerdict, weightOf, type Weight } from './told.ts';

/** Kinds of annotation: https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions */
type Kind = 'error' | 'warning' | 'notice';

const kinds = { fails: 'error', warns: 'warning', tolerated: 'notice' } as const satisfies Record<Weight, Kind>;

/** Of each kind in one step; the others are in its log alone. */
const maxShown = 10;

/**
 * Workflow commands, which GitHub shows beside the lines of a pull request. Every line but the last is one: a line that is
 * none could be read as one, if a file or a server had the name of a command.
 */
export function renderGithub(report: CheckReport, { failOn }: RenderOptions): string {
  const annotations = [
    ...report.problems.map((problem) => toAnnotation(problem, 'error', 'cannot be read')),
    ...(report.ignoredOfPolicy ?? []).map((problem) => toAnnotation(problem, 'warning', 'ignored in the policy')),
    ...byWeight(report.findings, failOn).map((located) => annotate(located, kinds[weightOf(located, failOn)])),
  ];
  const lines = [...tellLimit(annotations), ...annotations].map(renderCommand);
  return `${[...lines, renderVerdict(report, failOn)].join('\n')}\n`;
}

interface Annotation {
  readonly kind: Kind;
  readonly properties: Readonly<Record<string, string | number>>;
  readonly message: string;
}

function toAnnotation({ file, line, column, message }: InputProblem, kind: Kind, what: string): Annotation {
  const place = line === undefined ? {} : { line, col: column ?? 1 };
  const properties = { ...placeOf(file, place), title: `mcp-lifecycle: ${what}` };
  return { kind, properties, message: `${printable(file)}: ${printable(message)}` };
}

function annotate({ file, line, column, server, finding, isTolerated }: Located, kind: Kind): Annotation {
  const title = `mcp-lifecycle: ${finding.ruleId}${isTolerated ? ' (tolerated)' : ''}`;
  const properties = { ...placeOf(file, { line, col: column }), title };
  return { kind, properties, message: `${nameOf(server)}: ${renderLine(finding)}` };
}

/** Standard input is no file of the repository. */
function placeOf(file: string, place: Readonly<Record<string, number>>): Annotation['properties'] {
  return file === '-' ? {} : { file: printable(file.replace(/^(\.\/)+/, '')), ...place };
}

/** Before all others, so that it is among those that are shown. */
function tellLimit(annotations: readonly Annotation[]): readonly Annotation[] {
  const left = ['error', 'warning', 'notice'].flatMap((kind) => {
    const hidden = annotations.filter((one) => one.kind === kind).length - maxShown;
    return hidden <= 0 ? [] : [`${hidden} of kind ${kind}`];
  });
  if (left.length === 0) return [];
  const message = `GitHub shows ${maxShown} annotations of a kind for each step. In the log of this step alone: ${left.join(', ')}.`;
  return [{ kind: 'notice', properties: { title: 'mcp-lifecycle: more was found' }, message }];
}

function renderCommand({ kind, properties, message }: Annotation): string {
  const pairs = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(String(value))}`);
  return `::${kind} ${pairs.join(',')}::${escapeData(message)}`;
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
