import type { Policy } from '../core/engine/policy.ts';
import { builtInPolicy } from '../core/rules/built-in-policy.ts';
import { readPolicyFiles, renderPolicyPlace, type PolicyFile } from './policy-file.ts';
import { renderProblem } from './outputs/text.ts';

/** As `check` and others take it. */
export const policyOption = {
  type: 'text',
  placeholder: 'FILE',
  default: '',
  isPath: true,
  help: 'a policy to judge by, as the cluster has it',
} as const;

/** What judges, or why nobody can tell. Lines end in a line break. */
export type ChosenPolicy =
  | { readonly type: 'chosen'; readonly policy: Policy; readonly ignored: string }
  | { readonly type: 'refused'; readonly problems: string };

/** The policy in this file; without one, what judges in a cluster that has none. */
export async function choosePolicy(path: string, readStdin: () => Promise<Uint8Array>): Promise<ChosenPolicy> {
  if (path === '') return { type: 'chosen', policy: builtInPolicy, ignored: '' };
  const files = await readPolicyFiles([path], readStdin);
  const [file, ...others] = files;
  if (file === undefined || others.length > 0) {
    return { type: 'refused', problems: `${path} has to be one file, found ${files.length}\n` };
  }
  return toChosen(file);
}

function toChosen(file: PolicyFile): ChosenPolicy {
  if (file.type === 'unreadable') return { type: 'refused', problems: toText(file.problems.map(renderProblem)) };
  const { policy: read } = file;
  const lines = (problems: typeof read.ignored): string =>
    toText(problems.map((problem) => renderPolicyPlace(file, problem)));
  if (read.type === 'unusable') return { type: 'refused', problems: lines([...read.problems, ...read.ignored]) };
  return { type: 'chosen', policy: read.policy, ignored: lines(read.ignored) };
}

function toText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
