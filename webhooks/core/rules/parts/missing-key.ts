import type { ReferencedKind } from '../../engine/facts.ts';
import type { RuleInput } from '../../engine/rule.ts';
import type { Reference } from '../../mcpserver/references.ts';
import type { Violation } from '../../mcpserver/violation.ts';
import { whileMissing } from './missing-reference.ts';

/** Key names that a message shows: enough to see a slip of the pen. */
const maxShownKeys = 5;

/**
 * The keys that are used by name and that their object does not have. An object that is missing, or that nobody looked
 * at, has its own finding, and not one more for each key.
 */
export function checkKeys(kind: ReferencedKind, { references, facts }: RuleInput): readonly Violation[] {
  return references
    .filter((reference) => reference.kind === kind && !reference.isOptional && reference.keys.length > 0)
    .flatMap((reference) => {
      const found = reference.name === '' ? undefined : facts.lookUp(kind, reference.name);
      return found?.state === 'found' ? missingKeys(reference, found.keys) : [];
    });
}

function missingKeys({ kind, name, keys }: Reference, found: ReadonlySet<string>): readonly Violation[] {
  return keys
    .filter(({ key }) => !found.has(key))
    .map(({ key, path }) => ({
      path,
      headline: `${kind} '${name}' has no key '${key}'`,
      detail: kind === 'ConfigMap' ? `${describe(found)}; ${whileMissing}` : whileMissing,
    }));
}

/** Only of ConfigMaps: the names of a Secret's keys are nobody's business who reads a warning or a status. */
function describe(keys: ReadonlySet<string>): string {
  if (keys.size === 0) return 'found no keys';
  const shown = [...keys].sort().slice(0, maxShownKeys);
  return `found ${shown.map((key) => `'${key}'`).join(', ')}${keys.size > shown.length ? ' and more' : ''}`;
}
