import type { Condition, MCPServer } from '../mcpserver/types.gen.ts';
import { acceptAnnotation, whyAcceptsNothing } from './tool-demands.ts';
import type { ToolDemands, ToolVerdict } from './tool-demands.ts';
import { toolReasons } from './tool-reasons.ts';

/** What the condition Verified says of tools that are not as they have to be. */
export interface ToolsSaid {
  readonly status: Exclude<Condition['status'], 'True'>;
  readonly reason: string;
  readonly message: string;
  /** Tells it from other bad news, in no words. */
  readonly cause?: string;
}

/** How many tools are named in one message. */
const maxNamed = 5;

/** Nothing of tools that are as they have to be. `isHeldBack`: of a version that does not serve for that, or not for long. */
export function sayTools(
  server: MCPServer,
  demands: ToolDemands,
  verdict: ToolVerdict,
  { isHeldBack = false }: { readonly isHeldBack?: boolean } = {},
): ToolsSaid | undefined {
  switch (verdict.state) {
    case 'kept':
      return undefined;
    case 'pending':
      return {
        status: 'Unknown',
        reason: 'NotVerified',
        message: 'MCP handshake succeeded; its tools are listed next',
      };
    case 'unknown': {
      const message = `It is not known whether its tools are ${wantedWord(demands)}: ${verdict.why}`;
      return { status: 'Unknown', reason: toolReasons.unknown, message };
    }
    case 'changed':
      return {
        ...{ status: 'False', reason: toolReasons.changed, cause: verdict.found },
        message: sayChanged(server, demands, { found: verdict.found, isHeldBack }),
      };
    case 'not-allowed': {
      const { names, count } = verdict;
      const message = sayNotAllowed(names, count);
      return { status: 'False', reason: toolReasons.notAllowed, cause: `${count} ${names.join(' ')}`, message };
    }
  }
}

/** What to do comes first: a message that is too long loses its end. */
function sayNotAllowed(names: readonly string[], count: number): string {
  const [what, them] =
    count === 1
      ? [
          'a tool that does not say that it is read-only',
          'leave it out of the server, or have it say so (readOnlyHint: true) if it is',
        ]
      : [
          `${count} tools that do not say that they are read-only`,
          'leave them out of the server, or have them say so (readOnlyHint: true) if they are',
        ];
  return `It offers ${what} (spec.extensions.toolContract.allow: ReadOnly); ${them}: ${nameSome(names, count)}`;
}

function wantedWord({ pinned, isReadOnly }: ToolDemands): string {
  return [pinned === undefined ? [] : ['the accepted ones'], isReadOnly ? ['read-only'] : []].flat().join(' and ');
}

function sayChanged(
  server: MCPServer,
  { pinned = [] }: ToolDemands,
  { found, isHeldBack }: { readonly found: string; readonly isHeldBack: boolean },
): string {
  const isDigest = found.startsWith('sha256:');
  const now = isDigest ? `found ${found}` : `they have no digest now (${found})`;
  const what = `Its tools are not the accepted ones: ${now}, accepted is ${pinned.join(' or ')}${isHeldBack ? '' : '; its pods are untouched'}`;
  return `${what}${isDigest ? `. ${howToAccept(server, isHeldBack)}` : ''}`;
}

function howToAccept(server: MCPServer, isHeldBack: boolean): string {
  const isOfSpec = server.spec.extensions?.toolContract?.digest !== undefined;
  const where = isOfSpec ? 'spec.extensions.toolContract.digest' : `the annotation ${acceptAnnotation}`;
  const why = whyAcceptsNothing(server);
  const but = why === undefined ? '' : `: ${why}`;
  const ofServing = `mcp-lifecycle contract get mcpserver/${server.metadata.name} shows`;
  const shown = isHeldBack
    ? `${ofServing} those of what serves: ask this version elsewhere for these`
    : `${ofServing} them`;
  return `If they are as they should be (${shown}), set ${where} to the digest that was found${but}`;
}

function nameSome(names: readonly string[], count: number): string {
  const named = names.slice(0, maxNamed);
  const more = count - named.length;
  if (named.length === 0) return 'none of the first 64';
  return `${named.join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
}
