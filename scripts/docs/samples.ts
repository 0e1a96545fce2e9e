import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments, type Document } from 'yaml';

/** A manifest as a page shows it to be applied. */
export interface Sample {
  readonly page: string;
  /** With its group, as kubectl names it: `Gateway.gateway.networking.k8s.io`, `ConfigMap`. */
  readonly kind: string;
  readonly text: string;
}

/** Every object of these kinds in the README and in guides, each by itself. */
export function readSamples(kinds: readonly string[]): readonly Sample[] {
  const guides = readdirSync('docs/guides').map((file) => join('docs', 'guides', file));
  return ['README.md', ...guides].flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)]
      .flatMap(([, block = '']) => parseAllDocuments(block))
      .map((document) => ({ page, kind: kindOf(document), text: String(document) }))
      .filter(({ kind }) => kinds.includes(kind)),
  );
}

function kindOf(document: Document): string {
  const [apiVersion, kind] = [document.get('apiVersion'), document.get('kind')];
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return '';
  const [group, version] = apiVersion.split('/');
  return version === undefined ? kind : `${kind}.${group ?? ''}`;
}
