/**
 * One schema of crds/source: OpenAPI 3 as CRDs know it, plus our words `title`, `x-kubernetes-type` and `x-undescribed`, and the
 * `$ref` of Kubernetes' own definitions. Keywords that no generator looks at are carried along.
 */
export interface SchemaNode {
  readonly $ref?: string;
  readonly title?: string;
  readonly 'x-kubernetes-type'?: string;
  /** In the CRD no part of it is described. */
  readonly 'x-undescribed'?: boolean;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly additionalProperties?: SchemaNode;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly pattern?: string;
  readonly [keyword: string]: unknown;
}

/** Kubernetes' definitions by their full name, `io.k8s.api.core.v1.EnvVar`. */
export type Definitions = Readonly<Record<string, SchemaNode>>;

const refPrefix = '#/definitions/';

/** The full name of the definition that a node stands for, if it stands for one. */
export function definitionOf(node: SchemaNode): string | undefined {
  return node['x-kubernetes-type'] ?? node.$ref?.slice(refPrefix.length);
}

/** The definition with the node's own words on top (its description, mostly). */
export function resolve(node: SchemaNode, definitions: Definitions): SchemaNode {
  const name = definitionOf(node);
  if (name === undefined) return node;
  const definition = definitions[name];
  if (definition === undefined) {
    throw new Error(
      `${name} is not in crds/source/kubernetes-1.35.json: run scripts/generate/crd/extract-kubernetes-types.ts`,
    );
  }
  return { ...definition, ...without(node, '$ref', 'x-kubernetes-type', 'x-undescribed') };
}

/** A copy with the function applied to every schema directly below. */
export function mapChildren(node: SchemaNode, change: (child: SchemaNode) => SchemaNode): SchemaNode {
  const { properties, items, additionalProperties, ...rest } = node;
  return {
    ...rest,
    ...(properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(properties).map(([name, child]) => [name, change(child)])) }),
    ...(items === undefined ? {} : { items: change(items) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: change(additionalProperties) }),
  };
}

/** Every schema directly below. */
export function children(node: SchemaNode): readonly SchemaNode[] {
  return [
    ...Object.values(node.properties ?? {}),
    ...(node.items === undefined ? [] : [node.items]),
    ...(node.additionalProperties === undefined ? [] : [node.additionalProperties]),
  ];
}

/** A copy without some keywords. */
export function without(node: SchemaNode, ...keywords: readonly string[]): SchemaNode {
  return Object.fromEntries(Object.entries(node).filter(([keyword]) => !keywords.includes(keyword)));
}
