import type { StoredSchemas } from '../../webhooks/core/mcpserver/as-stored.ts';
import { toJsonSchema } from './crd/json-schema.ts';
import { compositeSourcePaths, readSource, type CrdSource } from './crd/source.ts';
import type { GeneratedFile, Generator } from './generator.ts';
import { generatedHeader } from './generator.ts';
import { toStatusStructure, toStructure } from './structure.ts';
import { toValidator } from './validator.ts';

/** The kind whose schema says more than that of the MCPServers that its objects become. */
const poolPath = 'crds/source/v2dy-mcppool.yaml';

/** What the CRDs of kinds above MCPServer say, for judging their manifests without a cluster. */
export const compositeSchemas: Generator = {
  name: 'composite-schemas',
  generate: async () => [await toStructures(), await toPoolValidator()],
};

async function toStructures(): Promise<GeneratedFile> {
  const schemas = await Promise.all(
    compositeSourcePaths.map(async (path): Promise<readonly [string, StoredSchemas]> => {
      const { source, definitions } = await readSource(path);
      const statusStructure = toStatusStructure(source.schema, definitions);
      // What a pool leaves open, `expand` judges.
      const structure = toStructure(source.schema, definitions, { isOpenJudged: true });
      return [source.definition.metadata.name, { structure, statusStructure }];
    }),
  );
  const from = compositeSourcePaths.join(' and ');
  return {
    path: 'webhooks/core/composites/structures.gen.ts',
    content: `${generatedHeader('//', from)}import type { StoredSchemas } from '../mcpserver/as-stored.ts';

/** The fields of kinds above MCPServer, by the name of the CRD. */
export const compositeStructures: Readonly<Record<string, StoredSchemas>> = ${JSON.stringify(Object.fromEntries(schemas), null, 1)};
`,
  };
}

/** Without the status, which the API server drops from a manifest before it judges it. */
async function toPoolValidator(): Promise<GeneratedFile> {
  const [{ source: pool, definitions }, { source: server }] = await Promise.all([readSource(poolPath), readSource()]);
  const { spec = {} } = pool.schema.properties ?? {};
  const source: CrdSource = {
    ...pool,
    schema: { ...pool.schema, properties: { spec } },
    metadata: server.metadata,
  };
  const content = toValidator(toJsonSchema(source, definitions), { kind: 'MCPPool', from: poolPath });
  return { path: 'webhooks/core/composites/validate-pool.gen.ts', content };
}
