import { patternsOf } from '../engine/name-patterns.ts';
import { defineRule, type Rule } from '../engine/rule.ts';
import { shortenMiddle } from '../engine/text.ts';
import { eachEntry, join, none } from '../engine/violations.ts';
import { pathTo, placeOf } from '../mcpserver/place.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { INGRESS_RULE, ingressOf } from '../resources/ingress.ts';
import { listed } from './parts/listed.ts';
import { hostname, maxPatterns, metadataKey, objectName } from './parts/parameter-forms.ts';

const parameters = {
  annotations: ['nginx.ingress.kubernetes.io/proxy-*-timeout'],
  hostnames: ['*.team.example.com'],
  classes: ['internal'],
};
const published = (ingress: object): Readonly<Record<string, unknown>> => ({
  extensions: { ingress: { host: 'mcp.team.example.com', className: 'internal', ...ingress } },
});

export const ingressAllowed: Rule = defineRule({
  id: INGRESS_RULE,
  severity: 'deny',
  stricterIn: 11,
  summary:
    'The Ingress of a server must have only the annotations that the policy lists, and its hosts and classes if it lists some.',
  rationale:
    'An Ingress is made by the account of mcp-lifecycle, so whoever may write MCPServers publishes servers, although he may write ' +
    'no Ingress himself. Ingress controllers obey its annotations with their own rights: a snippet becomes a part of the ' +
    'configuration of a proxy that reads the Secrets of all namespaces, an address in an annotation is asked whether a call may ' +
    'pass. No list of dangerous keys is ever complete, so annotations are allowed by their keys, none by default. Hosts and classes ' +
    'are limited where the policy lists some: else any host that the ingress controller takes may be said, that of a bank too.',
  remedy: 'Remove it, or have the policy list it.',
  parameters: {
    annotations: {
      type: 'strings',
      form: metadataKey,
      maxItems: maxPatterns,
      default: [],
      help: 'Keys of annotations of Ingresses, or globs of them: `nginx.ingress.kubernetes.io/proxy-*-timeout`.',
    },
    hostnames: {
      type: 'strings',
      form: hostname,
      maxItems: maxPatterns,
      isOptional: true,
      help: 'Hosts, or globs of them: `*.team.example.com`. Absent: any.',
    },
    classes: {
      type: 'strings',
      form: objectName,
      maxItems: maxPatterns,
      isOptional: true,
      help: 'Names of IngressClasses, or globs of them. The default of the cluster has to be named, too. Absent: any, and none.',
    },
  },
  examples: {
    accepts: [
      { title: 'a server without an Ingress', parameters },
      { title: 'an Ingress without annotations', spec: published({ className: undefined }) },
      {
        title: 'an annotation, a host and a class that are listed',
        spec: published({ annotations: { 'nginx.ingress.kubernetes.io/proxy-read-timeout': '3600' } }),
        parameters,
      },
    ],
    rejects: [
      {
        title: 'an annotation, where the policy says nothing',
        spec: published({ annotations: { 'nginx.ingress.kubernetes.io/proxy-read-timeout': '3600' } }),
      },
      {
        title: 'a part of the configuration of the proxy',
        spec: published({ annotations: { 'nginx.ingress.kubernetes.io/configuration-snippet': 'deny all;' } }),
        parameters,
      },
      { title: 'another host', spec: published({ host: 'bank.example.com' }), parameters },
      { title: 'another class', spec: published({ className: 'public' }), parameters },
      {
        title: 'the default class, where the policy lists some',
        spec: published({ className: undefined }),
        parameters,
      },
    ],
  },
  check({ server }, { annotations, hostnames, classes }) {
    const settings = ingressOf(server);
    // Nearly every server.
    if (settings === undefined) return none;
    return join(
      eachEntry(settings.annotations, annotationsPlace, (key, _value, at) =>
        checkAllowed(key, annotations, { what: 'the annotation', path: pathTo(at) }),
      ),
      checkAllowed(settings.host, hostnames, { what: 'the host', path: pathTo(place, 'host') }),
      checkAllowed(settings.className ?? '', classes, { what: 'the class', path: pathTo(place, 'className') }),
    );
  },
});

const place = placeOf('spec', 'extensions', 'ingress');
const annotationsPlace = placeOf('spec', 'extensions', 'ingress', 'annotations');

/** Longest name in a message, in characters. */
const maxSaid = 80;

function checkAllowed(
  found: string,
  allowed: readonly string[] | undefined,
  { what, path }: Pick<Violation, 'path'> & { readonly what: string },
): readonly Violation[] {
  if (allowed === undefined || patternsOf(allowed).has(found)) return none;
  const detail = found === '' ? 'found none' : `found '${shortenMiddle(found, maxSaid)}'`;
  const remedy = `Use one that the policy lists: ${listed(allowed)}.`;
  return [{ path, headline: `${what} is not allowed here`, detail, cause: [found], remedy }];
}
