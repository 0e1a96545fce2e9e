import { PORT_NAME } from '../mcpserver/names.ts';
import { stdioOf, type Stdio } from '../mcpserver/stdio.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';

/**
 * What a container that runs and is not ready may have wrong: where its readiness probe asks, and finds nothing. `server`
 * with every default applied.
 */
export function hintOnUnready(server: MCPServer): string {
  const { spec } = server;
  if (spec.extensions?.startupProbe !== undefined) {
    return 'its startup probe (spec.extensions.startupProbe) does not succeed in the time that it has, or its readiness probe does not: kubectl describe pod says which and why';
  }
  const stdio = stdioOf(server);
  if (stdio !== undefined) {
    return `${answersNothing(stdio)} Its log says more, and so does that of the bridge (kubectl logs -c mcp-bridge)`;
  }
  const { tcpSocket, httpGet } = spec.runtime?.health?.readinessProbe ?? {};
  if (tcpSocket !== undefined) {
    return `nothing accepts connections on port ${portOf(spec, tcpSocket.port)}: does the server listen on another one, or on 127.0.0.1 only?`;
  }
  if (httpGet !== undefined) {
    return `its readiness probe, GET ${httpGet.path ?? '/'} on port ${portOf(spec, httpGet.port)}, finds no success there: is that right, and does the server listen on all addresses, not on 127.0.0.1 only?`;
  }
  return 'its readiness probe (spec.runtime.health.readinessProbe) does not succeed: kubectl describe pod says why';
}

/** Of a program for stdio. */
export function answersNothing({ startSeconds }: Stdio): string {
  return `its program answers nothing on its standard output within ${startSeconds} seconds (spec.extensions.stdio.startTimeoutSeconds): does spec.extensions.stdio.command start it for stdio, and not for HTTP?`;
}

/** The number that the name stands for, with the field that says it. */
function portOf({ config }: MCPServer['spec'], port: string | number): string {
  const isOurs = port === PORT_NAME || port === config.port;
  return isOurs ? `${config.port} (spec.config.port)` : String(port);
}
