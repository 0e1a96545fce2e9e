import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { parseImageReference } from '../mcpserver/image-reference.ts';

export const imageRegistryNamed: Rule = {
  id: 'image-registry-named',
  severity: 'warn',
  summary: 'The image should name the registry that it is pulled from.',
  rationale:
    'A reference such as `mcp/fetch:1.0` leaves the registry to the container runtime of each node: containerd takes Docker ' +
    'Hub, others go through a list of registries until one has something of that name, or ask nobody and refuse it. What ' +
    'runs then depends on the node, anybody who can publish that name in one of those registries decides what it is, and ' +
    'policies about registries cannot tell where it came from. A digest does not change that for a name that no registry of ' +
    'the node has.',
  remedy: 'Write the registry in front of it, as in docker.io/library/NAME or registry.example.com/NAME.',
  examples: {
    accepts: [
      { title: 'a registry by name', spec: withImage('docker.io/mcp/fetch:1.0.2') },
      { title: 'a registry by its port', spec: withImage('registry:5000/search:1.4.0') },
      { title: 'the registry of the node itself', spec: withImage('localhost/search:1.4.0') },
    ],
    rejects: [
      { title: 'a name alone', spec: withImage('search:1.4.0') },
      { title: 'an organisation, which is no registry', spec: withImage('mcp/fetch:1.0.2') },
      { title: 'a digest without a registry', spec: withImage(`mcp/fetch@sha256:${'0123456789abcdef'.repeat(4)}`) },
    ],
  },
  check({ server }) {
    const parsed = parseImageReference(server.spec.source.containerImage?.ref ?? '');
    // What is no reference at all is refused elsewhere.
    if (!parsed.ok || parsed.reference.registry !== undefined) return none;
    return [
      {
        path: ['spec', 'source', 'containerImage', 'ref'],
        headline: 'no registry is named, so each node picks its own',
        detail: `found '${parsed.reference.repository}'`,
      },
    ];
  },
};

function withImage(ref: string): Readonly<Record<string, unknown>> {
  return { source: { containerImage: { ref } } };
}
