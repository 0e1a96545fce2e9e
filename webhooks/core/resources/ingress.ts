import { denialBy } from '../engine/denial-by.ts';
import { childName } from '../mcpserver/names.ts';
import { isRecord, present } from '../mcpserver/record.ts';
import type { IngressSettings, MCPServer } from '../mcpserver/types.gen.ts';
import { isClosed } from './callers.ts';
import { childMetadata, isCopiedAnnotation } from './child-metadata.ts';
import type { ExpandedKind, ExpansionInput, KubernetesObject } from './expanded-kind.ts';
import { isBelow, publishedPrefixes } from './published-paths.ts';
import { readIngress } from './registration.ts';

/** Type of the condition that says what became of `spec.extensions.ingress`. */
export const INGRESS_PUBLISHED = 'IngressPublished';

/** The rule by which a policy limits what is published, and with which annotations. */
export const INGRESS_RULE = 'ingress-allowed';

/** https://kubernetes.io/docs/concepts/services-networking/ingress/ */
export const ingress: ExpandedKind = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  plural: 'ingresses',
  summary: 'Has an ingress controller send calls for the server to its Service.',
  requirement: {
    feature: 'ingress',
    install: 'have the API server serve networking.k8s.io/v1, which each Kubernetes has',
    asking: {
      condition: INGRESS_PUBLISHED,
      path: ['spec', 'extensions', 'ingress'],
      isAskedFor: (server) => ingressOf(server) !== undefined,
      caveat: ingressCaveat,
    },
  },
  wanted: 'sometimes',
  unavailable: { reason: 'IngressUnavailable', order: 16, eventAction: 'IngressReconcileFailed' },
  registration: readIngress,
  // The address of whoever took it before stands in its status, and nobody takes that out. Of no class is wanted the default.
  isAnother: ({ spec }, { className }) =>
    isRecord(spec) && typeof spec['ingressClassName'] === 'string' && spec['ingressClassName'] !== className,
  // A policy that comes later tolerates the server, and what is published stays as it is.
  isUndecided: ({ verdict }) => denialBy(INGRESS_RULE, verdict?.findings) !== undefined,
  build(input) {
    const settings = ingressOf(input.server);
    if (settings === undefined) return [];
    const { className, host, tlsSecretName } = settings;
    return [
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        metadata: metadataOf(input.server, settings),
        spec: present({
          ingressClassName: className,
          tls: tlsSecretName === undefined ? undefined : [{ hosts: [host], secretName: tlsSecretName }],
          rules: [{ host, http: { paths: pathsOf(input, settings) } }],
        }),
      },
    ];
  },
};

/** How a server is published by an Ingress; undefined where it is not. */
export function ingressOf({ spec }: MCPServer): IngressSettings | undefined {
  return spec.extensions?.ingress;
}

/** An ingress controller obeys annotations with rights that no author has: only those that are for it, and allowed. */
function metadataOf(server: MCPServer, settings: IngressSettings): KubernetesObject['metadata'] {
  const { name, namespace, labels } = childMetadata(server);
  const wanted = Object.entries(settings.annotations ?? {}).filter(([key]) => isCopiedAnnotation(key));
  const annotations = wanted.length === 0 ? undefined : Object.fromEntries(wanted);
  return present({ name, namespace, labels, annotations });
}

/** Of a change of the port both lead to every pod, and the endpoints of the former one are there. */
function pathsOf(input: ExpansionInput, { path }: IngressSettings): readonly object[] {
  const { server, served } = input;
  const port = { number: served?.port ?? server.spec.config.port };
  const prefixes = publishedPrefixes(input);
  const paths = path === undefined ? prefixes : [path, ...prefixes.filter((prefix) => !isBelow(prefix, path))];
  return paths.map((prefix) => ({
    path: prefix,
    pathType: 'Prefix',
    backend: { service: { name: childName(server), port } },
  }));
}

/** The author's policy is honoured as it is (docs/decisions/0019), and nobody would guess so from a controller that answers 503. */
export function ingressCaveat(server: MCPServer): string | undefined {
  const { spec } = server;
  const tls =
    spec.transport?.tls?.enabled === true
      ? 'the server speaks TLS, so the ingress controller has to be told to as well: mostly by an annotation'
      : undefined;
  const caveats = [closedCaveat(server), tls].filter((caveat) => caveat !== undefined);
  return caveats.length === 0 ? undefined : caveats.join('; ');
}

function closedCaveat(server: MCPServer): string | undefined {
  if (isClosed(server))
    return 'posture Restricted does not let the ingress controller in: list its pods in spec.network.ingressFrom, and those of mcp-lifecycle, or no call gets through';
  return (server.spec.network?.ingressFrom ?? []).length === 0
    ? undefined
    : 'spec.network.ingressFrom lets in only the peers that it lists: add one for the pods of the ingress controller, or no call gets through';
}
