import type { ResourceRequirements } from '../mcpserver/types.gen.ts';

/**
 * What mcp-lifecycle knows of itself and of the cluster in which it runs; above all what an MCPServer in the same
 * namespace could name to act as us. Known to both programs (chart/templates/_helpers.tpl), not to the command line.
 */
export interface Installation {
  readonly namespace: string;
  /** Our image as the chart names it: what a container of ours in the pods of a server runs. */
  readonly image: string;
  /** How nodes pull it; absent: as the API server has it. */
  readonly imagePullPolicy?: string | undefined;
  /** Of the containers of ours in pods for stdio: values `stdio.*` of the chart; absent: as they are there by default. */
  readonly stdio?: StdioContainers | undefined;
  /** DNS domain of the cluster. */
  readonly clusterDomain: string;
  /** Of our pods and of the hook Job. */
  readonly serviceAccounts: readonly string[];
  /** With the key of our certificate, or of the authority that issues it. */
  readonly secrets: readonly string[];
  /** Pods with all of these are ours to our Service, disruption budget and network policy; empty where not known. */
  readonly podLabels: Readonly<Record<string, string>>;
  /** Of the optional kinds, by kind, as it is at this moment; absent where nobody asks. */
  readonly apis?: ApiStates;
}

/** What the platform says of the containers that pods for stdio have of us. */
export interface StdioContainers {
  readonly resources: ResourceRequirements;
  /** Names of Secrets with credentials for our image, in the namespaces of the servers. */
  readonly imagePullSecrets: readonly string[];
}

/**
 * What is known of the API of an optional kind. `off`: its feature is switched off, so nobody looks. `absent`: the cluster
 * said that it does not have it. `unknown`: nobody could tell yet; once told, it stays until it is told otherwise.
 */
export type ApiState = 'off' | 'served' | 'absent' | 'unknown';

/** By kind. */
export type ApiStates = Pick<ReadonlyMap<string, ApiState>, 'get'>;
