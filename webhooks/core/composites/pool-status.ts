import { nextCondition, type Saying } from '../plan/condition.ts';
import { ownValue, present, type Fields } from '../mcpserver/record.ts';
import type { MCPServerStatus } from '../mcpserver/types.gen.ts';
import type { CompositeReport, ObservedServer } from './composite-kind.ts';
import { listValue, numberValue, textValue } from './read-fields.ts';
import { conditionIn, isSettled, isStuck, readTypes, whyUnsettled } from './why-unsettled.ts';

/** Longest texts of an MCPServer's status that are kept for that of its pool, in characters. */
const kept = { word: 64, url: 2_048, message: 1_024 } as const;

/** What the status of a pool tells of an MCPServer's: there are a hundred of them, and anybody may write into one. */
export function keptStatus(status: Fields | undefined): Fields | undefined {
  if (status === undefined) return undefined;
  const url = beginningOf(textValue(ownValue(status, 'address'), 'url'), kept.url);
  return present({
    phase: beginningOf(textValue(status, 'phase'), kept.word),
    address: url === undefined ? undefined : { url },
    conditions: readTypes.flatMap((type) => {
      const condition = conditionIn(status, type);
      return condition === undefined ? [] : [keptCondition(condition, type)];
    }),
  });
}

function keptCondition(condition: unknown, type: string): Fields {
  return present({
    type,
    status: beginningOf(textValue(condition, 'status'), kept.word),
    observedGeneration: numberValue(condition, 'observedGeneration'),
    message: beginningOf(textValue(condition, 'message'), kept.message),
  });
}

/** A part of a text would keep the whole of it in memory, so it is copied. */
function beginningOf(text: string | undefined, limit: number): string | undefined {
  if (text === undefined || text.length <= limit) return text?.toWellFormed();
  return Array.from(text.slice(0, limit).toWellFormed()).join('');
}

/** How many servers there are and serve, each in a line, and which one keeps the others from going on. */
export function poolStatus(input: CompositeReport): Fields {
  const { generation, now, wanted } = input;
  const servers = wanted.flatMap((name) => input.servers.find((server) => server.name === name) ?? []);
  const phases = servers.map(({ status }) => textValue(status, 'phase') ?? 'Pending');
  const count = (phase: string): number => phases.filter((one) => one === phase).length;
  const holder = input.waiting.length === 0 ? undefined : servers.find((server) => !isSettled(server));
  const ready = decideReady(input, servers, holder);
  // Of a type that the schema does not allow nothing is known.
  const previous = { conditions: listValue(input.previous, 'conditions') } as MCPServerStatus;
  return present({
    observedGeneration: generation,
    phase: holder !== undefined && isStuck(holder) ? 'Failed' : phaseOf(input, phases),
    servers: wanted.length,
    readyServers: servers.filter(isSettled).length,
    counts: {
      running: count('Running'),
      failed: count('Failed'),
      pending: wanted.length - count('Running') - count('Failed'),
    },
    holdingUp: holder?.name,
    members: wanted.map((name) => toLine(name, servers, input.waiting)),
    conditions: [nextCondition({ type: 'Ready', ...ready }, { previous, generation, now })],
  });
}

function toLine(name: string, servers: readonly ObservedServer[], waiting: readonly string[]): Fields {
  const status = servers.find((server) => server.name === name)?.status;
  return present({
    name,
    phase: textValue(status, 'phase') ?? 'Pending',
    ready: textValue(conditionIn(status, 'Ready'), 'status') ?? 'Unknown',
    address: textValue(ownValue(status, 'address'), 'url'),
    waits: waiting.includes(name) ? true : undefined,
  });
}

function phaseOf({ problem, wanted }: CompositeReport, phases: readonly string[]): string {
  if (phases.includes('Failed') || (problem !== undefined && problem.isPassing !== true)) return 'Failed';
  return phases.length === wanted.length && phases.every((phase) => phase === 'Running') ? 'Running' : 'Pending';
}

function decideReady(
  { problem, waiting, wanted }: CompositeReport,
  servers: readonly ObservedServer[],
  holder: ObservedServer | undefined,
): Saying {
  if (problem !== undefined) return { status: 'False', reason: problem.reason, message: problem.message };
  if (holder !== undefined) {
    const message = `${holder.name} is not ready as it is now: ${whyUnsettled(holder)}; the change of ${listed(waiting)} waits for it`;
    return { status: 'False', reason: 'HeldUp', message };
  }
  const unready = servers.filter((server) => !isSettled(server));
  const missing = wanted.length - servers.length;
  if (unready.length === 0 && missing === 0) {
    return { status: 'True', reason: 'AllReady', message: `${wanted.length} of ${wanted.length} servers are ready.` };
  }
  const [first] = unready;
  const names = listed([...wanted.filter((name) => !isThere(name, servers)), ...unready.map(({ name }) => name)]);
  const why = first === undefined ? '' : `; ${first.name}: ${whyUnsettled(first)}`;
  const message = `${servers.length - unready.length} of ${wanted.length} servers are ready; not ${names}${why}`;
  return { status: 'False', reason: 'ServersNotReady', message };
}

function isThere(name: string, servers: readonly ObservedServer[]): boolean {
  return servers.some((server) => server.name === name);
}

/** Most names in a sentence; status.members has all of them. */
const maxNamed = 10;

function listed(names: readonly string[]): string {
  const more = names.length - maxNamed;
  return `${names.slice(0, maxNamed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
