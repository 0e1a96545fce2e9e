import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';

export const toolContractReadOnly: Rule = {
  id: 'tool-contract-read-only',
  severity: 'deny',
  isOptIn: true,
  stricterIn: 4,
  summary: 'A server must offer only tools that say they are read-only.',
  rationale:
    'Assistants that act without asking a person may be allowed to read, and nothing else. With `allow: ReadOnly` a server that ' +
    'offers a tool without the annotation `readOnlyHint: true` is `Verified=False`, and a roll-out that brings one is held ' +
    'back. It is what the server says of itself: a server that lies is not found out, so ask it of servers that you trust, or ' +
    'give them credentials that cannot write.',
  remedy: 'Set spec.extensions.toolContract.allow to ReadOnly.',
  examples: {
    accepts: [
      {
        title: 'a server that may offer only tools that read',
        spec: { extensions: { toolContract: { allow: 'ReadOnly' } } },
      },
    ],
    rejects: [
      { title: 'a server that says nothing of its tools' },
      { title: 'a server that may offer any tools', spec: { extensions: { toolContract: { allow: 'Any' } } } },
    ],
  },
  check({ server }) {
    const { allow = 'Any' } = server.spec.extensions?.toolContract ?? {};
    if (allow === 'ReadOnly') return none;
    return [
      {
        path: ['spec', 'extensions', 'toolContract', 'allow'],
        headline: 'the server may offer tools that are not read-only',
        detail: `found allow ${allow}`,
      },
    ];
  },
};
