import { changeClasses, compareContracts, isBreaking } from '../../core/contract/compare-contracts.ts';
import type { ComparedContract, ContractChange } from '../../core/contract/compare-contracts.ts';
import { isSameIgnored } from '../../core/contract/contract.ts';
import { readListed, shownName } from '../../core/contract/listed-tools.ts';
import type { ToolsSeen, VerifiedEndpoint } from '../../core/plan/observed.ts';
import { sayTools } from '../../core/plan/say-tools.ts';
import { acceptAnnotation, judgeTools, namedDigest, toolDemandsOf } from '../../core/plan/tool-demands.ts';
import type { ToolDemands } from '../../core/plan/tool-demands.ts';
import type { MCPServer } from '../../core/mcpserver/types.gen.ts';
import { readWholeContract } from '../../platform/mcp/whole-contract.ts';
import type { WholeOptions } from '../../platform/mcp/whole-contract.ts';
import type { Probe, ProbeResult, ProbeTarget } from '../../platform/mcp/probe.ts';

/** What a candidate is asked besides whether it speaks MCP. */
export interface GateQuestion {
  readonly demands: ToolDemands;
  /** The digest that somebody has accepted by naming it; undefined: none. */
  readonly accepted: string | undefined;
  /** What is known of the tools of what serves; undefined: nothing, so that nothing of it can be lost. */
  readonly serving: ToolsSeen | undefined;
}

/** What its tools are to those of what serves. `unclear`: it could not be told this time. */
export type GateVerdict =
  | { readonly state: 'good' }
  | { readonly state: 'held-back'; readonly reason: 'ToolContractChanged' | 'ToolNotAllowed'; readonly message: string }
  | { readonly state: 'bad'; readonly message: string }
  | { readonly state: 'unclear'; readonly message: string };

type Asked = Omit<ProbeTarget, 'budget' | 'countsOffers' | 'ignore' | 'onTools'>;

/** Both sides, as they are asked once more when schemas have to be compared. */
export interface GateSides {
  readonly candidate: Asked;
  /** Undefined: nobody there can be asked. */
  readonly serving: Asked | undefined;
}

/** What the tools of a candidate have to be. */
export interface CandidateGate {
  readonly question: GateQuestion;
  readonly server: MCPServer;
  /** A pod that serves, and by which URL it is asked; undefined: none is known. */
  readonly serving: (Pick<ProbeTarget, 'at'> & Partial<Pick<ProbeTarget, 'url'>>) | undefined;
}

/** What is asked of a candidate of this server. */
export function gateQuestion(server: MCPServer, serving: ToolsSeen | undefined): GateQuestion {
  return { demands: toolDemandsOf(server, server.status), accepted: namedDigest(server), serving };
}

const good: GateVerdict = { state: 'good' };

/**
 * Whether a candidate that speaks MCP may replace what serves, by its tools. Pinned or read-only, they have to be that. Else none may be gone, none riskier, and no call may fail that was
 * valid, unless somebody has accepted the very digest: where another schema is all that differs, both are read once more with their schemas.
 */
export async function judgeCandidate(
  server: MCPServer,
  { question, answer }: { readonly question: GateQuestion; readonly answer: ProbeResult },
  compareWhole: CompareWhole,
): Promise<GateVerdict> {
  if (answer.state !== 'verified' && answer.state !== 'auth-required') return good;
  const { demands } = question;
  const verdict = judgeTools(demands, answer);
  const said = sayTools(server, demands, verdict, { isHeldBack: true });
  if (said !== undefined) {
    const { message } = said;
    if (verdict.state === 'not-allowed') return hold('ToolNotAllowed', message);
    // A list may be one that failed once; that it wants credentials stays so.
    const isMoment = verdict.state !== 'changed' && answer.state === 'verified';
    return isMoment ? { state: 'bad', message } : hold('ToolContractChanged', message);
  }
  // What is pinned, and of which nothing was accepted yet, is compared like what is observed.
  const isAccepted = demands.pinned !== undefined && demands.pinned.length > 0;
  return isAccepted || answer.state !== 'verified' ? good : judgeObserved(question, answer, compareWhole);
}

/** Of what the candidate listed before; see {@link WholeComparison}. */
export type CompareWhole = (digest: string) => Promise<readonly ContractChange[] | string>;

