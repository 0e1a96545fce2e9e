import type { NoContract, Sha256, ToolDigest } from './tool.ts';

/** What a server offers, to tell it from something else that it or another one offers. */
export interface ToolContract {
  /** `sha256:` and 64 hexadecimal digits: what users pin. */
  readonly digest: string;
  /** By name, in the order of UTF-16 units. */
  readonly tools: readonly ToolDigest[];
}

export type ContractOutcome =
  { readonly type: 'contract'; readonly contract: ToolContract } | ({ readonly type: 'none' } & NoContract);

/** Most tools of one server that is given a digest. */
export const maxTools = 512;

/** How digests are made: another way has another name, so that nobody compares what cannot be compared. */
const algorithm = 'mcp-lifecycle/tool-contract/v1';

/** Digest of the contract of a server that offers no tools, with nothing ignored. */
export const digestOfNone = 'sha256:2d2653af5abe1ce7afcadee735ae3d553eff74597cb614d95dc07734ffc8c9fb';

/**
 * The contract of all tools of a server, whatever their order. Its digest is the SHA-256 of lines: the algorithm, what is ignored (sorted), then a name, NUL
 * and the digest of a definition for each tool, by name. Two tools of one name, which clients could not tell apart, have none.
 */
export function contractOf(
  tools: readonly ToolDigest[],
  { sha256, ignore = [] }: { readonly sha256: Sha256; readonly ignore?: readonly string[] | undefined },
): ContractOutcome {
  if (tools.length > maxTools) {
    return { type: 'none', reason: 'ContractTooLarge', why: `it lists more than ${maxTools} tools` };
  }
  const sorted = [...tools].sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
  if (sorted.some(({ name }, index) => name === sorted[index + 1]?.name)) {
    return { type: 'none', reason: 'ContractUnreadable', why: 'two tools have the same name' };
  }
  const lines = [
    algorithm,
    ...[...new Set(ignore)].sort().map((pointer) => `ignore ${pointer}`),
    ...sorted.map(({ name, definition }) => `${name}\0${definition}`),
  ];
  const digest = `sha256:${sha256(lines.map((line) => `${line}\n`).join(''))}`;
  return { type: 'contract', contract: { digest, tools: sorted } };
}

/** Whether digests are made of the same. */
export function isSameIgnored(a: readonly string[] = [], b: readonly string[] = []): boolean {
  return [...a].sort().join('\n') === [...b].sort().join('\n');
}
