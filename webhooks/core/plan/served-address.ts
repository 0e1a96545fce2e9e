import { serviceHost, serviceUrl } from '../mcpserver/names.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
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
  const before = isOfNow ? undefined : previous?.address?.url;
  // Whoever may write status would else say whom we ask.
  const isOurs = before !== undefined && splitUrl(before)?.host === serviceHost(server, clusterDomain);
  return isOurs ? before : serviceUrl(server, clusterDomain);
}

/**
 * The port at which something serves still, where the spec has another one by now: the one in that address, or the one of
 * the pods where status says none (it does not while the spec is not valid).
 */
export function formerPortOf({ spec, status }: MCPServer, podPorts: readonly number[] = []): number | undefined {
  const serves = servedBefore(status) || status?.extensions?.rollout !== undefined;
  const said = serves ? splitUrl(status?.address?.url ?? '')?.port : undefined;
  return [said ?? [], podPorts].flat().find((port) => port >= 1 && port <= 65_535 && port !== spec.config.port);
}

/** As we write them. */
function splitUrl(url: string): { readonly host: string; readonly port: number } | undefined {
  const [, host, digits] = /^https?:\/\/([^/:]+):(\d{1,5})\//.exec(url) ?? [];
  return host === undefined ? undefined : { host, port: Number(digits) };
}
