import { compile } from 'json-schema-to-typescript';
import { toJsonSchema } from './crd/json-schema.ts';
import { readSource, sourcePath } from './crd/source.ts';
import type { Generator } from './generator.ts';
import { generatedHeader } from './generator.ts';

/** The TypeScript types of an MCPServer and of every Kubernetes type in it. */
export const types: Generator = {
  name: 'types',
  async generate() {
    const { source, definitions } = await readSource();
    const schema = toJsonSchema(source, definitions);
    const text = await compile(JSON.parse(JSON.stringify(schema)) as Parameters<typeof compile>[0], 'MCPServer', {
      bannerComment: generatedHeader('//', sourcePath).trimEnd(),
      additionalProperties: false,
      // A list of 1 to 64 items would become a union of 64 tuples.
      ignoreMinAndMaxItems: true,
      style: { printWidth: 120, singleQuote: true },
    });
    return [{ path: 'webhooks/core/mcpserver/types.gen.ts', content: text }];
  },
};
