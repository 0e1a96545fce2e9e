import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { pathTo, type Place } from '../mcpserver/place.ts';
import type { SecurityContext } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { eachContainerContext } from './parts/security-contexts.ts';
import { asContainer, ofEmptyDir, withMounts } from './parts/example-specs.ts';

export const readOnlyRootFilesystem: Rule = {
  id: 'read-only-root-filesystem',
  severity: 'deny',
  isOptIn: true,
  summary: 'No container may write to its image.',
  rationale:
    'What breaks into a server usually needs a place to put its tools and to change the program that runs. Servers get ' +
    '`readOnlyRootFilesystem: true` by default, and an author may set it to false, which the restricted Pod Security Standard ' +
    'does not mind. This rule does. A server that has to write mounts scratch space (EmptyDir with ReadWrite) where it does.',
  remedy: 'Remove readOnlyRootFilesystem, or set it to true, and mount an EmptyDir where the server writes.',
  examples: {
    accepts: [
      { title: 'a server that says nothing about it' },
      {
        title: 'scratch space to write to',
        spec: withMounts({ path: '/tmp', permissions: 'ReadWrite', source: ofEmptyDir({}) }),
      },
    ],
    rejects: [
      { title: 'a container that may write to its image', spec: asContainer({ readOnlyRootFilesystem: false }) },
    ],
  },
  check: (input) => eachContainerContext(input, checkContext),
};

function checkContext(context: SecurityContext | undefined, place: Place): readonly Violation[] {
  const found = context?.readOnlyRootFilesystem;
  if (found === true) return none;
  return [
    {
      path: pathTo(place, 'readOnlyRootFilesystem'),
      headline: 'the container may write to its image',
      detail: found === undefined ? 'found nothing, which means false' : 'found readOnlyRootFilesystem: false',
    },
  ];
}
