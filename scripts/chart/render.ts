import { execFile } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { resolveSettings } from '../cluster/settings.ts';
import { ensureTools } from '../cluster/tools.ts';

/** Path of the chart, with a slash at its end. */
export const chart = fileURLToPath(new URL('../../chart/', import.meta.url));

/** What of a rendered object the tests ask for. */
export interface Manifest {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly rules?: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
    readonly resourceNames?: readonly string[];
  }[];
}

/** Runs the helm of the local cluster; it needs no cluster for what is done here. Rejects with what helm says. */
export async function runHelm(...args: readonly string[]): Promise<string> {
  const helm = `${await ensureTools(resolveSettings({}, process.env).cache)}/helm`;
  const { stdout } = await promisify(execFile)(helm, args, { maxBuffer: 16 * 2 ** 20 });
  return stdout;
}

/** Copies the chart into `folder`, its notes as one more object: what helm renders without a cluster are objects alone. */
export async function copyWithNotes(folder: string): Promise<void> {
  await cp(chart, folder, { recursive: true });
  const notes = await readFile(join(folder, 'templates/NOTES.txt'), 'utf8');
  const template = `{{ define "notes" }}${notes}{{ end }}notes: |\n{{ include "notes" . | indent 2 }}\n`;
  await writeFile(join(folder, 'templates/notes.yaml'), template);
}

/** With every value at its default, the image included, which has none. */
export function templateBare(...args: readonly string[]): Promise<string> {
  return runHelm('template', 'mcp-lifecycle', chart, '--namespace', 'mcp-lifecycle-system', ...args);
}

/** The least that renders, and `args`. */
export function template(...args: readonly string[]): Promise<string> {
  return templateBare('--set', 'image.repository=mcp-lifecycle', ...args);
}

/** What stands at `spec.template.spec.containers.0.env` of a parsed object; undefined where there is nothing. */
export function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((found, key) => {
    const entries: readonly (readonly [string, unknown])[] =
      typeof found === 'object' && found !== null ? Object.entries(found) : [];
    return entries.find(([name]) => name === key)?.[1];
  }, value);
}

/** {@link template}, parsed. */
export async function render(...args: readonly string[]): Promise<readonly Manifest[]> {
  return parseRendered(await template(...args));
}

/** The objects of what helm printed. */
export function parseRendered(text: string): readonly Manifest[] {
  const documents = parseAllDocuments(text) as readonly { toJS(): unknown }[];
  // A template that renders to a comment is a document without an object.
  return documents.flatMap((document) => (document.toJS() as Manifest | null) ?? []);
}
