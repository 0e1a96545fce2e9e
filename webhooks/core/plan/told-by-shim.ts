/**
 * Why the shim has ended the container of a server for stdio, where no exit code says it: the second word of what it leaves
 * for the kubelet (shim/farewell.go). The last three are its own, of what it sees before it listens; the others come from
 * the bridge (webhooks/bridge/shim.ts).
 */
export const shimReasons = ['NoAnswer', 'WrongAnswer', 'NotStarted', 'NotFound', 'NotExecutable', 'Cwd'] as const;
export type ShimReason = (typeof shimReasons)[number];

/**
 * Nothing but the word is taken: the program can write there as well, and its words may be anything. Undefined: it ended by
 * itself.
 */
export function reasonOfShim(terminationMessage: string): ShimReason | undefined {
  const [, word] = /^mcp-lifecycle: ([A-Za-z]{1,32}): /.exec(terminationMessage) ?? [];
  return shimReasons.find((reason) => reason === word);
}
