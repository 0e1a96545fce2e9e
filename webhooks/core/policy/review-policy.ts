import { canBothMatch } from '../engine/glob.ts';
import type { Rule } from '../engine/rule.ts';
import type { PolicyDocument, PolicyOverride } from './document.ts';
import { announcedDays, daysBefore } from './exemptions.ts';
import type { PolicyProblem } from './problem.ts';

/** Most pairs of overrides that are told of; the first ones show what kind of thing is wrong. */
const maxOverlaps = 50;

/** What is right and may still not be meant. `today`: RFC 3339, from its beginning a day. */
export function reviewPolicy(
  document: PolicyDocument,
  rules: readonly Rule[],
  today: string,
): readonly PolicyProblem[] {
  return [...reviewExemptions(document, rules, today), ...findOverlaps(document)];
}

function reviewExemptions(
  { exemptions = [] }: PolicyDocument,
  rules: readonly Rule[],
  today: string,
): readonly PolicyProblem[] {
  const known = new Set(rules.map(({ id }) => id));
  const seen = new Set<string>();
  return exemptions.flatMap(({ rule, namespace, name, owner, expires }, index) => {
    const key = `${rule}/${namespace}/${name}`;
    const isTwice = seen.has(key);
    seen.add(key);
    if (!known.has(rule)) return [];
    const path = ['exemptions', index];
    const of = `${namespace}/${name} from ${rule}, owner ${owner}`;
    const twice = { path, headline: 'is there twice', detail: of, remedy: 'Keep the one that ends later.' };
    return [
      ...(isTwice ? [twice] : []),
      ...reviewExpiry({ expires, of, today }).map((one) => ({ path: [...path, 'expires'], ...one })),
    ];
  });
}

interface Expiry {
  readonly expires: string;
  readonly of: string;
  readonly today: string;
}

function reviewExpiry({ expires, of, today }: Expiry): readonly Omit<PolicyProblem, 'path'>[] {
  const day = today.slice(0, expires.length);
  if (day >= expires) {
    const remedy = 'Mend the server and then remove it, or agree on another day.';
    return [{ headline: 'has ended, and is enforced', detail: `${of}: ${expires}`, remedy }];
  }
  if (day < daysBefore(announcedDays, expires)) return [];
  const remedy = 'Mend the server, or agree on another day.';
  return [{ headline: 'ends soon', detail: `${of}: ${expires}`, remedy, isAnnouncement: true }];
}

/** Most pairs of patterns that are compared: each takes some microseconds, and a policy has room for a hundred million. */
const maxComparisons = 200_000;

/** Overrides that may hold in one namespace and say different things about one rule: the later one decides. */
function findOverlaps({ overrides = [] }: PolicyDocument): readonly PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  let left = maxComparisons;
  for (const [index, later] of overrides.entries()) {
    for (const [before, earlier] of overrides.slice(0, index).entries()) {
      const ids = contested(earlier, later);
      if (ids.length === 0) continue;
      left -= namespacesOf(earlier).length * namespacesOf(later).length;
      if (left < 0) return [...problems, notCompared(index)];
      if (canBothHold(earlier, later)) problems.push(overlap(index, before, ids));
      if (problems.length >= maxOverlaps) return problems;
    }
  }
  return problems;
}

function overlap(index: number, before: number, ids: readonly string[]): PolicyProblem {
  return {
    path: ['overrides', index],
    headline: `may hold in the same namespace as overrides[${before}]`,
    detail: `they differ in ${ids.join(', ')}, and the later one decides`,
    remedy: 'Put the more special one last, and check that this is the order.',
  };
}

function notCompared(index: number): PolicyProblem {
  return {
    path: ['overrides', index],
    headline: 'this override and those after it were not compared with others',
    detail: 'they name too many namespaces',
    remedy: 'Check yourself in which order they have to stand.',
  };
}

function namespacesOf({ namespaces = ['*'] }: PolicyOverride): readonly string[] {
  return namespaces;
}

function contested(one: PolicyOverride, other: PolicyOverride): readonly string[] {
  return Object.keys(one.rules).filter((id) => {
    const [a, b] = [one.rules[id], other.rules[id]];
    return Object.hasOwn(other.rules, id) && JSON.stringify(a) !== JSON.stringify(b);
  });
}

function canBothHold(one: PolicyOverride, other: PolicyOverride): boolean {
  const [ours, theirs] = [namespacesOf(one), namespacesOf(other)];
  const labels = Object.entries(one.namespaceLabels ?? {});
  const areLabelsAtOdds = labels.some(([key, value]) => {
    const wanted = other.namespaceLabels ?? {};
    return Object.hasOwn(wanted, key) && wanted[key] !== value;
  });
  return !areLabelsAtOdds && ours.some((a) => theirs.some((b) => canBothMatch(a, b)));
}
