import { shortenEnd } from '../engine/text.ts';
import { present } from '../mcpserver/record.ts';
import type { MCPServerStatus, RolloutStatus } from '../mcpserver/types.gen.ts';

/** Longest message of a condition in it, in characters. */
const maxMessageLength = 1_000;
/** Longest part of the API server's words in it, in characters. */
const maxWhyLength = 500;

/** What follows where the state of a rollout cannot be kept. */
const unproven = ', so new versions replace what serves at once, also one that was rejected before';

/** The conditions in which others' words stand most often; what they would say is said by their status and reason. */
const explaining: readonly string[] = ['Ready', 'Verified'];

/**
 * What is left of a status that the API server refuses: the verdicts, where the server runs, what was tolerated, which
 * later verdicts depend on, and how far a rollout is. Nothing that the MCP server or a node has written, nor what an older CRD does not know. `why` is what the API server says; it
 * stands in the messages of Ready and Verified.
 */
export function reducedStatus(status: MCPServerStatus, why: string): MCPServerStatus {
  const { extensions: { policy, release, causes, rollout, clusterURL } = {}, conditions, ...others } = status;
  const undeclared = undeclaredIn(why);
  const isLeft = (name: string): boolean => name !== 'serverInfo' && !undeclared.has(name);
  const rest: MCPServerStatus = Object.fromEntries(Object.entries(others).filter(([name]) => isLeft(name)));
  const isTaken = takesExtensions(why);
  const isRemembered = policy !== undefined && isTaken;
  const message = `Only a part of this status can be written${isTaken ? '' : unproven}: ${shortenEnd(plain(why), maxWhyLength)}`;
  return {
    ...rest,
    // Without the one beside it, the address would be taken to be that inside the cluster.
    ...(isRemembered || clusterURL === undefined ? {} : { address: { url: clusterURL } }),
    ...(isRemembered
      ? { extensions: present({ policy, release, causes, rollout: withoutWords(rollout), clusterURL }) }
      : {}),
    ...(conditions === undefined
      ? {}
      : {
          conditions: conditions.map((condition) => ({
            ...condition,
            message: explaining.includes(condition.type)
              ? message
              : shortenEnd(plain(condition.message), maxMessageLength),
          })),
        }),
  };
}

/** Whether a status takes our own part at all, by what the API server says of one that it refuses: an older CRD has none of it. */
export function takesExtensions(why: string): boolean {
  return !undeclaredIn(why).has('extensions');
}

/** What is decided next depends on all of it but the words, and those are of servers and nodes. */
function withoutWords(rollout: RolloutStatus | undefined): RolloutStatus | undefined {
  if (rollout === undefined) return undefined;
  const { phase, target, stable, proof, reason, failed } = rollout;
  const tried = failed?.map((one) => ({ ...one, message: '' }));
  return { phase, target, ...present({ stable, proof, reason, failed: tried }) };
}

/**
 * The fields of status in which the API server misses something in its schema: an apply with such a field is refused whole.
 * Half of what is remembered would mean something else, so all of it goes.
 */
function undeclaredIn(why: string): ReadonlySet<string> {
  const found = why.matchAll(/\.status\.([A-Za-z]+)[^\s:]*: field not declared in schema/g);
  return new Set([...found].flatMap(([, field]) => field ?? []));
}

/** Text in which nothing is left that some reader could stumble over. */
function plain(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}
