import type { Installation } from '../engine/installation.ts';

/** An installation that nothing else in a test is about, but for the changes. */
export function anInstallation(changes: Partial<Installation> = {}): Installation {
  return {
    namespace: 'mcp-lifecycle-system',
    image: 'registry.example.com/mcp-lifecycle:0.1.0',
    clusterDomain: 'cluster.local',
    serviceAccounts: [],
    secrets: [],
    podLabels: {},
    ...changes,
  };
}
