import type { ComparedContract } from '../../core/contract/compare-contracts.ts';
import { contractOf, maxTools } from '../../core/contract/contract.ts';
import { toJcs } from '../../core/contract/jcs.ts';
import { readTool } from '../../core/contract/tool.ts';
import type { ReadTool } from '../../core/contract/tool.ts';
import { stringAt } from '../kube/object.ts';
import { keepName } from './essentials.ts';
import type { KeepItem } from './essentials.ts';
import { clusterBudget } from './probe-budget.ts';
import type { Probe, ProbeTarget } from './probe.ts';
import { sha256 } from './sha256.ts';

/** What of a contract is wanted, to be compared with another one. */
export interface WholeOptions {
  readonly ignore: readonly string[];
  /** Digests of the interfaces whose schemas are wanted; absent: of none. */
  readonly wanted?: ReadonlySet<string>;
}

/** A text says why there is none, as a clause. */
export type WholeContract = ComparedContract | string;

/**
 * Most characters of schemas that are kept of one contract, in their canonical form; in memory they take some times that. A tool whose schemas are beyond it has none: then
 * another interface is a breaking one.
 */
const maxSchemaLength = 256 * 1024;
/** What one tool takes about without its schemas, and a character of them, in bytes. */
const bytesOf = { digests: 400, character: 6 };

/** Reads all tools of one server, with the schemas that are wanted. Costs a probe, and more memory than a list that is only digested. */
export async function readWholeContract(
  probe: Probe,
  target: Omit<ProbeTarget, 'budget' | 'countsOffers' | 'ignore' | 'onTools'>,
  { ignore, wanted }: WholeOptions,
): Promise<WholeContract> {
  const listed: (readonly unknown[])[] = [];
  const budget = { ...clusterBudget, keepTool: keepWhole(ignore, wanted) };
  const answer = await probe({ ...target, budget, countsOffers: true, onTools: (tools) => void listed.push(tools) });
  if (answer.state === 'auth-required') return 'it wants credentials';
  if (answer.state !== 'verified') return answer.message;
  const [tools] = answer.serverInfo.capabilities.tools ? listed : [[]];
  return tools === undefined ? (answer.notCounted ?? 'its tools could not be listed') : toContract(tools, ignore);
}

class WholeTool {
  readonly read: ReadTool;

  constructor(read: ReadTool) {
    this.read = read;
  }
}

function keepWhole(ignore: readonly string[], wanted: ReadonlySet<string> | undefined): KeepItem {
  let left = maxSchemaLength;
  return (raw, index) => {
    if (index >= maxTools) return keepName(raw, index);
    const name = stringAt(raw, 'name') ?? '';
    const bytes = bytesOf.digests + 2 * name.length;
    const read = readTool(raw, { sha256, ignore });
    if (read.type === 'none') return { item: new WholeTool(read), bytes };
    const length = wanted?.has(read.tool.interface) === true ? toJcs(read.schemas).length : 0;
    if (length === 0 || length > left) return { item: new WholeTool({ ...read, schemas: none }), bytes };
    left -= length;
    return { item: new WholeTool(read), bytes: bytes + length * bytesOf.character };
  };
}

const none = { input: undefined, output: undefined };

function toContract(items: readonly unknown[], ignore: readonly string[]): WholeContract {
  const read = items.map((item) => (item instanceof WholeTool ? item.read : undefined));
  const tools = read.flatMap((one) => (one?.type === 'read' ? [one] : []));
  const unread = read.find((one) => one?.type === 'none');
  if (unread?.type === 'none') return unread.why;
  if (tools.length < items.length) return `it lists more than ${maxTools} tools`;
  const outcome = contractOf(
    tools.map(({ tool }) => tool),
    { sha256, ignore },
  );
  if (outcome.type === 'none') return outcome.why;
  const schemas = new Map(tools.map((one) => [one.tool.name, one.schemas]));
  return {
    digest: outcome.contract.digest,
    tools: outcome.contract.tools.map((tool) => {
      const of = schemas.get(tool.name);
      return { ...tool, ...(of === undefined || of === none ? {} : { schemas: of }) };
    }),
  };
}
