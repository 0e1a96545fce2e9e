import { isRecord, ownValue } from './record.ts';
import { checkSchema } from './schema.ts';
import type { FieldPath, Violation } from './violation.ts';

/** How often a status is asked again without what did not fit of it. Then it goes as a whole. */
const maxRounds = 10;

/**
 * As {@link checkSchema}, but nothing is refused for what its status says: we alone write it, so what does not fit was written
 * by a newer release, before somebody went back to this one or while both are there. It is left out of a copy, the least
 * that fits: a word that is not known, and all that cannot be without it.
 */
export function checkUnderstood(data: unknown): ReturnType<typeof checkSchema> {
  let understood = data;
  for (let round = 1; ; round += 1) {
    const checked = checkSchema(understood);
    if (checked.ok) return checked;
    const strange = checked.violations.filter(isOfStatus).map(({ path }) => path);
    if (strange.length === 0) return checked;
    understood = without(understood, round > maxRounds ? [['status']] : strange);
  }
}

function isOfStatus({ path }: Violation): boolean {
  return path[0] === 'status';
}

/** Undefined where nothing is left: what is wrong is all of it, or that something is missing in it. */
function without(value: unknown, paths: readonly FieldPath[]): unknown {
  if (paths.length === 0) return value;
  if (paths.some((path) => path.length === 0 || isMissing(value, path))) return undefined;
  const below = (name: string | number): readonly FieldPath[] =>
    paths.filter(([first]) => first === name).map(([, ...rest]) => rest);
  if (Array.isArray(value)) {
    return value.map((item, index) => without(item, below(index))).filter((item) => item !== undefined);
  }
  if (!isRecord(value)) return undefined;
  const kept = Object.entries(value).map(([name, child]) => [name, without(child, below(name))] as const);
  return Object.fromEntries(kept.filter(([, child]) => child !== undefined));
}

function isMissing(value: unknown, [name = '', ...rest]: FieldPath): boolean {
  return rest.length === 0 && ownValue(value, name) === undefined;
}
