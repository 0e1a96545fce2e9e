import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { inRepository } from '../root.ts';
import type { Definitions, SchemaNode } from './schema-node.ts';

/** Where the description of an MCPServer is written by hand. */
export const sourcePath = 'crds/source/mcpserver.yaml';
/** Those of kinds above MCPServer, which have no metadata of their own. */
export const compositeSourcePaths = ['crds/source/v2dy-mcpserver.yaml', 'crds/source/v2dy-mcppool.yaml'] as const;
/** What is between an MCPServer and a gateway. */
export const gatewayBindingSourcePath = 'crds/source/mcpgatewaybinding.yaml';
/** Kubernetes' own types, extracted by extract-kubernetes-types.ts. */
export const definitionsPath = 'crds/source/kubernetes-1.35.json';

/** crds/source/mcpserver.yaml, see its head. */
export interface CrdSource {
  readonly definition: {
    readonly metadata: { readonly name: string };
    readonly spec: {
      readonly group: string;
      readonly names: { readonly kind: string };
      readonly versions: readonly { readonly name: string; readonly [field: string]: unknown }[];
      readonly [field: string]: unknown;
    };
    readonly [field: string]: unknown;
  };
  readonly everyVersion: Readonly<Record<string, unknown>>;
  readonly metadata: SchemaNode;
  readonly schema: SchemaNode;
}

/** The two source files. The casts are true because the API server refuses a CRD that is not shaped like this. */
export async function readSource(
  path = sourcePath,
): Promise<{ readonly source: CrdSource; readonly definitions: Definitions }> {
  const [yaml, json] = await Promise.all([
    readFile(inRepository(path), 'utf8'),
    readFile(inRepository(definitionsPath), 'utf8'),
  ]);
  return { source: parse(yaml) as CrdSource, definitions: JSON.parse(json) as Definitions };
}
