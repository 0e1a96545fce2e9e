import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import type { Fields } from '../../webhooks/core/mcpserver/record.ts';
import { cacheEntry } from '../cluster/cache.ts';
import { requireCommand } from '../cluster/command.ts';
import { componentVersions } from '../cluster/packages/binaries.ts';
import { certManagerVersion } from '../cluster/packages/cert-manager.ts';
import { ensureMonitoringKinds, operatorVersion } from '../cluster/packages/monitoring-kinds.ts';
import { closeEach, closeSchema, eitherType, reachable } from './closed-schema.ts';

/** Only in the name of its cache entry: raise it when what is made of the sources changes. */
const makingVersion = '1';

const ofMetadata = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const ofQuantity = 'io.k8s.apimachinery.pkg.api.resource.Quantity';

/** Where in a folder the schema of a kind is, for `kubeconform -schema-location`. */
export const schemaPath = '{{.Group}}/{{.ResourceAPIVersion}}/{{.ResourceKind}}.json';

interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

interface Definition {
  readonly 'x-kubernetes-group-version-kind'?: readonly Kind[];
}

interface Crd {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: object } }[];
  };
}

/** A folder with the schemas of the Kubernetes that we build, and of the kinds of others that the chart has objects of. */
export async function ensureSchemas(cache: string): Promise<string> {
  const name = ['schemas', componentVersions.kubernetes, certManagerVersion, operatorVersion, makingVersion].join('-');
  return cacheEntry(cache, name, async (unfinished) => {
    const definitions = await readDefinitions();
    for (const definition of Object.values(definitions)) {
      const [kind, ...others] = (definition as Definition)['x-kubernetes-group-version-kind'] ?? [];
      // What is of every group is no object.
      if (kind !== undefined && others.length === 0) await writeSchema(unfinished, kind, definition, definitions);
    }
    const certManager = await moduleFolder(`github.com/cert-manager/cert-manager@v${certManagerVersion}`);
    await writeKinds(unfinished, join(certManager, 'deploy/crds'));
    await writeKinds(unfinished, await ensureMonitoringKinds(cache));
  });
}

/** The schemas of the CRDs in a folder. */
export async function writeKinds(output: string, crds: string): Promise<void> {
  const definitions = await readDefinitions();
  for (const file of (await readdir(crds)).filter((name) => name.endsWith('.yaml'))) {
    const { spec } = parse(await readFile(join(crds, file), 'utf8')) as Crd;
    for (const { name: version, schema } of spec.versions) {
      const { properties, ...closed } = closeSchema(schema.openAPIV3Schema) as { readonly properties: Fields };
      const whole = { ...closed, properties: { ...properties, metadata: { $ref: `#/definitions/${ofMetadata}` } } };
      await writeSchema(output, { group: spec.group, version, kind: spec.names.kind }, whole, definitions);
    }
  }
}

let read: Promise<Fields> | undefined;

/** What Kubernetes' swagger defines, closed. */
function readDefinitions(): Promise<Fields> {
  return (read ??= (async () => {
    const kubernetes = await moduleFolder(`k8s.io/kubernetes@v${componentVersions.kubernetes}`);
    const text = await readFile(join(kubernetes, 'api/openapi-spec/swagger.json'), 'utf8');
    const { definitions } = JSON.parse(text) as { readonly definitions: Fields };
    return { ...closeEach(definitions), [ofQuantity]: eitherType };
  })());
}

/** One file that is complete in itself. kubeconform calls a group by its version where it has no name. */
async function writeSchema(
  output: string,
  { group, version, kind }: Kind,
  schema: unknown,
  definitions: Fields,
): Promise<void> {
  const file = join(output, group === '' ? version : group, version, `${kind.toLowerCase()}.json`);
  const needed = [...reachable(schema, definitions)].map((name) => [name, definitions[name]] as const);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify({ ...(schema as object), definitions: Object.fromEntries(needed) }));
}

async function moduleFolder(module: string): Promise<string> {
  const advice = 'it fetches the module from the Go module proxy, which has to be reached';
  const text = await requireCommand(['go', 'mod', 'download', '-json', module], advice);
  return (JSON.parse(text) as { readonly Dir: string }).Dir;
}
