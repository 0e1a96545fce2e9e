import type { Rule } from '../engine/rule.ts';
import { parseImageReference } from '../mcpserver/image-reference.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

export const imageReferenceValid: Rule = {
  id: 'image-reference-valid',
  severity: 'deny',
  summary: 'The image must be a reference that a container runtime can pull.',
  rationale:
    'Kubernetes stores any text as an image and reports `InvalidImageName` on a pod that waits for ever. The reference ' +
    'is read by the grammar that the kubelet and containerd use: an optional registry with an optional port, a ' +
    'repository in lower case, an optional tag, an optional digest. Whether the registry has the image is not looked at.',
  remedy: 'Write it as registry/repository:tag or registry/repository@digest.',
  examples: {
    accepts: [
      { title: 'a registry, a repository and a tag', spec: withImage('ghcr.io/example/search:1.4.0') },
      { title: 'an image of the default registry', spec: withImage('nginx:1.25') },
      { title: 'a repository alone', spec: withImage('example/search') },
      { title: 'a digest', spec: withImage(`example/search@${digest}`) },
      { title: 'a tag and a digest', spec: withImage(`ghcr.io/example/search:1.4.0@${digest}`) },
      { title: 'a registry with a port', spec: withImage('localhost:5000/search:dev') },
      { title: 'a registry that is an IPv6 address', spec: withImage('[fd00::1]:5000/search:1.4.0') },
    ],
    rejects: [
      { title: 'a URL', spec: withImage('https://ghcr.io/example/search:1.4.0') },
      { title: 'a repository with upper case letters', spec: withImage('ghcr.io/Example/search:1.4.0') },
      { title: 'an empty tag', spec: withImage('ghcr.io/example/search:') },
      { title: 'a tag that is longer than 128 characters', spec: withImage(`example/search:${'1'.repeat(129)}`) },
      { title: 'a tag with a plus sign', spec: withImage('example/search:1.4.0+build') },
      { title: 'a digest that is too short', spec: withImage('example/search@sha256:0123abcd') },
      { title: 'a digest of an unknown algorithm', spec: withImage('example/search@md5:0123456789abcdef') },
      { title: 'a space at the end', spec: withImage('example/search:1.4.0 ') },
      { title: 'a port that does not exist', spec: withImage('localhost:70000/search:dev') },
    ],
  },
  check({ server }) {
    const { containerImage } = server.spec.source;
    if (containerImage === undefined) return [];
    const parsed = parseImageReference(containerImage.ref);
    if (parsed.ok) return [];
    const { problem, found, remedy } = parsed;
    return [
      {
        path: ['spec', 'source', 'containerImage', 'ref'],
        headline: `the image reference ${problem}`,
        detail: `found ${found}`,
        remedy,
      },
    ];
  },
};

function withImage(ref: string): Readonly<Record<string, unknown>> {
  return { source: { containerImage: { ref } } };
}
