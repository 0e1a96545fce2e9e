import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCommand } from '../cluster/command.ts';
import { ensureChartTool } from '../cluster/packages/chart-tools.ts';
import { resolveSettings } from '../cluster/settings.ts';
import { closeSchema } from './closed-schema.ts';
import { runHelm, templateBare, chart } from './render.ts';
import { ensureSchemas, schemaPath, writeKinds } from './schemas.ts';
import { writeVariants, type Variant } from './variants.ts';

const own = fileURLToPath(new URL('../../crds/', import.meta.url));
const example = await readFile(new URL('../../crds/source/example.yaml', import.meta.url), 'utf8');

describe('closing a schema', () => {
  it('refuses fields without a name in it, in a property called properties too, and not where anything is kept', () => {
    const text = { type: 'string' };
    const given = {
      properties: {
        properties: { additionalProperties: { properties: { a: text } } },
        list: { items: { properties: { a: text } } },
        open: { properties: { a: text }, 'x-kubernetes-preserve-unknown-fields': true },
      },
    };
    expect(closeSchema(given)).toEqual({
      properties: {
        properties: { additionalProperties: { properties: { a: text }, additionalProperties: false } },
        list: { items: { properties: { a: text }, additionalProperties: false } },
        open: given.properties.open,
      },
      additionalProperties: false,
    });
  });

  it('takes numbers and texts where Kubernetes takes both, and null where it is said', () => {
    const both = { anyOf: [{ type: 'integer' }, { type: 'number' }, { type: 'string' }] };
    expect(closeSchema({ type: 'string', format: 'int-or-string' })).toEqual(both);
    expect(closeSchema({ 'x-kubernetes-int-or-string': true, anyOf: [] })).toEqual(both);
    expect(closeSchema({ type: 'string', nullable: true })).toMatchObject({ type: ['string', 'null'] });
  });
});

describe('what the chart renders', () => {
  let folder: string;
  let variants: readonly Variant[];
  let kubeconform: readonly string[];

  async function refusals(manifests: string): Promise<readonly string[]> {
    const file = join(folder, 'manifests.yaml');
    await writeFile(file, manifests);
    const { stdout, stderr } = await runCommand([...kubeconform, file]);
    const { resources } = JSON.parse(
      stdout === '' ? `{"resources": [{"msg": ${JSON.stringify(stderr)}}]}` : stdout,
    ) as {
      readonly resources: readonly { readonly kind: string; readonly name: string; readonly msg: string }[];
    };
    return resources.map(({ kind, name, msg }) => `${kind} ${name}: ${msg}`);
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-schemas-'));
    variants = await writeVariants(folder);
    const { cache } = resolveSettings({}, process.env);
    const program = await ensureChartTool(cache, 'kubeconform', () => undefined);
    const schemas = [await ensureSchemas(cache), join(folder, 'own')];
    await writeKinds(join(folder, 'own'), own);
    const locations = schemas.flatMap((schema) => ['-schema-location', `${schema}/${schemaPath}`]);
    kubeconform = [program, '-strict', '-output', 'json', ...locations];
  }, 900_000);

  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it('is what Kubernetes and the projects beside it define, field for field, in every variant', async () => {
    expect(variants.length).toBeGreaterThan(15);
    for (const { name, args } of variants)
      expect([name, await refusals(await templateBare(...args))]).toEqual([name, []]);
  });

  it('passes helm lint in every variant', async () => {
    for (const { args } of variants) await runHelm('lint', '--strict', chart, ...args);
  });

  it.each([
    ['a field that a Deployment has not', '  replicas: 2', '  replicas: 2\n  replica: 2', /^Deployment .*'replica'/],
    ['a field of a pod', 'restartPolicy: Never', 'restartPolicy: Never\n      restart: no', /^Job .*'restart'/],
    ['a number where a text has to be', 'value: managed', 'value: 1', /^Deployment .*got number, want string/],
    ['a kind that nobody has', 'kind: Role\n', 'kind: Rolle\n', /could not find schema for Rolle/],
    ['a field of somebody else', 'isCA: true', 'isCa: true', /^Certificate .*'isCa'/],
  ])('is refused with %s', async (_what, before, after, message) => {
    const values = variants.find(
      ({ name }) => name === (before.startsWith('isCA') ? 'everything' : 'nothing but an image'),
    );
    const rendered = await templateBare(...(values?.args ?? []));
    expect(rendered).toContain(before);
    const found = await refusals(rendered.replaceAll(before, after));
    expect(found).toContainEqual(expect.stringMatching(message));
  });

  it('and the example of an MCPServer of every field have no field that the CRD does not know', async () => {
    expect(await refusals(example)).toEqual([]);
  });
});
