import { quantityPattern } from '../../../webhooks/core/mcpserver/quantity-text.ts';
import { definitionOf, mapChildren, resolve, without } from './schema-node.ts';
import type { Definitions, SchemaNode } from './schema-node.ts';

/** Full names of the two definitions that are numbers or strings, which Kubernetes' swagger cannot say. */
export const quantityName = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
export const intOrStringName = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';

/** Of OpenAPI's format int32, which JSON Schema does not know. */
export const int32Range = { minimum: -(2 ** 31), maximum: 2 ** 31 - 1 } as const;

const intOrString = {
  anyOf: [{ type: 'integer' }, { type: 'string' }],
  'x-kubernetes-int-or-string': true,
} as const;

/**
 * A source schema as a structural schema of a CRD: no references, no titles of ours.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
 */
export function toStructural(node: SchemaNode, definitions: Definitions): SchemaNode {
  if (node['x-undescribed'] === true) return undescribed(toStructural(without(node, 'x-undescribed'), definitions));
  const name = definitionOf(node);
  if (name === quantityName) return { ...describe(node), ...intOrString, pattern: quantityPattern };
  if (name === intOrStringName) return { ...describe(node), ...intOrString };
  const plain = without(resolve(node, definitions), 'title');
  return mapChildren({ ...rangeOf(plain), ...plain }, (child) => toStructural(child, definitions));
}

/**
 * The API server does not enforce `format: int32` in custom resources, so a value beyond it would only be refused when
 * the Deployment is written.
 */
function rangeOf({ format }: SchemaNode): SchemaNode {
  return format === 'int32' ? int32Range : {};
}

function describe({ description }: SchemaNode): SchemaNode {
  return description === undefined ? {} : { description };
}

/** Without the descriptions of all parts: where another field of the same type has them, and bytes are scarce. */
function undescribed(node: SchemaNode): SchemaNode {
  return without(mapChildren(node, undescribed), 'description');
}
