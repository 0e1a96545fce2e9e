import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { parseImageReference } from '../mcpserver/image-reference.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

export const imageDigest: Rule = {
  id: 'image-digest',
  severity: 'deny',
  isOptIn: true,
  summary: 'The image must be named by its digest.',
  rationale:
    'A tag means whatever its registry says at the moment of the pull: what was reviewed, scanned or signed is not what runs ' +
    'once somebody moves it. A digest names the content itself, so every pod of a server runs the same code, also after a ' +
    'restart and on another node. A tag may stand beside it for people; runtimes ignore it then.',
  remedy: 'Add @ and the digest, as the registry or the build prints it: registry/repository:tag@sha256:….',
  examples: {
    accepts: [
      { title: 'a digest', spec: withImage(`ghcr.io/example/search@${digest}`) },
      { title: 'a digest beside a tag', spec: withImage(`ghcr.io/example/search:1.4.0@${digest}`) },
    ],
    rejects: [
      { title: 'a tag alone', spec: withImage('ghcr.io/example/search:1.4.0') },
      { title: 'neither tag nor digest', spec: withImage('ghcr.io/example/search') },
    ],
  },
  check({ server }) {
    const parsed = parseImageReference(server.spec.source.containerImage?.ref ?? '');
    // What is no reference runs nowhere.
    if (!parsed.ok || parsed.reference.digest !== undefined) return none;
    const { tag } = parsed.reference;
    return [
      {
        path: ['spec', 'source', 'containerImage', 'ref'],
        headline: 'the image has no digest',
        detail: tag === undefined ? 'found neither tag nor digest' : `found tag '${tag}'`,
      },
    ];
  },
};

function withImage(ref: string): Readonly<Record<string, unknown>> {
  return { source: { containerImage: { ref } } };
}
