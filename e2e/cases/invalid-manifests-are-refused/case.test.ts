import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { kubectl } from '../../harness/kubectl.ts';
import { useNamespace } from '../../harness/namespace.ts';

const folder = fileURLToPath(new URL('../../invalid/', import.meta.url));
const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));

/** What the refusal must contain: every `# expect: …` line of the file. */
function expectations(manifest: string): readonly string[] {
  return [...manifest.matchAll(/^# expect: (.+)$/gm)].flatMap(([, text]) => (text === undefined ? [] : [text]));
}

describe('the API server', () => {
  const namespace = useNamespace();

  it('meets manifests that violate the schema, its CEL rules and our rules', () => {
    expect(files.length).toBeGreaterThanOrEqual(12);
  });

  it.each(files)('refuses e2e/invalid/%s and says why', async (file) => {
    const manifest = readFileSync(`${folder}${file}`, 'utf8');
    const wanted = expectations(manifest);
    expect(wanted).not.toHaveLength(0);
    // Strict validation comes before everything else, so only files about it ask for it.
    const validate = file.startsWith('strict-') ? 'strict' : 'false';
    const args = ['create', '--dry-run=server', `--validate=${validate}`, '--namespace', namespace, '--filename', '-'];
    const { code, stderr } = await kubectl(args, manifest);
    for (const text of wanted) expect(stderr).toContain(text);
    expect(code).not.toBe(0);
  });
});
