import { mcpServer } from './mcp-server.ts';
import type { PodContainer } from './pod-container.ts';
import { stdioBridge } from './stdio-bridge.ts';
import { stdioShim } from './stdio-shim.ts';

/** Every container that pods of MCPServers may have, in the order in which a pod lists them. */
export const podContainers: readonly PodContainer[] = [mcpServer, stdioShim, stdioBridge];
