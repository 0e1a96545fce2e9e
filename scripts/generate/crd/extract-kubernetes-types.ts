// Takes the definitions that crds/source/mcpserver.yaml names, and what they need, out of Kubernetes' swagger.json:
//
//   node scripts/generate/crd/extract-kubernetes-types.ts <k8s.io/kubernetes>/api/openapi-spec/swagger.json
//
// Run once per Kubernetes version; the result is committed, so that nobody needs that 4 MB file.
import { readFile, writeFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { inRepository } from '../root.ts';
import { children, definitionOf } from './schema-node.ts';
import type { Definitions, SchemaNode } from './schema-node.ts';
import { definitionsPath, sourcePath } from './source.ts';

const swaggerPath = process.argv[2];
if (swaggerPath === undefined) {
  console.error('Say where swagger.json is: node scripts/generate/crd/extract-kubernetes-types.ts PATH');
  process.exitCode = 2;
} else {
  const { definitions } = JSON.parse(await readFile(swaggerPath, 'utf8')) as { definitions: Definitions };
  const { schema } = parse(await readFile(inRepository(sourcePath), 'utf8')) as { schema: SchemaNode };
  const found = new Map<string, SchemaNode>();
  collect(schema, definitions, found);
  const sorted = Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeFile(inRepository(definitionsPath), `${JSON.stringify(sorted, withoutNoise, 1)}\n`);
}

function collect(node: SchemaNode, definitions: Definitions, found: Map<string, SchemaNode>): void {
  const name = definitionOf(node);
  if (name !== undefined && !found.has(name)) {
    const definition = definitions[name];
    if (definition === undefined) throw new Error(`swagger.json does not define ${name}`);
    found.set(name, definition);
    collect(definition, definitions, found);
  }
  for (const child of children(node)) collect(child, definitions, found);
}

/** Words that neither a CRD nor JSON Schema knows. */
function withoutNoise(key: string, value: unknown): unknown {
  const isNoise = ['x-kubernetes-patch-merge-key', 'x-kubernetes-patch-strategy', 'x-kubernetes-unions'].includes(key);
  return isNoise ? undefined : value;
}
