import { ANNOTATION_PREFIX, API, APP, LABELS } from './api.ts';
import type { MCPServer } from './types.gen.ts';

/** Name of the container port, the Service port and what injected probes point at. */
export const PORT_NAME = 'mcp';
/** Name of the container port for metrics, where they have one of their own. */
export const METRICS_PORT_NAME = 'metrics';
/** Name of the container of the MCP server itself. */
export const CONTAINER_NAME = 'mcp-server';
/** Name of the container that brings a pod for stdio the program which starts a process for each session. */
export const SHIM_CONTAINER_NAME = 'mcp-stdio-shim';
/** Name of the container that serves HTTP for a server for stdio. */
export const BRIDGE_CONTAINER_NAME = 'mcp-bridge';
/** Where clients connect when `spec.config.path` is not set (the API server sets it). */
const DEFAULT_PATH = '/mcp';

/** Field manager of everything that we apply below an MCPServer. */
export const FIELD_MANAGER = 'mcp-lifecycle';
/** Field manager of the MCPServer's status. */
export const STATUS_FIELD_MANAGER = 'mcp-lifecycle-status';

/** Annotation of a child: digest of the object that we last applied. */
export const APPLIED_HASH_ANNOTATION = `${ANNOTATION_PREFIX}applied-hash`;
/** Annotation of a child with pods: digest of the pod template that we last applied; another one replaces its pods. */
export const TEMPLATE_HASH_ANNOTATION = `${ANNOTATION_PREFIX}template-hash`;
/** Annotation of an MCPServer: another value asks for another try of the versions that have failed. */
export const RETRY_ANNOTATION = `${ANNOTATION_PREFIX}retry`;
/** Label of an MCPServer that an object of a kind above became: that kind and its group, `MCPServer.mcp.v2dy.io`. */
export const EXPANDED_FROM_LABEL = `${ANNOTATION_PREFIX}expanded-from`;
/** Label of such an MCPServer where an object has several: the name of that. */
export const EXPANDED_BY_LABEL = `${ANNOTATION_PREFIX}expanded-by`;
/** Label of an MCPServerRegistration: digest of its prefix and of the MCPGatewayExtension where it is registered. */
export const PREFIX_LABEL = `${ANNOTATION_PREFIX}prefix`;
/** Annotation of the pod template: digest of the referenced ConfigMaps and Secrets; a change restarts the pods. */
export const CONFIG_HASH_ANNOTATION = `${API.group}/config-hash`;

/** What the name of a candidate has behind that of its server. */
export const CANDIDATE_SUFFIX = '-candidate';

/** By the name of the server. Whoever finds children by their names finds them by these. */
const namesOfChildren = {
  child: (server: string) => server,
  candidate: (server: string) => `${server}${CANDIDATE_SUFFIX}`,
  report: (server: string) => `mcp-lifecycle-${server}`,
  gatewayBinding: (server: string) => `${server}-gateway-binding`,
};

/** Every name that a child of a server of that name has. */
export function everyChildName(server: string): readonly string[] {
  return Object.values(namesOfChildren).map((nameFor) => nameFor(server));
}

/** Name of every child: Deployment, Service and NetworkPolicy are named as their MCPServer. */
export function childName(server: MCPServer): string {
  return namesOfChildren.child(server.metadata.name);
}

/** Name of its report, which is not the server's own: other engines report on it as well. */
export function reportName(server: MCPServer): string {
  return namesOfChildren.report(server.metadata.name);
}

/** Name of its MCPGatewayBinding, that of the reference API, and of what is made for it: a server's 63 characters leave room. */
export function gatewayBindingName(server: MCPServer): string {
  return namesOfChildren.gatewayBinding(server.metadata.name);
}

/**
 * Name of its candidate: of Deployment and NetworkPolicy, which may have 253 characters, so a server's 63 leave room. Services
 * are none of these.
 */
export function candidateName(server: MCPServer): string {
  return namesOfChildren.candidate(server.metadata.name);
}

/** What the pods of a candidate are selected by; nothing that they carry leads calls to them. */
export function candidateLabels(server: MCPServer): Readonly<Record<string, string>> {
  return { [LABELS.candidateOf]: server.metadata.name };
}

/** The namespace of an MCPServer; manifests without one mean `default`, as kubectl does. */
export function namespaceOf(server: MCPServer): string {
  return server.metadata.namespace ?? 'default';
}

/** Labels of children and of the pod template. */
export function baseLabels(server: MCPServer): Readonly<Record<string, string>> {
  return { [LABELS.app]: APP, ...selectorLabels(server) };
}

/** What Deployment, Service and NetworkPolicy select pods by. Immutable in a Deployment: never change it. */
export function selectorLabels(server: MCPServer): Readonly<Record<string, string>> {
  return { [LABELS.server]: server.metadata.name };
}

/** The selector as text, for status.selector and list requests. */
export function selectorText(server: MCPServer): string {
  return Object.entries(selectorLabels(server))
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

/**
 * The recommended labels, for metadata of children only: in the pod template they would restart the pods of a server
 * that is adopted from the reference operator.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
 */
function recommendedLabels(server: MCPServer): Readonly<Record<string, string>> {
  return {
    'app.kubernetes.io/name': APP,
    'app.kubernetes.io/instance': server.metadata.name,
    'app.kubernetes.io/managed-by': 'mcp-lifecycle',
  };
}

/** Labels of a child's own metadata. */
export function objectLabels(server: MCPServer): Readonly<Record<string, string>> {
  return { ...recommendedLabels(server), ...baseLabels(server) };
}

/** The DNS domain of the cluster where nobody says another, as on the command line. */
export const USUAL_CLUSTER_DOMAIN = 'cluster.local';

/** Name of the Service in DNS: what a certificate of the server has to be for. */
export function serviceHost(server: MCPServer, clusterDomain: string): string {
  return `${childName(server)}.${namespaceOf(server)}.svc.${clusterDomain}`;
}

/** URL of the MCP endpoint through the Service, for status.address.url and for the verification. */
export function serviceUrl(server: MCPServer, clusterDomain: string): string {
  const scheme = server.spec.transport?.tls?.enabled === true ? 'https' : 'http';
  const host = serviceHost(server, clusterDomain);
  return `${scheme}://${host}:${server.spec.config.port}${pathOf(server)}`;
}

/** Path of the MCP endpoint. */
export function pathOf({ spec }: MCPServer): string {
  return spec.config.path ?? DEFAULT_PATH;
}
