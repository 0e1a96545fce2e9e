import { contractOf, maxTools } from '../../core/contract/contract.ts';
import { listTools } from '../../core/contract/listed-tools.ts';
import { readTool } from '../../core/contract/tool.ts';
import type { ReadTool } from '../../core/contract/tool.ts';
import type { ToolsSeen } from '../../core/plan/observed.ts';
import { stringAt } from '../kube/object.ts';
import { keepName } from './essentials.ts';
import type { KeepItem } from './essentials.ts';
import { sha256 } from './sha256.ts';

/** A tool that was digested and dropped. */
class DigestedTool {
  readonly name: string;
  readonly read: ReadTool;

  constructor(name: string, read: ReadTool) {
    this.name = name;
    this.read = read;
  }
}

/** What one takes about, in bytes, but for its name. */
const bytesOfDigests = 400;

/** Of a page the tools that a contract may have, without what JSON pointers lead to in each; of others their names, to be counted. */
export function keepDigestsWithout(ignore: readonly string[]): KeepItem {
  return (raw, index) => {
    if (index >= maxTools) return keepName(raw, index);
    const name = stringAt(raw, 'name') ?? '';
    const read = readTool(raw, { sha256, ignore });
    const kept: ReadTool =
      read.type === 'none'
        ? read
        : { ...read, tool: shorten(read.tool), schemas: { input: undefined, output: undefined } };
    return { item: new DigestedTool(name, kept), bytes: bytesOfDigests + 2 * name.length };
  };
}

/** Of every tool all that it is. */
export const keepDigest: KeepItem = keepDigestsWithout([]);

type ReadDigest = Extract<ReadTool, { readonly type: 'read' }>['tool'];

/** Only whole definitions go into the contract; of the others, status has their beginnings. */
function shorten(tool: ReadDigest): ReadDigest {
  return { ...tool, interface: tool.interface.slice(0, 12), wording: tool.wording.slice(0, 12) };
}

/** What was listed, if it was kept as {@link keepDigestsWithout} the same keeps it. */
export function toolsSeen(items: readonly unknown[], ignore: readonly string[] = []): ToolsSeen | undefined {
  if (items.length > maxTools) return { reason: 'ContractTooLarge', why: `it lists more than ${maxTools} tools` };
  const tools: ReadDigest[] = [];
  for (const item of items) {
    if (!(item instanceof DigestedTool)) return undefined;
    if (item.read.type === 'none') return { reason: item.read.reason, why: item.read.why };
    tools.push(item.read.tool);
  }
  const outcome = contractOf(tools, { sha256, ignore });
  if (outcome.type === 'none') return { reason: outcome.reason, why: outcome.why };
  const { digest } = outcome.contract;
  return { digest, ...(ignore.length === 0 ? {} : { ignore }), ...listTools(outcome.contract, sha256) };
}
