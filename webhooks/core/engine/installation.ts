/**
 * Who mcp-lifecycle itself is, in the cluster in which it runs: what an MCPServer in the same namespace could name to
 * act as us. Known to both programs (chart/templates/_helpers.tpl), not to the command line.
 */
export interface Installation {
  readonly namespace: string;
  /** Of our pods and of the hook Job. */
  readonly serviceAccounts: readonly string[];
  /** With the key of our certificate, or of the authority that issues it. */
  readonly secrets: readonly string[];
  /** Pods with all of these are ours to our Service, disruption budget and network policy; empty where not known. */
  readonly podLabels: Readonly<Record<string, string>>;
}
