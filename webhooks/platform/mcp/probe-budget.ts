import type { JsonLimits } from '../json-guard.ts';
import type { KeepItem } from './essentials.ts';
import { keepDigest } from './keep-digest.ts';
import { createProbeCost } from './probe-cost.ts';
import type { ProbeCost } from './probe-cost.ts';

/** What one probe may take of us, and what it keeps of tools. */
export interface ProbeBudget {
  /** Of each answer. */
  readonly json: JsonLimits;
  /** Longest page of a list, in bytes. */
  readonly maxPageBytes: number;
  /** `owner`: whose the server is. */
  readonly createCost: (owner: string) => ProbeCost;
  readonly keepTool: KeepItem;
}

/**
 * Where many servers share the memory of one container. What JSON of a server may make us build at a time: values take 130 bytes each at worst (measured
 * over empty, nested and differently shaped objects), so 2.6 MB of a heap of 29. A tool with ten parameters has about 80 tokens, so it is of a page
 * of 250 of them: the items of a longer one are built one by one (slice-list.ts), each within the same limit. A hundred tools with their schemas have about 100 KiB.
 */
export const clusterBudget: ProbeBudget = {
  json: { maxTokens: 20_000, maxDepth: 64 },
  maxPageBytes: 1024 * 1024,
  createCost: (owner) => createProbeCost({ owner }),
  keepTool: keepDigest,
};
