import { renderPath } from '../core/mcpserver/violation.ts';
import type { PolicyProblem } from '../core/policy/problem.ts';
import { reviewPolicy } from '../core/policy/review-policy.ts';
import { rules } from '../core/rules/index.gen.ts';
import type { InputProblem } from '../platform/manifests/manifest.ts';
import { defineCommand } from './command.ts';
import { exitCodes, type ExitCode } from './exit-code.ts';
import { namesOf } from './names-of.ts';
import { toJson } from './outputs/to-json.ts';
import { renderProblem } from './outputs/text.ts';
import { count } from './outputs/told.ts';
import { placePolicyProblem, readPolicyFiles, type PolicyFile } from './policy-file.ts';
import { policyCheckSchemaVersion, type policyFindingTypes } from './schemas/policy-check.ts';

/** What `policy check --output` takes; the first is the default. */
const checkOutputs = {
  text: renderFilesText,
  json: renderFilesJson,
} as const satisfies Readonly<Record<string, (files: readonly CheckedFile[], exitCode: ExitCode) => string>>;

/** Says what is wrong with a policy before a cluster has it. */
export const policyCheck = defineCommand({
  synopsis: 'policy check [options] FILE…',
  description: `Says what is wrong with policies, all at once: what cannot be read, rules and parameters that this release does not know, and
what a policy may not say of a rule. Warns about exemptions that have ended, and about overrides that may hold in the same namespace and differ.
A notice, which never fails, tells of exemptions that end soon. FILE may be - for standard input.
`,
  examples: ['policy check --fail-on warning ci/policy.yaml'],
  options: {
    'fail-on': { type: 'choice', choices: ['error', 'warning'], help: 'the least that fails' },
    output: { type: 'choice', choices: namesOf(checkOutputs), short: 'o', help: 'for people, or for programs' },
  },
  exitCodes: { clean: 'nothing found', found: 'errors, or warnings with --fail-on warning' },
  judgeArguments: ([file]) => (file === undefined ? 'name at least one file, or - for standard input' : undefined),
  async run({ values, positionals: files }, { readStdin, writeOut, writeError }) {
    const now = new Date().toISOString();
    const checked = (await readPolicyFiles(files, readStdin)).flatMap((file) => checkFile(file, now));
    const failing: readonly FindingType[] = values['fail-on'] === 'warning' ? ['error', 'warning'] : ['error'];
    const exitCode = checked.map((file) => codeOf(file, failing)).reduce<ExitCode>(worse, exitCodes.clean);
    writeOut(checkOutputs[values.output](checked, exitCode));
    for (const { file, findings } of checked) {
      const unreadable = findings.filter(({ type }) => type === 'unreadable');
      for (const finding of unreadable) writeError(`${renderProblem({ file, ...finding })}\n`);
    }
    return exitCode;
  },
});

type FindingType = (typeof policyFindingTypes)[number];

interface PolicyFinding extends Omit<InputProblem, 'file'> {
  readonly type: FindingType;
  /** The entry; absent where the file is no policy. */
  readonly path?: string;
}

interface CheckedFile {
  readonly file: string;
  readonly findings: readonly PolicyFinding[];
}

/** One; of a file that cannot be read one for each problem, which has its name. */
function checkFile(file: PolicyFile, now: string): readonly CheckedFile[] {
  if (file.type === 'unreadable') {
    return file.problems.map(({ file: name, ...problem }) => ({
      file: name,
      findings: [{ type: 'unreadable', ...problem }],
    }));
  }
  const { policy } = file;
  const errors = [...(policy.type === 'unusable' ? policy.problems : []), ...policy.ignored];
  const reviewed = policy.type === 'usable' ? reviewPolicy(policy.document, rules, now) : [];
  const toFinding =
    (type: FindingType) =>
    (problem: PolicyProblem): PolicyFinding => {
      const { line, column, message } = placePolicyProblem(file, problem);
      return { type, line, column, path: renderPath(problem.path), message };
    };
  const findings = [
    ...errors.map(toFinding('error')),
    ...reviewed.filter(({ isAnnouncement }) => isAnnouncement !== true).map(toFinding('warning')),
    ...reviewed.filter(({ isAnnouncement }) => isAnnouncement === true).map(toFinding('notice')),
  ];
  return [{ file: file.file, findings: findings.toSorted(byPlace) }];
}

/** As somebody reads the file; of one place what is worse first, as they were. */
function byPlace(a: PolicyFinding, b: PolicyFinding): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

function codeOf({ findings }: CheckedFile, failing: readonly FindingType[]): ExitCode {
  if (countOf(findings, 'unreadable') > 0) return exitCodes.unusable;
  return findings.some(({ type }) => failing.includes(type)) ? exitCodes.found : exitCodes.clean;
}

function worse(a: ExitCode, b: ExitCode): ExitCode {
  return a > b ? a : b;
}

function countOf(findings: CheckedFile['findings'], type: FindingType): number {
  return findings.filter((finding) => finding.type === type).length;
}

/** What cannot be read is on standard error. */
function renderFilesText(files: readonly CheckedFile[]): string {
  return files
    .filter(({ findings }) => countOf(findings, 'unreadable') === 0)
    .flatMap(({ file, findings }) => {
      const notices = countOf(findings, 'notice');
      const errors = count(countOf(findings, 'error'), 'error');
      const warnings = count(countOf(findings, 'warning'), 'warning');
      return [
        ...findings.map((finding) => `${finding.type} ${renderProblem({ file, ...finding })}`),
        `${file}: ${errors}, ${warnings}${notices === 0 ? '' : `, ${count(notices, 'notice')}`}`,
      ];
    })
    .map((line) => `${line}\n`)
    .join('');
}

function renderFilesJson(files: readonly CheckedFile[], exitCode: ExitCode): string {
  return toJson({
    schemaVersion: policyCheckSchemaVersion,
    exitCode,
    files: files.map(({ file, findings }) => ({
      file,
      errors: countOf(findings, 'error'),
      warnings: countOf(findings, 'warning'),
      findings,
    })),
  });
}
