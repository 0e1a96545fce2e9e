import { matchesGlob } from '../engine/glob.ts';
import type { Action, LabelsOf, Policy, PolicyEntry } from '../engine/policy.ts';
import type { Rule } from '../engine/rule.ts';
import { ownValue } from '../mcpserver/record.ts';
import { actions, type PolicyDocument, type PolicyOverride } from './document.ts';
import { holdsBackUnder } from './compatibility.ts';
import { compileExemptions } from './exemptions.ts';
import { applyTo, beginningOf, isUnmet, ownNamed, settingOf, type Setting } from './settings.ts';

/**
 * Most namespaces that are remembered with what judges in them; beyond that all are forgotten and asked for anew. More than
 * a cluster is made for (https://kubernetes.io/docs/setup/best-practices/cluster-large/), and about a megabyte.
 */
const maxNamespaces = 10_000;

/**
 * Most entries in the lists that are remembered, where an override weighs as much as an entry: it is in the key of each list. One
 * namespace whose labels change comes to a new list each time. Beyond that all are forgotten, too; about two megabytes.
 */
const maxRemembered = 30_000;

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
  const { compatibility } = beginningOf(document);
  const exemptions = compileExemptions(document.exemptions ?? [], rules);
  const asksForLabels = overrides.some(({ namespaceLabels }) => namespaceLabels !== undefined);
  const byMatches = new Map<string, readonly PolicyEntry[]>();
  const byNamespace = new Map<string, Known>();
  const choices = overrides.map(toChoice);
  let remembered = 0;

  const forget = (): void => {
    byNamespace.clear();
    byMatches.clear();
    remembered = 0;
  };
  const settle = (namespace: string, labels: Labels, isIncomplete = false): readonly PolicyEntry[] => {
    const matches = choices.map((choice) => matchOf(choice, namespace, { labels, isIncomplete }));
    const key = matches.map((match) => match.key).join();
    const known = byMatches.get(key);
    if (known !== undefined) return known;
    const entries = settleRules(document, rules, matches);
    const weight = entries.length + overrides.length;
    if (remembered + weight > maxRemembered) forget();
    remembered += weight;
    byMatches.set(key, entries);
    return entries;
  };
  const entriesFor = (namespace: string, labelsOf?: LabelsOf): readonly PolicyEntry[] => {
    const labels = asksForLabels ? labelsOf?.(namespace) : undefined;
    const known = byNamespace.get(namespace);
    if (known !== undefined && known.labels === labels) return known.entries;
    const entries = settle(namespace, labels, labelsOf?.isIncomplete);
    if (byNamespace.size >= maxNamespaces) forget();
    byNamespace.set(namespace, { labels, entries });
    return entries;
  };
  if (overrides.length > 0) return { rules, entriesFor, compatibility, ...exemptions };
  const everywhere = settle('', undefined);
  return { rules, entriesFor: () => everywhere, compatibility, ...exemptions };
}

/** Which namespaces an override is for. */
interface Choice extends Pick<PolicyOverride, 'namespaces' | 'namespaceLabels'> {
  /** `overrides[2]`. */
  readonly entry: string;
  /** `stage=prod,team=x`; written once, because it may be long and many lists of entries have it. */
  readonly labelText: string;
}

