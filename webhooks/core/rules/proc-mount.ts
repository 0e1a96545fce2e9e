import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { pathTo, type Place } from '../mcpserver/place.ts';
import type { SecurityContext } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { eachContainerContext } from './parts/security-contexts.ts';
import { asContainer } from './parts/example-specs.ts';

export const procMount: Rule = {
  id: 'proc-mount',
  severity: 'deny',
  isAboutPrivileges: true,
  summary: 'The container must see /proc as the runtime masks it (procMount: Default).',
  rationale:
    'Runtimes hide the parts of `/proc` that show or change the node, such as `/proc/kcore` and `/proc/sys`. `Unmasked` ' +
    'shows them again. The `baseline` Pod Security Standard refuses it, and Kubernetes itself accepts it only for pods ' +
    'in a user namespace, which an MCPServer cannot ask for.',
  remedy: 'Set procMount to Default, or remove it.',
  examples: {
    accepts: [
      { title: 'a server that says nothing about /proc' },
      { title: 'the masked /proc', spec: asContainer({ procMount: 'Default' }) },
    ],
    rejects: [{ title: 'the whole /proc', spec: asContainer({ procMount: 'Unmasked' }) }],
  },
  check: (input) => eachContainerContext(input, checkContext),
};

function checkContext(context: SecurityContext | undefined, place: Place): readonly Violation[] {
  const value = context?.procMount;
  if (value === undefined || value === 'Default') return none;
  return [
    {
      path: pathTo(place, 'procMount'),
      headline: 'the container sees /proc without its mask',
      detail: `found procMount: ${value}`,
    },
  ];
}
