import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { requireCommand } from '../cluster/command.ts';
import { resolveSettings } from '../cluster/settings.ts';
import { ensureTools } from '../cluster/tools.ts';
import { at, chart, parseRendered, templateBare, type Manifest } from './render.ts';

const guide = await readFile(new URL('../../docs/guides/install.md', import.meta.url), 'utf8');
const [, section = ''] = /### Kustomize\n([\s\S]*)/.exec(guide) ?? [];
const [, sample = ''] = /```yaml\n# kustomization\.yaml\n([\s\S]*?)```/.exec(section) ?? [];
const [, script = ''] = /```sh\n(#!\/bin\/sh\n[\s\S]*?)```/.exec(section) ?? [];

/** The sample of the guide, rendered by the Kustomize in kubectl and the helm of the local cluster. */
describe('Kustomize', () => {
  let folder: string;

  async function build(): Promise<string> {
    const tools = await ensureTools(resolveSettings({}, process.env).cache);
    const env = { ...process.env, PATH: [tools, process.env['PATH']].join(delimiter) };
    const command = ['kubectl', 'kustomize', folder, '--enable-helm', '--helm-command', join(folder, 'helm-3')];
    return requireCommand(command, 'read it in full with the same command', { env });
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-kustomize-'));
    await cp(chart, join(folder, 'charts', 'mcp-lifecycle'), { recursive: true });
    await writeFile(join(folder, 'kustomization.yaml'), sample);
    await writeFile(join(folder, 'helm-3'), script, { mode: 0o755 });
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  const idOf = ({ kind, metadata }: Manifest): string => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
  const byId = (manifests: readonly Manifest[]): readonly Manifest[] =>
    [...manifests].sort((one, other) => idOf(one).localeCompare(idOf(other)));

  it('has the objects of `helm template` with the same values, the same bytes each time, and no hook', async () => {
    const text = await build();
    expect(await build()).toBe(text);
    expect(text).not.toContain('helm.sh/hook');
    await writeFile(join(folder, 'values.yaml'), JSON.stringify(at(parse(sample), 'helmCharts.0.valuesInline')));
    const expected = parseRendered(await templateBare('--values', join(folder, 'values.yaml')));
    expect(byId(parseRendered(text))).toEqual(byId(expected));
    expect(expected.filter(({ kind }) => kind === 'Job')).toHaveLength(1);
  });
});
