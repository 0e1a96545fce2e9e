const text = { type: 'string' };
const name = (pattern: string) => ({ type: 'string', maxLength: 255, pattern });
const matchName = name('^([-a-zA-Z0-9_]+[.]?)+$');
const matchPattern = name(String.raw`^(([-a-zA-Z0-9_*]+[.]?)|([*]{2}[.]))+$`);
const fields = (properties: object) => ({ type: 'object', properties });
const list = (items: object) => ({ type: 'array', items });
const labelValue = {
  type: 'string',
  maxLength: 63,
  pattern: '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$',
};
const operator = { type: 'string', enum: ['In', 'NotIn', 'Exists', 'DoesNotExist'] };
const selector = fields({
  matchLabels: { type: 'object', additionalProperties: labelValue },
  matchExpressions: list(fields({ key: text, operator, values: list(text) })),
});
const portPattern =
  '^(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[0-9]{1,4})|([a-zA-Z0-9]-?)*[a-zA-Z](-?[a-zA-Z0-9])*$';
const ports = list(
  fields({
    port: { type: 'string', pattern: portPattern },
    protocol: { type: 'string', enum: ['TCP', 'UDP', 'SCTP', 'ICMP', 'ICMPv6', 'ANY'] },
  }),
);
const fqdn = fields({ matchName, matchPattern });
const egress = fields({
  toEndpoints: list(selector),
  toCIDRSet: list(fields({ cidr: text, except: list(text) })),
  toFQDNs: list(fqdn),
  toPorts: list(fields({ ports, rules: fields({ dns: list(fqdn) }) })),
});

const crd = (kind: string, scope: 'Namespaced' | 'Cluster', properties: object) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${kind.toLowerCase()}.cilium.io` },
  spec: {
    group: 'cilium.io',
    names: { kind: singular(kind), plural: kind.toLowerCase(), singular: singular(kind).toLowerCase() },
    scope,
    versions: [
      {
        ...{ name: 'v2', served: true, storage: true, subresources: { status: {} } },
        schema: {
          openAPIV3Schema: fields({ apiVersion: text, kind: text, metadata: { type: 'object' }, ...properties }),
        },
      },
    ],
  },
});

function singular(kind: string): string {
  return kind.replace(/ies$/, 'y').replace(/s$/, '');
}

const condition = fields({ type: text, status: text, reason: text, message: text, lastTransitionTime: text });

/** CiliumNetworkPolicies as Cilium defines them, of whose many fields the ones that we write and read: https://docs.cilium.io/en/stable/network/kubernetes/policy/ */
export const policyCrd = crd('CiliumNetworkPolicies', 'Namespaced', {
  spec: fields({ endpointSelector: selector, egress: list(egress) }),
  status: fields({ conditions: list(condition) }),
});

/** Of CiliumNodes we read only that there is one. */
export const nodeCrd = crd('CiliumNodes', 'Cluster', { spec: { type: 'object' } });
