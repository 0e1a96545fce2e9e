import { renderField, renderSentence } from '../../core/engine/render.ts';
import { printable } from '../../core/engine/text.ts';
import { rules as everyRule } from '../../core/rules/index.gen.ts';
import type { InputProblem, Position } from '../../platform/manifests/manifest.ts';
import { exitCodes } from '../exit-code.ts';
import type { CheckReport, Located } from '../report.ts';
import { schemaRule, type ListedRule } from '../schema-rule.ts';
import type { RenderOptions } from './render-report.ts';
import { toJson } from './to-json.ts';
import { nameOf, weightOf, type Weight } from './told.ts';

/** https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html */
const schemaUri = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

const levels = { fails: 'error', warns: 'warning', tolerated: 'note' } as const satisfies Record<Weight, string>;

/** SARIF 2.1.0, for code scanning: one run, with the rules that found something. */
export function renderSarif(report: CheckReport, { exitCode, failOn }: RenderOptions): string {
  const ids = [...new Set(report.findings.map(({ finding }) => finding.ruleId))].sort();
  const indexes = new Map(ids.map((id, index) => [id, index]));
  const toResult = (located: Located): object => {
    const { finding, server, fingerprint, isTolerated } = located;
    return {
      ruleId: finding.ruleId,
      ruleIndex: indexes.get(finding.ruleId),
      level: levels[weightOf(located, failOn)],
      message: { text: `${nameOf(server)}: ${renderField(finding)}: ${renderSentence(finding)}` },
      locations: [
        {
          physicalLocation: toPhysicalLocation(located.file, located),
          logicalLocations: [{ fullyQualifiedName: `${nameOf(server)}/${renderField(finding)}`, kind: 'member' }],
        },
      ],
      partialFingerprints: { 'mcpLifecycleFinding/v2': fingerprint },
      properties: { severity: finding.severity, tolerated: isTolerated },
    };
  };
  const run = {
    tool: { driver: { name: 'mcp-lifecycle', rules: ids.map(describeRule) } },
    columnKind: 'utf16CodeUnits',
    invocations: [
      {
        // What was judged is no failure of the program, whatever the verdict.
        executionSuccessful: report.problems.length === 0 && exitCode !== exitCodes.crashed,
        exitCode,
        toolExecutionNotifications: [
          ...report.problems.map(toNotification('error')),
          ...(report.ignoredOfPolicy ?? []).map(toNotification('warning')),
        ],
      },
    ],
    results: report.findings.map(toResult),
  };
  return toJson({ $schema: schemaUri, version: '2.1.0', runs: [run] });
}

function describeRule(id: string): object {
  const listed: readonly ListedRule[] = everyRule;
  const rule = id === schemaRule.id ? schemaRule : listed.find((one) => one.id === id);
  if (rule === undefined) return { id };
  const { summary, rationale, remedy, severity } = rule;
  return {
    id,
    shortDescription: { text: summary },
    fullDescription: { text: rationale },
    help: { text: `${rationale} ${remedy}` },
    defaultConfiguration: { level: severity === 'deny' ? 'error' : 'warning' },
  };
}

function toNotification(level: 'error' | 'warning') {
  return ({ file, line, column, message }: InputProblem): object => {
    const position = line === undefined ? undefined : { line, column: column ?? 1 };
    return {
      level,
      message: { text: printable(message) },
      locations: [{ physicalLocation: toPhysicalLocation(file, position) }],
    };
  };
}

function toPhysicalLocation(file: string, position: Position | undefined): object {
  return {
    artifactLocation: { uri: toUri(file) },
    ...(position === undefined ? {} : { region: { startLine: position.line, startColumn: position.column } }),
  };
}

/** Relative files stay relative: code scanning looks for them from the root of the repository. */
function toUri(file: string): string {
  const path = file.toWellFormed().replace(/^(\.\/)+/, '');
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  return path.startsWith('/') ? `file://${encoded}` : encoded;
}
