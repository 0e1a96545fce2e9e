import { serviceHost, serviceUrl } from '../mcpserver/names.ts';
import type { MCPServer, MCPServerStatus } from '../mcpserver/types.gen.ts';
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

/** At most so many former ports are served: each is a change of the port within one farewell of the pods before it. */
const maxFormer = 8;

/**
 * The ports at which something is reached still, where the spec has another one by now: the one in that address, then those of
 * the pods, which are more than one where a port has changed again before the last pod at the one before had gone. Status says
 * no address while the spec is not valid.
 */
export function formerPortsOf({ spec, status }: MCPServer, podPorts: readonly number[] = []): readonly number[] {
  const serves = servedBefore(status) || status?.extensions?.rollout !== undefined;
  const said = serves ? splitUrl(clusterUrlIn(status) ?? '')?.port : undefined;
  return othersThan(spec.config.port, [said ?? [], podPorts].flat());
}

/** The same of the ports at which metrics are read; only pods tell them. */
export function formerMetricsPortsOf(server: MCPServer, podPorts: readonly number[] = []): readonly number[] {
  return othersThan(metricsPort(server), podPorts);
}

function othersThan(now: number | undefined, ports: readonly number[]): readonly number[] {
  const former = ports.filter((port) => port >= 1 && port <= 65_535 && port !== now);
  return former.length === 0 ? none : [...new Set(former)].slice(0, maxFormer);
}

const none: readonly number[] = [];

/** Where status says that the server is reached inside the cluster: of one without a gateway the address is just that. */
export function clusterUrlIn(status: MCPServerStatus | undefined): string | undefined {
  return status?.extensions?.clusterURL ?? status?.address?.url;
}

/** As we write them. */
function splitUrl(url: string): { readonly host: string; readonly port: number } | undefined {
  const [, host, digits] = /^https?:\/\/([^/:]+):(\d{1,5})\//.exec(url) ?? [];
  return host === undefined ? undefined : { host, port: Number(digits) };
}