function toChoice({ namespaces, namespaceLabels }: PolicyOverride, index: number): Choice {
  const labelText = Object.entries(namespaceLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  return { namespaces, namespaceLabels, entry: `overrides[${index}]`, labelText: labelText.join(',') };
}

/** Whether an override holds in a namespace. `key`: the same for the same answer of the same override, and short. */
type Match =
  | { readonly holds: 'no'; readonly key: '' }
  /** `because`: by which of its words, or what cannot be told. */
  | { readonly holds: 'yes' | 'maybe'; readonly key: string; readonly because: string };

const holdsNot: Match = { holds: 'no', key: '' };

function matchOf(
  choice: Choice,
  namespace: string,
  { labels, isIncomplete }: { readonly labels: Labels; readonly isIncomplete: boolean },
): Match {
  const { namespaces, namespaceLabels, entry, labelText } = choice;
  const at = namespaces?.findIndex((one) => matchesGlob(one, namespace)) ?? 0;
  if (at === -1) return holdsNot;
  if (namespaceLabels === undefined)
    return { holds: 'yes', key: `y${at}`, because: `${entry} ${namespaces?.[at] ?? ''}` };
  const holds =
    labels !== undefined && Object.entries(namespaceLabels).every(([key, value]) => ownValue(labels, key) === value);
  if (holds) return { holds: 'yes', key: 'y', because: `${entry} ${labelText}` };
  const isUnknown = labels === undefined || (isIncomplete && mayBeNamed(namespaceLabels, namespace));
  return isUnknown ? { holds: 'maybe', key: 'm', because: `${entry} ${labelText} not checked` } : holdsNot;
}

/** Every namespace has it, with its own name as the value: https://kubernetes.io/docs/reference/labels-annotations-taints/ */
const nameLabel = 'kubernetes.io/metadata.name';

/** Whether labels that nobody knows completely could be these: of all labels only the name is known without being told. */
function mayBeNamed(wanted: Readonly<Record<string, string>>, namespace: string): boolean {
  return [undefined, namespace].some((name) => ownValue(wanted, nameLabel) === name);
}

function settleRules(
  document: PolicyDocument,
  rules: readonly Rule[],
  matches: readonly Match[],
): readonly PolicyEntry[] {
  return rules.flatMap((rule) => settleRule(document, rule, matches));
}

/** What may become of a rule. */
interface Possible extends Setting {
  /** Which override that nobody could check made it so, or may make something else of it. */
  readonly doubt?: string;
}

/**
 * Nothing where the rule is off. One entry, but where it cannot be told which override holds: then one for each set of
 * parameters that may be meant, each as severe as it may be.
 */
function settleRule(document: PolicyDocument, rule: Rule, matches: readonly Match[]): readonly PolicyEntry[] {
  const { overrides = [] } = document;
  const beginning = beginningOf(document);
  let possible: readonly Possible[] = [settingOf(rule, document)];
  overrides.forEach((override, index) => {
    const match = matches[index];
    const named = ownNamed(override.rules, rule);
    if (named === undefined || match === undefined || match.holds === 'no') return;
    const entry = { rule, beginning, because: match.because };
    possible = distinct(
      possible.flatMap((before) => {
        const after = applyTo(before, named, entry);
        // Reading refuses what comes to this.
        if (after === before || isUnmet(rule, after)) return [before];
        return match.holds === 'yes' ? [keepDoubt(after, before)] : inDoubt(before, after, match.because);
      }),
    );
  });
  const isCertain = possible.length === 1;
  const holdsBack = holdsBackUnder(beginning.compatibility, rule);
  return strictest(possible).flatMap((setting) => {
    const { action, parameters } = setting;
    if (action === 'off' || isUnmet(rule, setting)) return [];
    const cause = isCertain ? setting.because : (setting.doubt ?? setting.because);
    return [{ rule, severity: action, parameters, holdsBack, ...(cause === undefined ? {} : { because: cause }) }];
  });
}

/** Both may be meant; what was in doubt before stays so for what was said before. */
function inDoubt(before: Possible, after: Setting, doubt: string): readonly Possible[] {
  return [before.doubt === undefined ? { ...before, doubt } : before, { ...after, doubt }];
}

/** What is certain changes a part of what is in doubt. */
function keepDoubt(after: Setting, { doubt }: Possible): Possible {
  return doubt === undefined ? after : { ...after, doubt };
}

/** By what is done, not by who says so: with n overrides of which nobody knows whether they hold there are at most 4n + 1 of them. */
function distinct(settings: readonly Possible[]): readonly Possible[] {
  if (settings.length < 2) return settings;
  const seen = new Set<string>();
  return settings.filter(({ action, parameters, isUnnamed }) => {
    const key = JSON.stringify([action, parameters, isUnnamed]);
    return seen.size < seen.add(key).size;
  });
}

/** Of those with the same parameters the most severe one. */
function strictest(settings: readonly Possible[]): readonly Possible[] {
  if (settings.length < 2) return settings;
  const found = new Map<string, Possible>();
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
