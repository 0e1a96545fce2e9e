import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

/**
 * Resolves full names as such, by the dot at their end. Pods look names up with `ndots:5`: without it,
 * `search.mcp.svc.cluster.local` is first asked for in every domain of the search list, which is four questions in vain,
 * twice each for two kinds of addresses. The resolver is all that sees the dot: `Host`, SNI and the names of certificates
 * stay as they are.
 *
 * For names that are full already; https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-dns-config
 */
export function createAbsoluteLookup(resolve: LookupFunction): LookupFunction {
  return (name, options, callback) => {
    resolve(toAbsolute(name), options, callback);
  };
}

export const lookupAbsolute = createAbsoluteLookup(lookup);

/** A single label is a host of this machine or of its own domain. */
function toAbsolute(name: string): string {
  return name.includes('.') && !name.endsWith('.') ? `${name}.` : name;
}
