/** A kind of another project, written by hand from its documentation: the fields that we read or write, and no others. */
function kind(
  group: string,
  names: { readonly kind: string; readonly plural: string },
  spec: object,
  versions: readonly string[],
): object {
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${names.plural}.${group}`,
      // The API server keeps *.k8s.io to those who say this.
      annotations: { 'api-approved.kubernetes.io': 'unapproved, of a test' },
    },
    spec: {
      ...{ group, scope: 'Namespaced', names },
      versions: versions.map((name, index) => ({
        ...{ name, served: true, storage: index === 0, subresources: { status: {} } },
        schema: { openAPIV3Schema: { type: 'object', properties: { spec, status: open } } },
      })),
    },
  };
}

const text = { type: 'string' };
const target = {
  type: 'object',
  properties: { group: text, kind: text, name: text, namespace: text, sectionName: text },
};
const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** Of the Gateway API and of the MCP gateway of Kuadrant, in the versions that releases 0.8 and 0.9 of it serve. */
export const kindsOfGateways: readonly object[] = [
  kind('gateway.networking.k8s.io', { kind: 'Gateway', plural: 'gateways' }, anything, ['v1']),
  kind('gateway.networking.k8s.io', { kind: 'HTTPRoute', plural: 'httproutes' }, anything, ['v1']),
  kind(
    'mcp.kuadrant.io',
    { kind: 'MCPServerRegistration', plural: 'mcpserverregistrations' },
    {
      ...{ type: 'object', required: ['targetRef'] },
      properties: {
        targetRef: { ...target, required: ['name'] },
        prefix: {
          ...{ type: 'string', pattern: '^[a-z0-9][a-z0-9_]*$', maxLength: 64 },
          'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'prefix cannot be changed' }],
        },
        path: { type: 'string', default: '/mcp' },
        state: { type: 'string', enum: ['Enabled', 'Disabled'], default: 'Enabled' },
        userSpecificList: { type: 'string', enum: ['Enabled', 'Disabled'], default: 'Disabled' },
        category: { type: 'array', items: text, maxItems: 3, default: ['uncategorised'] },
      },
    },
    ['v1', 'v1alpha1'],
  ),
  kind(
    'mcp.kuadrant.io',
    { kind: 'MCPGatewayExtension', plural: 'mcpgatewayextensions' },
    { ...{ type: 'object', required: ['targetRef'] }, properties: { targetRef: target, publicHost: text } },
    ['v1', 'v1alpha1'],
  ),
];
