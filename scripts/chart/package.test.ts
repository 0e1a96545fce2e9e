import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { runCli } from '../../webhooks/cli/testing/run-cli.ts';
import { at, chart, render, runHelm, template } from './render.ts';

interface ChartFile {
  readonly version: string;
  readonly annotations: Readonly<Record<string, string>>;
}

const metadata = parse(await readFile(`${chart}Chart.yaml`, 'utf8')) as ChartFile;

/** What Artifact Hub reads, which is YAML in a text. */
function annotation(name: string): readonly unknown[] {
  const value: unknown = parse(metadata.annotations[`artifacthub.io/${name}`] ?? '');
  return Array.isArray(value) ? value : [];
}

describe('the packed chart', () => {
  let folder: string;
  let packed: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-package-'));
    await runHelm('package', chart, '--destination', folder);
    packed = join(folder, `mcp-lifecycle-${metadata.version}.tgz`);
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it('renders what the folder does', async () => {
    const where = ['mcp-lifecycle', packed, '--namespace', 'mcp-lifecycle-system'];
    expect(await runHelm('template', ...where, '--set', 'image.repository=mcp-lifecycle')).toBe(await template());
  });

  it('has templates, values and presets, and nothing that happens to lie there', async () => {
    const { stdout } = await promisify(execFile)('tar', ['--list', '--gzip', '--file', packed]);
    const strangers = stdout
      .trim()
      .split('\n')
      .map((file) => file.replace('mcp-lifecycle/', ''))
      .filter(
        (file) =>
          !/^(Chart\.yaml|\.helmignore|alerts\.yaml|dashboard\.json|values\.(yaml|schema\.json)|(templates|presets|monitoring)\/[\w./-]+)$/.test(
            file,
          ),
      );
    expect(strangers).toEqual([]);
    expect(stdout).toContain('presets/restricted-network.yaml');
  });
});

describe('Artifact Hub', () => {
  it('is told of every CustomResourceDefinition, in a version that it serves', async () => {
    const rendered = await render('--set', 'v2dy.enabled=true,v2dy.pools.enabled=true');
    const crds = rendered.filter(({ kind }) => kind === 'CustomResourceDefinition');
    const told = annotation('crds');
    const names = told.map((crd) => String(at(crd, 'name')));
    expect([...names].sort()).toEqual(crds.map((crd) => crd.metadata.name).sort());
    for (const crd of told) {
      const definition = crds.find((one) => one.metadata.name === at(crd, 'name'));
      expect(at(crd, 'kind')).toBe(at(definition, 'spec.names.kind'));
      const versions = at(definition, 'spec.versions');
      expect(versions).toContainEqual(expect.objectContaining({ name: at(crd, 'version'), served: true }));
    }
  });

  it('shows examples that are accepted', async () => {
    const examples = annotation('crdsExamples');
    expect(examples).toHaveLength(1);
    for (const example of examples) {
      expect(await runCli(['check', '-'], JSON.stringify(example))).toMatchObject({ code: 0 });
    }
  });
});
