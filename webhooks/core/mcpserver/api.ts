/**
 * The API of MCPServers, as crds/source/mcpserver.yaml defines it (scripts/generate/crd.test.ts holds the two together).
 * Whoever names its group, a version or its kind takes them from here.
 */
export const API = {
  group: 'mcp.x-k8s.io',
  /** In the order in which kubectl prefers them. */
  versions: ['v1beta1', 'v1alpha1'],
  /** The storage version, in which we read and write. */
  apiVersion: 'mcp.x-k8s.io/v1beta1',
  kind: 'MCPServer',
  plural: 'mcpservers',
  singular: 'mcpserver',
} as const;

/** A kind whose objects expand into others and own them: MCPServers ({@link API}), and what stands above them. */
export interface OwnerKind {
  readonly group: string;
  /** The storage version: a reference to an owner must not change with who reads it. */
  readonly apiVersion: string;
  readonly kind: string;
}

/** Whether an object, or a reference to one, is of the kind, in whichever version. */
export function isOfKind(of: { readonly apiVersion: string; readonly kind: string }, owner: OwnerKind): boolean {
  return of.kind === owner.kind && of.apiVersion.startsWith(`${owner.group}/`);
}

const groupPrefix = `${API.group}/`;

/** Whether an `apiVersion`, or the key of an annotation, is of this group; other groups have an MCPServer, too. */
export function isOfGroup(text: string): boolean {
  return text.startsWith(groupPrefix);
}

/**
 * Keys of the labels of children and of their pods, those of the reference API. The selector of a Deployment is
 * immutable, so neither ever changes.
 */
export const LABELS = {
  /** On whatever belongs to any MCPServer; its value is {@link APP}. */
  app: 'app',
  /** The name of the MCPServer: what pods are selected by. */
  server: 'mcp-server',
  /** The name of the MCPServer, on the one pod that proves its next version. */
  candidateOf: 'mcp-lifecycle/candidate-of',
  /** Digest of the template that it proves. */
  candidateTemplate: 'mcp-lifecycle/candidate-template',
} as const;

/** What all of it is called: the value of `app` and of `app.kubernetes.io/name`. */
export const APP = 'mcp-server';

/** Which pods, and ReplicaSets, are of the MCPServer of that name: those that serve, and the one that proves its next version. */
export const podSelectors = {
  serving: (server: string) => `${LABELS.app}=${APP},${LABELS.server}=${server}`,
  candidate: (server: string) => `${LABELS.candidateOf}=${server}`,
} as const;

/** Begins the keys of annotations that are ours, on children and on an MCPServer. */
export const ANNOTATION_PREFIX = 'mcp-lifecycle/';
