import { defineRule, type Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import type { Violation } from '../mcpserver/violation.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
const path = ['spec', 'extensions', 'toolContract'] as const;

/** What clients and models go by: without it, nothing that matters is pinned. */
const essential: ReadonlySet<string> = new Set(['title', 'description', 'inputSchema', 'outputSchema', 'annotations']);

export const toolContractPinned: Rule = defineRule({
  id: 'tool-contract-pinned',
  severity: 'deny',
  isOptIn: true,
  stricterIn: 4,
  summary: 'The tools of a server must be pinned.',
  rationale:
    'A server can list other tools tomorrow than those that somebody has approved: another description, which a model reads as ' +
    'an instruction, a schema that takes more, a tool that deletes. With `mode: Pin` other tools than the accepted ones make the ' +
    'server `Verified=False` until somebody accepts them by their exact digest, and a roll-out that brings others is held ' +
    'back. With the digest in the spec it is reviewed like code; without it, the tools that are listed first are trusted. ' +
    'What is ignored is not pinned, so it must be nothing that clients or models go by.',
  remedy: 'Set spec.extensions.toolContract.mode to Pin.',
  parameters: {
    needsDigest: {
      type: 'boolean',
      default: false,
      help: 'Whether the digest has to stand in the spec: the tools that are listed first are not trusted.',
    },
  },
  examples: {
    accepts: [
      { title: 'pinned tools', spec: withContract({ mode: 'Pin' }) },
      {
        title: 'tools that are pinned by a digest',
        spec: withContract({ mode: 'Pin', digest }),
        parameters: { needsDigest: true },
      },
      {
        title: 'a time in each tool that is not pinned',
        spec: withContract({ mode: 'Pin', ignore: ['/_meta/time'] }),
      },
    ],
    rejects: [
      { title: 'a server that says nothing of its tools' },
      { title: 'tools that are only observed', spec: withContract({ mode: 'Observe' }) },
      {
        title: 'tools of which the first list is trusted, where a digest is asked for',
        spec: withContract({ mode: 'Pin' }),
        parameters: { needsDigest: true },
      },
      {
        title: 'pinned tools that may change what a model reads',
        spec: withContract({ mode: 'Pin', ignore: ['/description'] }),
      },
    ],
  },
  check({ server }, { needsDigest }) {
    const { mode = 'Observe', digest: pinned, ignore } = server.spec.extensions?.toolContract ?? {};
    if (mode !== 'Pin') {
      return [{ path: [...path, 'mode'], headline: 'the tools are not pinned', detail: `found mode ${mode}` }];
    }
    if (pinned === undefined && needsDigest) return [withoutDigest];
    return ignore === undefined ? none : ignore.flatMap(checkIgnored);
  },
});

const withoutDigest: Violation = {
  path: [...path, 'digest'],
  headline: 'the tools that are listed first would be trusted',
  detail: 'found no digest',
  remedy: 'Set it to the digest that mcp-lifecycle contract get prints for this server.',
};

function checkIgnored(pointer: string, index: number): readonly Violation[] {
  const name = pointer.split('/')[1] ?? '';
  if (!essential.has(name)) return none;
  return [
    {
      path: [...path, 'ignore', index],
      headline: `the ${name} of each tool would not be pinned`,
      detail: `found '${pointer}'`,
      remedy: 'Remove it, and have the server list the same each time.',
    },
  ];
}

function withContract(toolContract: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { extensions: { toolContract } };
}