async function judgeObserved(
  { accepted, serving }: GateQuestion,
  { tools, notCounted = '' }: VerifiedEndpoint,
  compareWhole: CompareWhole,
): Promise<GateVerdict> {
  if (serving === undefined || 'reason' in serving) return good;
  if (tools === undefined) {
    return { state: 'bad', message: `its tools cannot be listed, those of what serves can: ${notCounted}` };
  }
  if ('reason' in tools) {
    const message = `Its tools have no digest (${tools.reason}: ${tools.why}), those of what serves have one`;
    return tools.reason === 'ContractUnreadable' ? { state: 'bad', message } : hold('ToolContractChanged', message);
  }
  if (tools.digest === serving.digest || tools.digest === accepted) return good;
  const changes = changesListed(serving, tools) ?? (await compareWhole(tools.digest));
  if (typeof changes === 'string') return { state: 'unclear', message: changes };
  return verdictOf(changes, { digest: tools.digest, accepted });
}

type Listed = Extract<ToolsSeen, { readonly digest: string }>;

/** What status tells of both; undefined where that is not all. */
function changesListed(before: Listed, after: Listed): readonly ContractChange[] | undefined {
  const isWhole = before.truncated + after.truncated === 0 && isSameIgnored(before.ignore, after.ignore);
  if (!isWhole) return undefined;
  const changes = compareContracts(listedContract(before), listedContract(after));
  return changes.some((change) => change.class === 'InterfaceBreaking') ? undefined : changes;
}

function listedContract({ digest, listed, truncated }: Listed): ComparedContract {
  return { digest, tools: readListed(listed), truncated };
}

/** `accepted`: by name, and not this one. */
interface Found {
  readonly digest: string;
  readonly accepted: string | undefined;
}

function verdictOf(changes: readonly ContractChange[], found: Found): GateVerdict {
  const breaking = changeClasses.flatMap((one) =>
    isBreaking(one) ? changes.filter((change) => change.class === one) : [],
  );
  return breaking.length === 0 ? good : hold('ToolContractChanged', sayBreaking(breaking, found));
}

/** How many changes are named in one message. */
const maxNamed = 5;

/** What to do comes first: a message that is too long loses its end. */
function sayBreaking(changes: readonly ContractChange[], { digest, accepted }: Found): string {
  const named = changes.slice(0, maxNamed).map(({ tool = '', what }) => `${shownName(tool)} ${what}`);
  const more = changes.length - named.length;
  const now = accepted === undefined ? '' : ' (it accepts another one now)';
  const all = `${named.join('; ')}${more === 0 ? '' : `; and ${more} more`}`;
  return `Clients of what serves would fail or be harmed by its tools; to roll it out all the same, set the annotation ${acceptAnnotation} to ${digest}${now}: ${all}`;
}

function hold(reason: 'ToolContractChanged' | 'ToolNotAllowed', message: string): GateVerdict {
  return { state: 'held-back', reason, message };
}

/** Compares two servers with the schemas that differ, one pair at a time in the whole process: what is kept of each may be some megabytes. */
export class WholeComparison {
  readonly #probe: Probe;
  #last: Promise<unknown> = Promise.resolve();

  constructor(probe: Probe) {
    this.#probe = probe;
  }

  /** What becomes of clients when a candidate of that digest replaces what serves; a text says why that could not be told. */
  compare(
    sides: GateSides,
    of: { readonly digest: string; readonly ignore: readonly string[] },
  ): Promise<readonly ContractChange[] | string> {
    const next = this.#last.then(() => this.#compare(sides, of));
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #compare(
    sides: GateSides,
    { digest, ignore }: { readonly digest: string; readonly ignore: readonly string[] },
  ): Promise<readonly ContractChange[] | string> {
    const digests = await this.#readBoth(sides, { ignore });
    if (typeof digests === 'string') return digests;
    const wanted = changedInterfaces(digests);
    const whole = wanted.size === 0 ? digests : await this.#readBoth(sides, { ignore, wanted });
    if (typeof whole === 'string') return whole;
    return whole.after.digest === digest
      ? compareContracts(whole.before, whole.after)
      : 'it lists other tools than a moment ago';
  }

  async #readBoth({ candidate, serving }: GateSides, options: WholeOptions): Promise<BothContracts | string> {
    if (serving === undefined) return 'no pod that serves can be asked for its tools';
    const before = await readWholeContract(this.#probe, serving, options);
    if (typeof before === 'string') return `the tools of what serves cannot be read to be compared: ${before}`;
    const after = await readWholeContract(this.#probe, candidate, options);
    return typeof after === 'string' ? `its tools cannot be read to be compared: ${after}` : { before, after };
  }
}

interface BothContracts {
  readonly before: ComparedContract;
  readonly after: ComparedContract;
}

/** Digests of the interfaces, of either side, of tools that both have and that differ. */
function changedInterfaces({ before, after }: BothContracts): ReadonlySet<string> {
  const known = new Map(before.tools.map((tool) => [tool.name, tool.interface]));
  const changed = after.tools.flatMap(({ name, interface: is }) => {
    const was = known.get(name);
    return was === undefined || was === is ? [] : [was, is];
  });
  return new Set(changed);
}
