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

/**
 * The same of an Ingress: class, host and path. Which of two gets the calls is said nowhere:
 * https://kubernetes.io/docs/concepts/services-networking/ingress/#multiple-matches
 */
export function takenByIngress(raw: unknown): readonly string[] {
  const spec = fieldsIn(raw, 'spec');
  const [rule] = listIn(spec, 'rules');
  const place = `${textIn(spec, 'ingressClassName')} ${textIn(rule, 'host').toLowerCase()}`;
  const taken = listIn(fieldsIn(rule, 'http'), 'paths')
    .slice(0, limits.matches)
    .filter((path) => textIn(path, 'pathType') === 'Prefix')
    .flatMap((path) => ofServer(textIn(path, 'path')) ?? [])
    .map((path) => `${place} ${path}`);
  return [...new Set(taken)].filter(({ length }) => length <= limits.text);
}

/** None is every one of the Gateway. */
function hostsIn(spec: Fields | undefined): readonly string[] {
  const hosts = spec?.['hostnames'];
  const named = Array.isArray(hosts) ? hosts.filter((host) => typeof host === 'string') : [];
  return named.length === 0 ? ['*'] : named.slice(0, limits.hosts).map((host) => host.toLowerCase());
}

function pathIn(path: unknown): string | undefined {
  return textIn(path, 'type') === 'PathPrefix' ? ofServer(textIn(path, 'value')) : undefined;
}

/** What is beside a server about its protection is on every host once, or once for each path. */
function ofServer(prefix: string): string | undefined {
  return prefix.startsWith(PROTECTED_RESOURCE) ? undefined : `${prefix.replace(/\/+$/, '')}/`;
}

/** Of a reference of a route to a Gateway; without one it is that of the route. */
export function gatewayNamespaceOf(reference: Fields | undefined, raw: unknown): string {
  return textIn(reference, 'namespace') || textIn(fieldsIn(raw, 'metadata'), 'namespace');
}
