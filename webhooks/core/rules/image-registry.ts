import { defineRule, type Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { parseImageReference } from '../mcpserver/image-reference.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { listed } from './parts/listed.ts';
import { registryPlace } from './parts/parameter-forms.ts';
import { isWithin, locationOf } from './parts/registry-list.ts';

const path = ['spec', 'source', 'containerImage', 'ref'];
const parameters = { allowed: ['ghcr.io/example', 'registry.example.com'] };

export const imageRegistry: Rule = defineRule({
  id: 'image-registry',
  severity: 'deny',
  isOptIn: true,
  summary: 'The image must come from a registry, or from a path in one, that the policy lists.',
  rationale:
    'Whoever may write an MCPServer decides what code runs with its account and its Secrets. A list of registries, or of ' +
    'paths in them, keeps that to images that somebody published on purpose. An entry is compared name by name: ' +
    '`ghcr.io/example` allows `ghcr.io/example/search` and nothing of `ghcr.io/example-2`. An image without a registry ' +
    'comes from wherever the node looks first, so it is never on the list; images of Docker Hub are listed as ' +
    '`docker.io/ORGANISATION`, its official ones as `docker.io/library`. The image of mcp-lifecycle itself, which it may add ' +
    'to pods as a container of its own, is not judged; who installed it chose where it comes from.',
  remedy: 'Use an image from a place that the policy lists.',
  parameters: {
    allowed: {
      type: 'strings',
      form: registryPlace,
      minItems: 1,
      help: 'Registries, with or without the beginning of a path: `ghcr.io/example`, `registry.example.com:5000`.',
    },
  },
  examples: {
    accepts: [
      { title: 'a path below one that is listed', spec: withImage('ghcr.io/example/tools/search:1.4.0'), parameters },
      { title: 'any path of a registry that is listed', spec: withImage('registry.example.com/search'), parameters },
      { title: 'the case of a host name', spec: withImage('GHCR.IO/example/search:1.4.0'), parameters },
      {
        title: 'an official image of Docker Hub by its short path',
        spec: withImage('index.docker.io/nginx:1.25'),
        parameters: { allowed: ['docker.io/library'] },
      },
    ],
    rejects: [
      { title: 'another registry', spec: withImage('quay.io/example/search:1.4.0'), parameters },
      {
        title: 'a path that only begins like one that is listed',
        spec: withImage('ghcr.io/example-2/search:1.4.0'),
        parameters,
      },
      {
        title: 'a host that only begins like one that is listed',
        spec: withImage('registry.example.com.example.org/search:1.4.0'),
        parameters,
      },
      {
        title: 'another port of a registry that is listed',
        spec: withImage('registry.example.com:5000/search:1.4.0'),
        parameters,
      },
      { title: 'an image without a registry', spec: withImage('example/search:1.4.0'), parameters },
    ],
  },
  check({ server, installation }, { allowed }) {
    const ref = server.spec.source.containerImage?.ref ?? '';
    const parsed = parseImageReference(ref);
    // No runtime pulls what is no reference, and no node asks a registry for it.
    if (!parsed.ok || ref === installation?.image) return none;
    const location = locationOf(parsed.reference);
    if (location === undefined) return [withoutRegistry(parsed.reference.repository, allowed)];
    if (isWithin(location, allowed)) return none;
    const headline = 'the image comes from a place that is not allowed here';
    return [{ path, headline, detail: `found '${location}'`, remedy: remedyFor(allowed) }];
  },
});

function withoutRegistry(repository: string, allowed: readonly string[]): Violation {
  const headline = 'the image names no registry, so it is none of those that are allowed';
  return { path, headline, detail: `found '${repository}'`, remedy: remedyFor(allowed) };
}

function remedyFor(allowed: readonly string[]): string {
  return `Use an image from a place that the policy lists: ${listed(allowed)}.`;
}

function withImage(ref: string): Readonly<Record<string, unknown>> {
  return { source: { containerImage: { ref } } };
}
