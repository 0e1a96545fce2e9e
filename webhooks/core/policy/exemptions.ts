import type { Exemption, Moment, Policy } from '../engine/policy.ts';
import type { Rule } from '../engine/rule.ts';
import type { PolicyExemption } from './document.ts';

/**
 * For how many days before it ends an exemption is told with every change. Whoever changes a server once in a working
 * week sees it at least twice, and has a week to mend it.
 */
export const announcedDays = 14;

interface Dated {
  readonly expires: string;
  /** The first day on which it is told. */
  readonly announced: string;
  /** How it is called in sentences. */
  readonly entry: string;
}

/** Who is excused from what, until when. Nobody is from a mandatory rule. */
export function compileExemptions(
  exemptions: readonly PolicyExemption[],
  rules: readonly Rule[],
): Pick<Policy, 'exemptionOf' | 'nextChange'> {
  const excusable = new Set(rules.filter(({ isMandatory }) => isMandatory !== true).map(({ id }) => id));
  const byNamespace = new Map<string, Map<string, Map<string, Dated>>>();
  exemptions.forEach(({ rule, namespace, name, expires }, index) => {
    if (!excusable.has(rule)) return;
    const byRule = inside(inside(byNamespace, namespace), name);
    // Of two for the same object the longer one counts.
    if ((byRule.get(rule)?.expires ?? '') >= expires) return;
    byRule.set(rule, { expires, announced: daysBefore(announcedDays, expires), entry: `exemptions[${index}]` });
  });
  if (byNamespace.size === 0) return {};
  const dates = [...byNamespace.values()].flatMap((byName) => [...byName.values()].flatMap(datesOf));
  const days = [...new Set(dates)].sort();
  return {
    // Asked for each thing that is found, so no key is put together.
    exemptionOf: (rule, { namespace, name }, at) => {
      const dated = byNamespace.get(namespace)?.get(name)?.get(rule);
      return dated === undefined ? undefined : stateOf(dated, at);
    },
    nextChange: ({ now }) => {
      const day = days.find((one) => one > dayOf(now));
      return day === undefined ? undefined : `${day}T00:00:00Z`;
    },
  };
}

function stateOf({ announced, expires, entry }: Dated, { now }: Moment): Exemption {
  const today = dayOf(now);
  if (today >= expires) return { state: 'ended', because: `${entry} ended ${expires}` };
  return { state: today >= announced ? 'ending' : 'excused', because: `${entry} until ${expires}` };
}

/** What the map has under the key; an empty one where it had nothing. */
function inside<Value>(map: Map<string, Map<string, Value>>, key: string): Map<string, Value> {
  const found = map.get(key) ?? new Map<string, Value>();
  map.set(key, found);
  return found;
}

function datesOf(byRule: ReadonlyMap<string, Dated>): readonly string[] {
  return [...byRule.values()].flatMap(({ announced, expires }) => [announced, expires]);
}

/** Of a time in RFC 3339, in UTC. */
function dayOf(time: string): string {
  return time.slice(0, 'yyyy-mm-dd'.length);
}

const dayMs = 86_400_000;

export function daysBefore(days: number, day: string): string {
  return dayOf(new Date(Date.parse(`${day}T00:00:00Z`) - days * dayMs).toISOString());
}
