import { nextCondition, type Saying } from '../plan/condition.ts';
import { ownValue, present, type Fields } from '../mcpserver/record.ts';
import type { MCPServerStatus } from '../mcpserver/types.gen.ts';
import type { CompositeReport, ObservedServer } from './composite-kind.ts';
import { listValue, numberValue, textValue } from './read-fields.ts';

/** The generation that serves is the newest one, and it serves well: what comes after it in a pool may change. */
export function isSettled({ generation, status }: Pick<ObservedServer, 'generation' | 'status'>): boolean {
  const ready = readyOf(status);
  return textValue(ready, 'status') === 'True' && numberValue(ready, 'observedGeneration') === generation;
}

function readyOf(status: Fields | undefined): unknown {
  return listValue(status, 'conditions').find((condition) => ownValue(condition, 'type') === 'Ready');
}

/** Longest texts of an MCPServer's status that are kept for that of its pool, in characters. */
const kept = { word: 64, url: 2_048, message: 1_024 } as const;

/** What the status of a pool tells of an MCPServer's: there are a hundred of them, and anybody may write into one. */
export function keptStatus(status: Fields | undefined): Fields | undefined {
  if (status === undefined) return undefined;
  const ready = readyOf(status);
  const url = textValue(ownValue(status, 'address'), 'url');
  return present({
    phase: textValue(status, 'phase')?.slice(0, kept.word),
    address: url === undefined ? undefined : { url: url.slice(0, kept.url) },
    conditions:
      ready === undefined
        ? []
        : [
            present({
              type: 'Ready',
              status: textValue(ready, 'status')?.slice(0, kept.word),
              observedGeneration: numberValue(ready, 'observedGeneration'),
              message: textValue(ready, 'message')?.slice(0, kept.message).toWellFormed(),
            }),
          ],
  });
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
    phase: phaseOf(input, phases),
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
    ready: textValue(readyOf(status), 'status') ?? 'Unknown',
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
    const why = textValue(readyOf(holder.status), 'message') ?? 'it has not been looked at yet';
    const message = `${holder.name} is not ready as it is now, so the change of ${waiting.join(', ')} waits: ${why}`;
    return { status: 'False', reason: 'HeldUp', message };
  }
  const unready = servers.filter((server) => !isSettled(server));
  const missing = wanted.length - servers.length;
  if (unready.length === 0 && missing === 0) {
    return { status: 'True', reason: 'AllReady', message: `${wanted.length} of ${wanted.length} servers are ready.` };
  }
  const names = unready.map(({ name }) => name).join(', ');
  const message = `${servers.length - unready.length} of ${wanted.length} servers are ready; not ${names}`;
  return { status: 'False', reason: 'ServersNotReady', message };
}
