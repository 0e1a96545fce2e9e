import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One file of a folder whose files all declare one constant of the same type. */
export interface Member {
  /** The file's name without `.ts`; of a rule it is the id. */
  readonly id: string;
  /** The constant: the id in camelCase. */
  readonly constant: string;
}

/**
 * The files directly in `folder` (absolute) that declare `export const <id in camelCase>: <type> =`, alphabetically. Looking for
 * the declaration, not at names, lets contracts live in the same folder.
 *
 * A file that declares a constant of the type under another name would be left out in silence, so that throws.
 */
export async function findMembers(folder: string, type: string): Promise<readonly Member[]> {
  const names = (await readdir(folder)).filter(isSource).sort();
  const members = await Promise.all(names.map(async (name) => toMember(folder, name, type)));
  return members.filter((member) => member !== undefined);
}

function isSource(name: string): boolean {
  return name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.endsWith('.gen.ts');
}

async function toMember(folder: string, name: string, type: string): Promise<Member | undefined> {
  const text = await readFile(join(folder, name), 'utf8');
  const id = name.slice(0, -'.ts'.length);
  const constant = toCamelCase(id);
  const declared = [...text.matchAll(new RegExp(`^export const (\\w+): ${type} =`, 'gm'))].map(([, found]) => found);
  if (declared.length === 0) return undefined;
  if (declared.length === 1 && declared[0] === constant) return { id, constant };
  throw new Error(
    `${join(folder, name)} has to export exactly one ${type}, named ${constant}; found ${declared.join(', ')}.`,
  );
}

/** `run-as-non-root` → `runAsNonRoot`. */
export function toCamelCase(id: string): string {
  return id.replaceAll(/-(\w)/g, (_dash, letter: string) => letter.toUpperCase());
}
