import { patternsOf } from '../../engine/name-patterns.ts';
import { none } from '../../engine/violations.ts';
import type { Reference } from '../../mcpserver/references.ts';
import type { Violation } from '../../mcpserver/violation.ts';
import { listed } from './listed.ts';

/**
 * What is to be said about the objects of a kind that are referenced and that a list does not have, wherever they are
 * named. One that may be missing counts as well: it is used as soon as it is there. Which of its keys are read is part of
 * the cause: who reads one of them today must not read another one tomorrow.
 */
export function checkAllowed(
  references: readonly Reference[],
  { kind, allowed }: { readonly kind: 'ConfigMap' | 'Secret'; readonly allowed: readonly string[] },
): readonly Violation[] {
  let found: Violation[] | undefined;
  for (const reference of references) {
    // One without a name is no object, and refused elsewhere.
    if (reference.kind !== kind || reference.name === '' || patternsOf(allowed).has(reference.name)) continue;
    found ??= [];
    found.push({
      path: reference.path,
      headline: `the ${kind} is not allowed here`,
      detail: `found '${reference.name}'`,
      cause: causeOf(reference),
      remedy: `Use one that the policy lists: ${listed(allowed)}.`,
    });
  }
  return found ?? none;
}

/** The keys that are read, in no order; none of them where that is the whole object. */
function causeOf({ keys }: Reference): readonly string[] {
  return [...new Set(keys.map(({ key }) => key))].sort();
}
