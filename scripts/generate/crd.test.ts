import { beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { API } from '../../webhooks/core/mcpserver/api.ts';
import { crd } from './crd.ts';
import { children } from './crd/schema-node.ts';
import type { SchemaNode } from './crd/schema-node.ts';
import { readSource } from './crd/source.ts';

interface Version {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly schema: { readonly openAPIV3Schema: SchemaNode };
  readonly subresources: unknown;
  readonly additionalPrinterColumns: readonly { readonly name: string }[];
}

let whole: {
  readonly spec: {
    readonly group: string;
    readonly names: Readonly<Record<string, string>>;
    readonly versions: readonly Version[];
    readonly conversion: unknown;
  };
};

beforeAll(async () => {
  const [file] = await crd.generate();
  whole = parse(file?.content ?? '') as typeof whole;
});

function versionNamed(name: string): Version {
  const version = whole.spec.versions.find((candidate) => candidate.name === name);
  if (version === undefined) throw new Error(`no version ${name}`);
  return version;
}

/** Every schema with the path to it. */
function nodes(node: SchemaNode, path = ''): readonly (readonly [string, SchemaNode])[] {
  const below = [
    ...Object.entries(node.properties ?? {}).map(([name, child]) => [`${path}.${name}`, child] as const),
    ...(node.items === undefined ? [] : [[`${path}[]`, node.items] as const]),
    ...(node.additionalProperties === undefined ? [] : [[`${path}{}`, node.additionalProperties] as const]),
  ];
  return [[path, node], ...below.flatMap(([childPath, child]) => nodes(child, childPath))];
}

const everyNode = (): readonly (readonly [string, SchemaNode])[] =>
  nodes(versionNamed('v1beta1').schema.openAPIV3Schema);
const offenders = (isWrong: (node: SchemaNode) => boolean): readonly string[] =>
  everyNode()
    .filter(([, node]) => isWrong(node))
    .map(([path]) => path);

it('is named as the programs name it', () => {
  const { group, names, versions } = whole.spec;
  const stored = versions.filter(({ storage }) => storage).map(({ name }) => `${group}/${name}`);
  expect({ ...API, apiVersion: [API.apiVersion] }).toEqual({
    ...{ group, kind: names['kind'], plural: names['plural'], singular: names['singular'] },
    versions: versions.map(({ name }) => name),
    apiVersion: stored,
  });
});

describe('versions', () => {
  it('stores v1beta1 and serves the deprecated v1alpha1 without conversion', () => {
    expect(whole.spec.conversion).toEqual({ strategy: 'None' });
    expect(versionNamed('v1beta1')).toMatchObject({ served: true, storage: true });
    expect(versionNamed('v1alpha1')).toMatchObject({ served: true, storage: false, deprecated: true });
  });

  it('share one schema and the same subresources, or objects would change by being read', () => {
    expect(versionNamed('v1alpha1').schema).toEqual(versionNamed('v1beta1').schema);
    expect(versionNamed('v1alpha1').subresources).toEqual(versionNamed('v1beta1').subresources);
  });

  it.each([
    ['v1alpha1', ['Phase', 'Ready', 'Accepted', 'Image', 'Port', 'Address', 'Age', 'Rollout', 'Stalled']],
    [
      'v1beta1',
      ['Phase', 'Accepted', 'Available', 'Verified', 'Image', 'Port', 'Address', 'Age', 'Rollout', 'Stalled'],
    ],
  ])('print the columns of %s in the known order', (name, columns) => {
    expect(versionNamed(name).additionalPrinterColumns.map((column) => column.name)).toEqual(columns);
  });
});

describe('the schema', () => {
  it('stays small enough for a plain kubectl apply, which copies it into an annotation of at most 256 KiB', () => {
    expect(Buffer.byteLength(JSON.stringify(whole))).toBeLessThan(248 * 1024);
  });

  it('is structural: every node has a type, or is a number or a string', () => {
    expect(offenders((node) => node.type === undefined && node['x-kubernetes-int-or-string'] !== true)).toEqual([]);
  });

  it('keeps no reference and no word of ours', () => {
    expect(
      offenders((node) => ['$ref', 'title', 'x-kubernetes-type', 'x-undescribed'].some((keyword) => keyword in node)),
    ).toEqual([]);
  });

  it('requires the keys of every list that is a map', () => {
    const keysOf = (node: SchemaNode): readonly string[] =>
      (node['x-kubernetes-list-map-keys'] ?? []) as readonly string[];
    expect(offenders((node) => keysOf(node).some((key) => node.items?.required?.includes(key) !== true))).toEqual([]);
  });

  it('requires only properties that exist', () => {
    expect(offenders((node) => (node.required ?? []).some((name) => node.properties?.[name] === undefined))).toEqual(
      [],
    );
  });

  it('gives the scale subresource a value to read in every object', () => {
    const runtime = versionNamed('v1beta1').schema.openAPIV3Schema.properties?.['spec']?.properties?.['runtime'];
    expect(runtime?.default).toEqual({ replicas: 1 });
    expect(runtime?.properties?.['replicas']?.default).toBe(1);
  });

  it('describes every field of ours, in a sentence', async () => {
    const { source } = await readSource();
    const undescribed = ownFields(source.schema).filter(([, node]) => node.description?.endsWith('.') !== true);
    expect(undescribed.map(([path]) => path)).toEqual([]);
  });

  it('says the default of every field that has one', async () => {
    const { source } = await readSource();
    const silent = ownFields(source.schema).filter(
      ([, node]) =>
        node.default !== undefined &&
        typeof node.default !== 'object' &&
        node.description?.includes('Default') !== true,
    );
    expect(silent.map(([path]) => path)).toEqual([]);
  });

  it('names the field or what to do in every CEL message', () => {
    const messages = everyNode()
      .flatMap(([, node]) => (node['x-kubernetes-validations'] ?? []) as readonly { message?: string }[])
      .map(({ message }) => message ?? '');
    expect(messages.length).toBeGreaterThan(5);
    expect(messages.filter((message) => message.length < 30)).toEqual([]);
  });
});

/** Kubernetes' own types are described by Kubernetes. */
function ownFields(node: SchemaNode): readonly (readonly [string, SchemaNode])[] {
  return nodes(node).filter(([path]) => /\.\w+$/.test(path));
}

it('walks every kind of child', () => {
  const leaf = { type: 'string' };
  expect(children({ properties: { a: leaf }, items: leaf, additionalProperties: leaf })).toHaveLength(3);
});
