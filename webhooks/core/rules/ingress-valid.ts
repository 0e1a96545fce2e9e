import type { Rule } from '../engine/rule.ts';
import { shortenMiddle } from '../engine/text.ts';
import { eachEntry, join, none } from '../engine/violations.ts';
import { isQualifiedName, isSubdomain } from '../mcpserver/kubernetes-names.ts';
import { pathOf } from '../mcpserver/names.ts';
import { pathTo, placeOf, type Place } from '../mcpserver/place.ts';
import type { IngressSettings, MCPServer } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { ingressOf } from '../resources/ingress.ts';
import { isBelow } from '../resources/published-paths.ts';

const published = (ingress: object, path = '/mcp'): Readonly<Record<string, unknown>> => ({
  config: { port: 8080, path },
  extensions: { ingress: { host: 'mcp.example.com', ...ingress } },
});

export const ingressValid: Rule = {
  id: 'ingress-valid',
  severity: 'deny',
  stricterIn: 11,
  summary: 'What a server says of an Ingress must be what an Ingress can have, and lead to the server.',
  rationale:
    'It goes into the Ingress as it is, and so does the path of the server. Kubernetes refuses an Ingress with a host that is ' +
    'none or with a path that can be read as another one, and the server would be stored and never published. A path of the ' +
    'Ingress that is no beginning of `config.path` leads to the server, which has nothing there.',
  remedy: 'Correct the host, the name or the path.',
  examples: {
    accepts: [
      { title: 'a server without an Ingress', spec: { config: { port: 8080, path: '/a//b' } } },
      { title: 'a host', spec: published({}) },
      { title: 'everything of a host', spec: published({ path: '/' }) },
      { title: 'a beginning of the path of the server', spec: published({ path: '/team' }, '/team/mcp') },
      { title: 'a certificate, and a class', spec: published({ tlsSecretName: 'mcp-tls', className: 'traefik' }) },
    ],
    rejects: [
      { title: 'a URL in the place of a host', spec: published({ host: 'https://mcp.example.com' }) },
      { title: 'every host of a domain', spec: published({ host: '*.example.com' }) },
      { title: 'an address', spec: published({ host: '192.0.2.7' }) },
      { title: 'a path beside that of the server', spec: published({ path: '/tools' }) },
      { title: 'a path that ends within a part of it', spec: published({ path: '/mc' }) },
      { title: 'a path of the server that says the same as another one', spec: published({}, '/a/../b') },
      { title: 'a class that no object can be', spec: published({ className: 'Traefik_1' }) },
      { title: 'a Secret that no object can be', spec: published({ tlsSecretName: 'mcp/tls' }) },
      {
        title: 'the class as an annotation',
        spec: published({ annotations: { 'kubernetes.io/ingress.class': 'nginx' } }),
      },
      { title: 'a path with an empty part', spec: published({ path: '//' }) },
      { title: 'an annotation that no object can have', spec: published({ annotations: { 'a/b/c': 'x' } }) },
    ],
  },
  check({ server }) {
    const settings = ingressOf(server);
    // Nearly every server.
    if (settings === undefined) return none;
    return join(
      checkHost(settings),
      checkPath(server, settings),
      checkName(settings, 'className'),
      checkName(settings, 'tlsSecretName'),
      eachEntry(settings.annotations, annotationsPlace, checkAnnotation),
    );
  },
};

const place = placeOf('spec', 'extensions', 'ingress');
const annotationsPlace = placeOf('spec', 'extensions', 'ingress', 'annotations');

const keyRemedy = 'Write it as name or domain/name: letters, digits, hyphens, underscores and dots.';

/** Longest value in a message, in characters. */
const maxSaid = 80;

/** An Ingress is for hosts by their names. */
const address = /^\d{1,3}(?:\.\d{1,3}){3}$/;

function checkHost({ host }: IngressSettings): readonly Violation[] {
  if (isSubdomain(host) && !address.test(host)) return none;
  const remedy = 'Write the name of a host in lower case, as mcp.example.com, without scheme, port, path and wildcard.';
  return [{ path: pathTo(place, 'host'), headline: 'the host is not usable', detail: said(host), remedy }];
}

/** What Kubernetes refuses in the path of an Ingress, at its end or anywhere. */
const unusable = /\/\/|\/\.{1,2}(?:\/|$)|%2[fF]/;

function checkPath(server: MCPServer, { path }: IngressSettings): readonly Violation[] {
  const own = pathOf(server);
  const found = unusable.exec(own)?.[0];
  if (found !== undefined) {
    const headline = 'an Ingress cannot have this path';
    const remedy = `Write it without '${found}'.`;
    return [{ path: ['spec', 'config', 'path'], headline, detail: said(own), remedy }];
  }
  if (path === undefined || (path.startsWith('/') && !unusable.test(path) && isBelow(own, path))) return none;
  const headline = 'the path of the Ingress is no beginning of that of the server';
  const detail = `${said(path)} before '${shortenMiddle(own, maxSaid)}'`;
  const remedy = 'Remove it, or write the first parts of config.path there; / is everything of the host.';
  return [{ path: pathTo(place, 'path'), headline, detail, cause: [own], remedy }];
}

function checkName(settings: IngressSettings, field: 'className' | 'tlsSecretName'): readonly Violation[] {
  const name = settings[field];
  if (name === undefined || isSubdomain(name)) return none;
  const remedy = 'Write the name of an object: lower case letters, digits, hyphens and dots.';
  return [{ path: pathTo(place, field), headline: 'no object has such a name', detail: said(name), remedy }];
}

/** Beside `ingressClassName`, which replaced it, Kubernetes refuses it: one place for one thing. */
const formerClass = 'kubernetes.io/ingress.class';

function checkAnnotation(key: string, _value: string, at: Place): readonly Violation[] {
  // The API server judges keys of annotations in lower case.
  if (isQualifiedName(key.toLowerCase()) && key !== formerClass) return none;
  const remedy = key === formerClass ? 'Use className.' : keyRemedy;
  return [{ path: pathTo(at), headline: 'the key is not usable', detail: said(key), remedy }];
}

function said(text: string): string {
  return `found '${shortenMiddle(text, maxSaid)}'`;
}
