import { mcpServer } from './mcp-server.ts';
import type { PodContainer } from './pod-container.ts';

/** Every container that pods of MCPServers may have, in the order in which a pod lists them. */
export const podContainers: readonly PodContainer[] = [mcpServer];
