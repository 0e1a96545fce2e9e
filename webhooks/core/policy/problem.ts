import type { FieldPath } from '../mcpserver/violation.ts';
import { renderPath } from '../mcpserver/violation.ts';
import { printable, shortenMiddle } from '../engine/text.ts';

/** One thing that is wrong with a policy. */
export interface PolicyProblem {
  /** Into the document; empty for the whole of it. */
  readonly path: FieldPath;
  /** What is wrong, without a full stop. */
  readonly headline: string;
  /** What was found. */
  readonly detail: string;
  /** What to do: one sentence with a full stop. */
  readonly remedy: string;
  /** Nothing is wrong, and something is about to be: told, and no gate fails for it. */
  readonly isAnnouncement?: true;
}

/**
 * What reading tells of. `wrong`: the document means nothing for certain. `ignored`: this release does not know it, or will
 * not do it; everything else means what it says.
 */
export interface Tell {
  readonly wrong: (problem: PolicyProblem) => void;
  readonly ignored: (problem: PolicyProblem) => void;
}

/** Most problems of a kind that are kept: a person reads them. */
const maxProblems = 100;

/** Keeps what is told, the first {@link maxProblems} of each kind. */
export function createTell(): Tell & {
  readonly problems: { readonly wrong: readonly PolicyProblem[]; readonly ignored: readonly PolicyProblem[] };
} {
  const problems = { wrong: [] as PolicyProblem[], ignored: [] as PolicyProblem[] };
  const keepIn = (list: PolicyProblem[]) => (problem: PolicyProblem) => {
    if (list.length < maxProblems) list.push(problem);
  };
  return { problems, wrong: keepIn(problems.wrong), ignored: keepIn(problems.ignored) };
}

/** `path: headline: detail. remedy`, on one line of bounded length. */
export function renderPolicyProblem({ path, headline, detail, remedy }: PolicyProblem): string {
  const place = path.length === 0 ? 'policy' : shortenMiddle(renderPath(path), 200);
  return printable(`${place}: ${headline}: ${shortenMiddle(detail, 200)}. ${remedy}`);
}

/** What stands there, in a few words: values of policies are nobody's secret, but may be long. */
export function describe(raw: unknown): string {
  if (raw === undefined) return 'nothing';
  if (typeof raw === 'string') return `'${shortenMiddle(raw, 80)}'`;
  if (typeof raw === 'number' || typeof raw === 'boolean' || raw === null) return String(raw);
  return Array.isArray(raw) ? `a list of ${raw.length}` : 'an object';
}
