import type { ReferencedKind } from '../../engine/facts.ts';
import type { RuleInput } from '../../engine/rule.ts';
import { isConfiguration } from '../../mcpserver/references.ts';
import type { Reference, ReferencedKey } from '../../mcpserver/references.ts';
import type { Violation } from '../../mcpserver/violation.ts';
import { whileMissing } from './missing-reference.ts';

/** Key names that a message shows: enough to see a slip of the pen. */
const maxShownKeys = 5;

/**
 * The keys that are used by name and that their object does not have. An object that is missing, or that nobody looked
 * at, has its own finding, and not one more for each key.
 */
export function checkKeys(kind: ReferencedKind, { references, facts }: RuleInput): readonly Violation[] {
  const violations: Violation[] = [];
  for (const reference of references) {
    if (reference.kind !== kind || !isConfiguration(reference)) continue;
    if (reference.isOptional || reference.keys.length === 0) continue;
    const found = reference.name === '' ? undefined : facts.lookUp(kind, reference.name);
    if (found?.state !== 'found') continue;
    for (const key of reference.keys)
      if (!found.keys.has(key.key)) violations.push(missingKey(reference, key, found.keys));
  }
  return violations;
}

function missingKey({ kind, name }: Reference, { key, path }: ReferencedKey, found: ReadonlySet<string>): Violation {
  return {
    path,
    // A warning loses its end: the key is what nobody can guess, the object stands right beside it.
    headline: `no key '${key}' in ${kind} '${name}'`,
    detail: kind === 'ConfigMap' ? `${describe(found)}; ${whileMissing}` : whileMissing,
    cause: [name],
  };
}

/** Only of ConfigMaps: the names of a Secret's keys are nobody's business who reads a warning or a status. */
function describe(keys: ReadonlySet<string>): string {
  if (keys.size === 0) return 'found no keys';
  const shown = [...keys].sort().slice(0, maxShownKeys);
  return `found ${shown.map((key) => `'${key}'`).join(', ')}${keys.size > shown.length ? ' and more' : ''}`;
}
