import type { Policy } from '../core/engine/policy.ts';
import { builtInPolicy } from '../core/rules/built-in-policy.ts';
import type { InputProblem } from '../platform/manifests/manifest.ts';
import { byBuiltIn, type JudgedBy } from './judged-by.ts';
import { placePolicyProblem, readPolicyFiles, type PolicyFile } from './policy-file.ts';
import { renderProblem } from './outputs/text.ts';

/** As `check` and others take it. */
export const policyOption = {
  type: 'text',
  placeholder: 'FILE',
  default: '',
  isPath: true,
  help: 'a policy to judge by, as the cluster has it',
} as const;

/** What judges, and what of it is ignored; or why nobody can tell. */
export type ChosenPolicy = Chosen | { readonly type: 'refused'; readonly problems: readonly InputProblem[] };

export interface Chosen {
  readonly type: 'chosen';
  readonly policy: Policy;
  readonly ignored: readonly InputProblem[];
  /** What to call it. */
  readonly by: JudgedBy;
}

/** The policy in this file; without one, what judges in a cluster that has none. */
export async function choosePolicy(path: string, readStdin: () => Promise<Uint8Array>): Promise<ChosenPolicy> {
  if (path === '') return { type: 'chosen', policy: builtInPolicy, ignored: [], by: byBuiltIn };
  const files = await readPolicyFiles([path], readStdin);
  const [file, ...others] = files;
  if (file === undefined || others.length > 0) {
    return { type: 'refused', problems: [{ file: path, message: `has to be one file, found ${files.length}` }] };
  }
  return toChosen(file, { file: path });
}

/** A policy that was read, if it means something. */
export function toChosen(file: PolicyFile, by: JudgedBy): ChosenPolicy {
  if (file.type === 'unreadable') return { type: 'refused', problems: file.problems };
  const { policy: read } = file;
  const ignored = read.ignored
    .map((problem) => placePolicyProblem(file, problem))
    .map(({ message, ...place }) => ({ ...place, message: `ignored: ${message}` }));
  if (read.type === 'usable') return { type: 'chosen', policy: read.policy, ignored, by };
  const problems = read.problems.map((problem) => placePolicyProblem(file, problem));
  return { type: 'refused', problems: [...problems, ...ignored] };
}

/** One line for each. */
export function renderProblems(problems: readonly InputProblem[]): string {
  return problems.map((problem) => `${renderProblem(problem)}\n`).join('');
}
