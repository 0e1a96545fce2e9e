import { stringify } from 'yaml';
import { readSource, sourcePath } from './crd/source.ts';
import { toStructural } from './crd/structural.ts';
import type { Generator } from './generator.ts';
import { generatedHeader } from './generator.ts';

/** The CRD that people apply: crds/source with Kubernetes' types written out, the same schema in every version. */
export const crd: Generator = {
  name: 'crd',
  async generate() {
    const { source, definitions } = await readSource();
    const { schema, everyVersion, definition } = source;
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
    return [{ path: `crds/${definition.metadata.name}.yaml`, content: generatedHeader('#', sourcePath) + text }];
  },
};
