import type { Rule } from '../engine/rule.ts';
import type { ImageReference } from '../mcpserver/image-reference.ts';
import { parseImageReference } from '../mcpserver/image-reference.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

export const imageTagPinned: Rule = {
  id: 'image-tag-pinned',
  severity: 'warn',
  summary: 'The image should have a tag that names a version, or a digest.',
  rationale:
    'An image without a tag, or with the tag `latest`, is whatever its registry calls that today. Two pods of one server ' +
    'can run different code, a restart can bring a release that nobody reviewed, and there is no earlier version to go ' +
    'back to. A digest is the only reference that can never mean another image.',
  remedy: 'Write the version as the tag, or add the digest.',
  examples: {
    accepts: [
      { title: 'a version as the tag', spec: withImage('ghcr.io/example/search:1.4.0') },
      { title: 'a digest', spec: withImage(`ghcr.io/example/search@${digest}`) },
      { title: 'the tag latest with a digest, which wins', spec: withImage(`ghcr.io/example/search:latest@${digest}`) },
    ],
    rejects: [
      { title: 'an image without a tag', spec: withImage('ghcr.io/example/search') },
      { title: 'a registry with a port, which is no tag', spec: withImage('localhost:5000/search') },
      { title: 'the tag latest', spec: withImage('ghcr.io/example/search:latest') },
    ],
  },
  check({ server }) {
    const parsed = parseImageReference(server.spec.source.containerImage?.ref ?? '');
    const problem = parsed.ok ? findProblem(parsed.reference) : undefined;
    if (problem === undefined) return [];
    return [{ path: ['spec', 'source', 'containerImage', 'ref'], ...problem }];
  },
};

function findProblem({ tag, digest: pinned }: ImageReference): { headline: string; detail: string } | undefined {
  if (pinned !== undefined) return undefined;
  if (tag === undefined) return { headline: 'the image has no tag, so latest is pulled', detail: 'found no tag' };
  return tag === 'latest'
    ? { headline: 'the tag latest means another image tomorrow', detail: "found tag 'latest'" }
    : undefined;
}

function withImage(ref: string): Readonly<Record<string, unknown>> {
  return { source: { containerImage: { ref } } };
}
