import { createReader, type Environment, type Parsed } from '../platform/environment.ts';
import { logLevelWords, type LogLevel } from '../platform/log.ts';

/** Whether clients share a process of the server: what the era of the server allows, never, or always. */
export const sessionsModes = ['Auto', 'PerSession', 'Shared'] as const;
export type SessionsMode = (typeof sessionsModes)[number];

/** What the container `mcp-bridge` is told: spec.extensions.stdio, config.port and config.path of an MCPServer. */
export interface BridgeConfig {
  /** Of the shim, in the volume that both containers have: MCP_SOCKET. */
  readonly socketPath: string;
  readonly port: number;
  readonly path: string;
  readonly mode: SessionsMode;
  readonly maxSessions: number;
  readonly idleMs: number;
  /** From the start of a process to its first answers. */
  readonly startMs: number;
  readonly maxMessageBytes: number;
  /** For what is under way when we are told to end. */
  readonly graceMs: number;
  /** 0: none. */
  readonly metricsPort: number;
  readonly healthPort: number;
  readonly logLevel: LogLevel;
}

const mebibyte = 1024 * 1024;

export function parseBridgeConfig(environment: Environment): Parsed<BridgeConfig> {
  const read = createReader(environment, 'the controller sets it in the container mcp-bridge');
  return read.result({
    socketPath: read.required('MCP_SOCKET'),
    port: read.port('MCP_PORT', 8080),
    path: read.optional('MCP_PATH', '/mcp'),
    mode: read.oneOf('MCP_SESSIONS', sessionsModes),
    maxSessions: read.integer('MCP_MAX_SESSIONS', 16, { what: 'a whole number', min: 1, max: 256 }),
    idleMs: read.integer('MCP_IDLE_SECONDS', 1800, { what: 'a whole number of seconds', min: 1, max: 86_400 }) * 1000,
    startMs: read.integer('MCP_START_SECONDS', 60, { what: 'a whole number of seconds', min: 1, max: 3600 }) * 1000,
    maxMessageBytes: read.integer('MCP_MAX_MESSAGE_BYTES', 4 * mebibyte, {
      what: 'a number of bytes',
      min: 1024,
      // One more than that does not fit into the heap of the container, read and parsed.
      max: 4 * mebibyte,
    }),
    graceMs: read.integer('MCP_GRACE_SECONDS', 25, { what: 'a whole number of seconds', min: 0, max: 3600 }) * 1000,
    metricsPort: read.port('MCP_METRICS_PORT', 0),
    healthPort: read.port('MCP_HEALTH_PORT', 8081),
    logLevel: read.oneOf('LOG_LEVEL', logLevelWords),
  });
}
