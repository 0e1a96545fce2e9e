import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { pathTo } from '../mcpserver/place.ts';
import { eachSecurityContext } from './parts/security-contexts.ts';
import { asContainer, asPod } from './parts/example-specs.ts';

export const hostProcess: Rule = {
  id: 'host-process',
  severity: 'deny',
  isAboutPrivileges: true,
  summary: 'The container must not be a Windows process of its node (windowsOptions.hostProcess).',
  rationale:
    'A HostProcess container is no container but a process on the Windows node, with its network, its files and, if it ' +
    'asks, its administrator. The `baseline` Pod Security Standard refuses it.',
  remedy: 'Set hostProcess to false, or remove it.',
  examples: {
    accepts: [{ title: 'a container that is not one', spec: asContainer({ windowsOptions: { hostProcess: false } }) }],
    rejects: [
      { title: 'a container that is one', spec: asContainer({ windowsOptions: { hostProcess: true } }) },
      { title: 'a pod of them', spec: asPod({ windowsOptions: { hostProcess: true } }) },
    ],
  },
  check: (input) =>
    eachSecurityContext(input, ({ windowsOptions }, place) =>
      windowsOptions?.hostProcess === true
        ? [
            {
              path: pathTo(place, 'windowsOptions', 'hostProcess'),
              headline: 'the container is a process of its node',
              detail: 'found hostProcess: true',
            },
          ]
        : none,
    ),
};
