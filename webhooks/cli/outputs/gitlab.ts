import { renderLine } from '../../core/engine/render.ts';
import { printable } from '../../core/engine/text.ts';
import { digest } from '../../platform/digest.ts';
import type { InputProblem } from '../../platform/manifests/manifest.ts';
import type { CheckReport, Located } from '../report.ts';
import type { RenderOptions } from './render-report.ts';
import { toJson } from './to-json.ts';
import { nameOf, weightOf, type Weight } from './told.ts';

/** Of GitLab's five: info, minor, major, critical, blocker. */
const severities = { fails: 'major', warns: 'minor', tolerated: 'info' } as const satisfies Record<Weight, string>;

/** GitLab's Code Quality report: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format */
export function renderGitlab(
  { findings, problems, ignoredOfPolicy = [] }: CheckReport,
  { failOn }: RenderOptions,
): string {
  const issues = [
    ...problems.map(toIssue(unreadable)),
    ...ignoredOfPolicy.map(toIssue(ignored)),
    ...findings.map((located) => describe(located, weightOf(located, failOn))),
  ];
  return toJson(issues);
}

function describe({ file, line, server, finding, fingerprint }: Located, weight: Weight): object {
  return {
    description: `${nameOf(server)}: ${renderLine(finding)}`,
    check_name: `mcp-lifecycle/${finding.ruleId}`,
    fingerprint,
    severity: severities[weight],
    location: { path: toPath(file), lines: { begin: line } },
  };
}

/** Known by its file: what is said about it depends on where the reader gave up. */
function toIssue({ name, severity }: typeof unreadable | typeof ignored) {
  return ({ file, line = 1, message }: InputProblem, index: number, all: readonly InputProblem[]): object => {
    const before = all.slice(0, index).filter((other) => other.file === file).length;
    return {
      description: printable(message),
      check_name: `mcp-lifecycle/${name}`,
      fingerprint: digest(JSON.stringify([name, file, before])),
      severity,
      location: { path: toPath(file), lines: { begin: line } },
    };
  };
}

const unreadable = { name: 'unreadable', severity: 'blocker' } as const;
const ignored = { name: 'policy-ignored', severity: 'minor' } as const;

/** Relative to the repository, and without the dot: other paths are not shown beside the change. */
function toPath(file: string): string {
  return file.toWellFormed().replace(/^(\.\/)+/, '');
}
