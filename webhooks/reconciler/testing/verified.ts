import type { ProbeResult } from '../../platform/mcp/probe.ts';

/** What a server that works answers; it offers tools. */
export const verified: ProbeResult = {
  state: 'verified',
  era: 'stateless',
  serverInfo: {
    ...{ name: 'x', version: '1', protocolVersion: '2026-07-28' },
    capabilities: { tools: true, resources: false, prompts: false, logging: false, completions: false },
  },
};
