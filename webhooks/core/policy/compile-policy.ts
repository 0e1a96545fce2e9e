import { matchesGlob } from '../engine/glob.ts';
import type { Action, LabelsOf, Policy, PolicyEntry } from '../engine/policy.ts';
import type { Rule } from '../engine/rule.ts';
import { actions, type PolicyDocument, type PolicyOverride } from './document.ts';
import { compileExemptions } from './exemptions.ts';
import { applyTo, ownNamed, settingOf, type Setting } from './settings.ts';

/**
 * Most namespaces that are remembered with what judges in them; beyond that all are forgotten and asked for anew. More than
 * a cluster is made for (https://kubernetes.io/docs/setup/best-practices/cluster-large/), and about a megabyte.
 */
const maxNamespaces = 10_000;

type Labels = Readonly<Record<string, string>> | undefined;

interface Known {
  readonly labels: Labels;
  readonly entries: readonly PolicyEntry[];
}

/**
 * The policy that a document describes. What judges in a namespace is settled when it is asked for first: namespaces in
 * which the same overrides hold share one list, and asking again is one look-up.
 */
export function compilePolicy(document: PolicyDocument, rules: readonly Rule[]): Policy {
  const { overrides = [] } = document;
  const exemptions = compileExemptions(document.exemptions ?? [], rules);
  const asksForLabels = overrides.some(({ namespaceLabels }) => namespaceLabels !== undefined);
  const byMatches = new Map<string, readonly PolicyEntry[]>();
  const byNamespace = new Map<string, Known>();

  const settle = (namespace: string, labels: Labels): readonly PolicyEntry[] => {
    const matches = overrides.map((override) => matchOf(override, namespace, labels));
    const key = JSON.stringify(matches);
    const entries = byMatches.get(key) ?? settleRules(document, rules, matches);
    byMatches.set(key, entries);
    return entries;
  };
  const entriesFor = (namespace: string, labelsOf?: LabelsOf): readonly PolicyEntry[] => {
    const labels = asksForLabels ? labelsOf?.(namespace) : undefined;
    const known = byNamespace.get(namespace);
    if (known !== undefined && known.labels === labels) return known.entries;
    const entries = settle(namespace, labels);
    if (byNamespace.size >= maxNamespaces) {
      byNamespace.clear();
      byMatches.clear();
    }
    byNamespace.set(namespace, { labels, entries });
    return entries;
  };
  if (overrides.length > 0) return { rules, entriesFor, ...exemptions };
  const everywhere = settle('', undefined);
  return { rules, entriesFor: () => everywhere, ...exemptions };
}

/** Whether an override holds in a namespace: by which of its words, or why that cannot be told. */
type Match = { readonly holds: 'no' } | { readonly holds: 'yes' | 'maybe'; readonly by: string };

function matchOf({ namespaces, namespaceLabels }: PolicyOverride, namespace: string, labels: Labels): Match {
  const pattern = namespaces?.find((one) => matchesGlob(one, namespace));
  if (namespaces !== undefined && pattern === undefined) return { holds: 'no' };
  if (namespaceLabels === undefined) return { holds: 'yes', by: pattern ?? '' };
  const wanted = Object.entries(namespaceLabels);
  const by = wanted.map(([key, value]) => `${key}=${value}`).join(',');
  if (labels === undefined) return { holds: 'maybe', by };
  const holds = wanted.every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value);
  return holds ? { holds: 'yes', by } : { holds: 'no' };
}

function settleRules(
  document: PolicyDocument,
  rules: readonly Rule[],
  matches: readonly Match[],
): readonly PolicyEntry[] {
  return rules.flatMap((rule) => settleRule(document, rule, matches));
}

/**
 * Nothing where the rule is off. One entry, but where it cannot be told which override holds: then one for each set of
 * parameters that may be meant, each as severe as it may be.
 */
function settleRule(document: PolicyDocument, rule: Rule, matches: readonly Match[]): readonly PolicyEntry[] {
  const { extends: profile = 'restricted', overrides = [] } = document;
  let possible: readonly Setting[] = [settingOf(rule, document)];
  let doubt: string | undefined;
  overrides.forEach((override, index) => {
    const match = matches[index];
    const named = ownNamed(override.rules, rule);
    if (named === undefined || match === undefined || match.holds === 'no') return;
    const because = `overrides[${index}] ${match.by}`;
    const changed = possible.map((setting) => applyTo(setting, named, { rule, profile, because }));
    if (match.holds === 'maybe') doubt = `${because} not checked`;
    possible = distinct(match.holds === 'maybe' ? [...possible, ...changed] : changed);
  });
  return strictest(possible).flatMap(({ action, parameters, because }) => {
    const cause = possible.length > 1 ? (doubt ?? because) : because;
    return action === 'off'
      ? []
      : [{ rule, severity: action, parameters, ...(cause === undefined ? {} : { because: cause }) }];
  });
}

/** By what is done, not by who says so: with n overrides of which nobody knows whether they hold there are at most 4n of them. */
function distinct(settings: readonly Setting[]): readonly Setting[] {
  const seen = new Set<string>();
  return settings.filter(({ action, parameters }) => {
    const key = JSON.stringify([action, parameters]);
    return seen.size < seen.add(key).size;
  });
}

/** Of those with the same parameters the most severe one. */
function strictest(settings: readonly Setting[]): readonly Setting[] {
  if (settings.length < 2) return settings;
  const found = new Map<string, Setting>();
  for (const setting of settings) {
    const key = JSON.stringify(setting.parameters);
    const known = found.get(key);
    if (known === undefined || rank(setting.action) < rank(known.action)) found.set(key, setting);
  }
  return [...found.values()];
}

function rank(action: Action): number {
  return actions.indexOf(action);
}
