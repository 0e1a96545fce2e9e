import { reviewPolicy } from '../core/policy/review-policy.ts';
import { rules } from '../core/rules/index.gen.ts';
import { defineCommand } from './command.ts';
import { exitCodes, type ExitCode } from './exit-code.ts';
import { readPolicyFiles, renderPolicyPlace, type PolicyFile } from './policy-file.ts';
import { renderProblem } from './outputs/text.ts';

/** Says what is wrong with a policy before a cluster has it. */
export const policyCheck = defineCommand({
  synopsis: 'policy check [options] FILE…',
  description: `Says what is wrong with policies, all at once: what cannot be read, rules and parameters that this release does not know, and
what a policy may not say of a rule. Warns about exemptions that have ended, and about overrides that may hold in the same namespace and differ.
A notice, which never fails, tells of exemptions that end soon. FILE may be - for standard input.
`,
  options: {
    'fail-on': { type: 'choice', choices: ['error', 'warning'], help: 'the least that fails' },
  },
  exitCodes: { clean: 'nothing found', found: 'errors, or warnings with --fail-on warning' },
  judgeArguments: ([file]) => (file === undefined ? 'name at least one file, or - for standard input' : undefined),
  async run({ values, positionals: files }, { readStdin, writeOut, writeError }) {
    const now = new Date().toISOString();
    const results = (await readPolicyFiles(files, readStdin)).map((file) => checkFile(file, now));
    for (const { out, error } of results) {
      writeOut(out);
      writeError(error);
    }
    const codes = results.map(({ errors, warnings, isUnreadable }): ExitCode => {
      if (isUnreadable) return exitCodes.unusable;
      const failing = values['fail-on'] === 'warning' ? errors + warnings : errors;
      return failing > 0 ? exitCodes.found : exitCodes.clean;
    });
    return codes.reduce<ExitCode>((worst, code) => (code > worst ? code : worst), exitCodes.clean);
  },
});

interface Checked {
  readonly out: string;
  readonly error: string;
  readonly errors: number;
  readonly warnings: number;
  readonly isUnreadable: boolean;
}

function checkFile(file: PolicyFile, now: string): Checked {
  if (file.type === 'unreadable') {
    const error = file.problems.map((problem) => `${renderProblem(problem)}\n`).join('');
    return { out: '', error, errors: 0, warnings: 0, isUnreadable: true };
  }
  const { policy } = file;
  const errors = [...(policy.type === 'unusable' ? policy.problems : []), ...policy.ignored];
  const reviewed = policy.type === 'usable' ? reviewPolicy(policy.document, rules, now) : [];
  const warnings = reviewed.filter(({ isAnnouncement }) => isAnnouncement !== true);
  const notices = reviewed.filter(({ isAnnouncement }) => isAnnouncement === true);
  const lines = [
    ...errors.map((problem) => `error ${renderPolicyPlace(file, problem)}`),
    ...warnings.map((problem) => `warning ${renderPolicyPlace(file, problem)}`),
    ...notices.map((problem) => `notice ${renderPolicyPlace(file, problem)}`),
    `${file.file}: ${count(errors.length, 'error')}, ${count(warnings.length, 'warning')}${told(notices.length)}`,
  ];
  const out = lines.map((line) => `${line}\n`).join('');
  return { out, error: '', errors: errors.length, warnings: warnings.length, isUnreadable: false };
}

function told(notices: number): string {
  return notices === 0 ? '' : `, ${count(notices, 'notice')}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
