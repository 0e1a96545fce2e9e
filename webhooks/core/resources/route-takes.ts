import type { Fields } from '../mcpserver/record.ts';
import { PROTECTED_RESOURCE } from './published-paths.ts';
import { fieldsIn, listIn, textIn } from './raw-fields.ts';

/** Of a route; ours has one host at most, and two paths while a server moves. */
const limits = { hosts: 4, matches: 8, text: 2_048 };

/**
 * What an HTTPRoute takes from others at its Gateway: Gateway, host and path as one text each. Of two routes with the same one
 * only one gets the calls. Another host or path, however near, is no such thing: the nearest one gets them.
 * https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule
 */
export function takenBy(raw: unknown): readonly string[] {
  const spec = fieldsIn(raw, 'spec');
  const [parent] = listIn(spec, 'parentRefs');
  const gateway = `${gatewayNamespaceOf(parent, raw)}/${textIn(parent, 'name')}`;
  const [rule] = listIn(spec, 'rules');
  const paths = listIn(rule, 'matches')
    .slice(0, limits.matches)
    .flatMap((match) => pathIn(fieldsIn(match, 'path')) ?? []);
  const taken = hostsIn(spec).flatMap((host) => paths.map((path) => `${gateway} ${host} ${path}`));
  return [...new Set(taken)].filter(({ length }) => length <= limits.text);
}

/** None is every one of the Gateway. */
function hostsIn(spec: Fields | undefined): readonly string[] {
  const hosts = spec?.['hostnames'];
  const named = Array.isArray(hosts) ? hosts.filter((host) => typeof host === 'string') : [];
  return named.length === 0 ? ['*'] : named.slice(0, limits.hosts).map((host) => host.toLowerCase());
}

/** Of a server; what is beside it about its protection is on every host once, or once for each path. */
function pathIn(path: unknown): string | undefined {
  const value = textIn(path, 'value');
  const isOfServer = textIn(path, 'type') === 'PathPrefix' && !value.startsWith(PROTECTED_RESOURCE);
  return isOfServer ? `${value.replace(/\/+$/, '')}/` : undefined;
}

/** Of a reference of a route to a Gateway; without one it is that of the route. */
export function gatewayNamespaceOf(reference: Fields | undefined, raw: unknown): string {
  return textIn(reference, 'namespace') || textIn(fieldsIn(raw, 'metadata'), 'namespace');
}
