import { serviceHost, serviceUrl, USUAL_CLUSTER_DOMAIN } from '../mcpserver/names.ts';
import type { MCPServer, MCPServerStatus } from '../mcpserver/types.gen.ts';
import type { ServedAddress } from '../resources/expanded-kind.ts';
import { metricsPort } from '../resources/metrics-endpoint.ts';
import { servedBefore } from './served-generation.ts';
import type { StatusInput } from './status-input.ts';

/**
 * Where clients reach what serves: while that is an older generation, where they reached it before. Path, scheme and port are
 * those of that generation, and status is the memory of it.
 */
export function servedUrl(
  { server, previous, clusterDomain }: Pick<StatusInput, 'server' | 'previous' | 'clusterDomain'>,
  isOfNow: boolean,
): string {
  const before = isOfNow ? undefined : clusterUrlIn(previous);
  // Whoever may write status would else say whom we ask.
  const isOurs = before !== undefined && splitUrl(before)?.host === serviceHost(server, clusterDomain);
  return isOurs ? before : serviceUrl(server, clusterDomain);
}

/**
 * Where what serves is reached, where the spec says another place by now; status is the memory of it. Undefined: where the
 * spec says, or nothing serves.
 */
export function servedAddressOf(server: MCPServer, clusterDomain = USUAL_CLUSTER_DOMAIN): ServedAddress | undefined {
  const said = saidAddress(server, clusterDomain);
  return said?.url === serviceUrl(server, clusterDomain) ? undefined : said;
}

/** Where status says that what serves is reached, be it about to go. Of another host it is not ours: a gateway's, say. */
function saidAddress(server: MCPServer, clusterDomain: string): ServedAddress | undefined {
  const { status } = server;
  const serves = servedBefore(status) || status?.extensions?.rollout !== undefined;
  const url = serves ? clusterUrlIn(status) : undefined;
  const said = url === undefined ? undefined : splitUrl(url);
  if (url === undefined || said?.host !== serviceHost(server, clusterDomain)) return undefined;
  const { port, path } = said;
  return isPort(port) ? { url, port, path } : undefined;
}

/** At most so many former ports are served: each is a change of the port within one farewell of the pods before it. */
const maxFormer = 8;

/**
 * The ports at which something is reached still, where the spec has another one by now: the one in that address, then those of
 * the pods, which are more than one where a port has changed again before the last pod at the one before had gone. Status says
 * no address while the spec is not valid.
 */
export function formerPortsOf(
  server: MCPServer,
  podPorts: readonly number[] = [],
  clusterDomain = USUAL_CLUSTER_DOMAIN,
): readonly number[] {
  const said = saidAddress(server, clusterDomain)?.port;
  return othersThan(server.spec.config.port, [said ?? [], podPorts].flat());
}

/** The same of the ports at which metrics are read; only pods tell them. */
export function formerMetricsPortsOf(server: MCPServer, podPorts: readonly number[] = []): readonly number[] {
  return othersThan(metricsPort(server), podPorts);
}

function othersThan(now: number | undefined, ports: readonly number[]): readonly number[] {
  const former = ports.filter((port) => isPort(port) && port !== now);
  return former.length === 0 ? none : [...new Set(former)].slice(0, maxFormer);
}

const none: readonly number[] = [];

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}

/** Where status says that the server is reached inside the cluster: of one without a gateway the address is just that. */
export function clusterUrlIn(status: MCPServerStatus | undefined): string | undefined {
  return status?.extensions?.clusterURL ?? status?.address?.url;
}

/** As we write them. */
function splitUrl(url: string): (Omit<ServedAddress, 'url'> & { readonly host: string }) | undefined {
  const [, host, digits, path] = /^https?:\/\/([^/:]+):(\d{1,5})(\/.*)$/.exec(url) ?? [];
  return host === undefined || path === undefined ? undefined : { host, port: Number(digits), path };
}
