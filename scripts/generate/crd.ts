import { stringify } from 'yaml';
import {
  compositeSourcePaths,
  gatewayBindingSourcePath,
  readSource,
  sourcePath,
  type CrdSource,
} from './crd/source.ts';
import { toStructural } from './crd/structural.ts';
import type { Definitions } from './crd/schema-node.ts';
import type { GeneratedFile, Generator } from './generator.ts';
import { generatedHeader } from './generator.ts';

/** The CRD that people apply: crds/source with Kubernetes' types written out, the same schema in every version. */
export const crd: Generator = {
  name: 'crd',
  async generate() {
    const { source, definitions } = await readSource();
    return [toCrd(source, definitions, sourcePath)];
  },
};

/** Those of the other kinds: above MCPServer, and beside it. */
export const otherCrds: Generator = {
  name: 'other-crds',
  generate: () =>
    Promise.all(
      [...compositeSourcePaths, gatewayBindingSourcePath].map(async (path) => {
        const { source, definitions } = await readSource(path);
        return toCrd(source, definitions, path);
      }),
    ),
};

function toCrd({ schema, everyVersion, definition }: CrdSource, definitions: Definitions, path: string): GeneratedFile {
  const { properties, ...root } = toStructural(schema, definitions);
  const openAPIV3Schema = {
    ...root,
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      ...properties,
    },
  };
  const versions = definition.spec.versions.map((version) => ({
    ...version,
    ...everyVersion,
    schema: { openAPIV3Schema },
  }));
  const whole = { ...definition, spec: { ...definition.spec, versions } };
  const text = stringify(whole, { aliasDuplicateObjects: false, lineWidth: 120 });
  return { path: `crds/${definition.metadata.name}.yaml`, content: generatedHeader('#', path) + text };
}
