import { nextCondition, type Saying } from '../plan/condition.ts';
import { listValue, numberValue, textValue } from './read-fields.ts';
import { isRecord, ownValue, present, type Fields } from '../mcpserver/record.ts';
import type { MCPServerStatus } from '../mcpserver/types.gen.ts';
import type { CompositeReport, ObservedServer, Problem } from './composite-kind.ts';

/**
 * The status of an object that becomes one MCPServer: what that one says, of the generation of the object that it is about.
 * A problem of the object itself comes first in Ready; whether something serves all the same is told by the phase.
 */
export function mirrorServer(input: CompositeReport): Fields {
  const { generation, problem, servers } = input;
  const [server] = servers;
  const status = server?.status ?? {};
  const expanded = nextExpanded(input, server);
  const ready = problem === undefined ? readyOf(server, expanded) : toReady(problem);
  // Of a type that the schema does not allow nothing is known.
  const previous = { conditions: listValue(input.previous, 'conditions') } as MCPServerStatus;
  return present({
    observedGeneration: generation,
    phase: phaseOf(problem, server),
    ...keep(status, ['replicas', 'readyReplicas', 'selector', 'address']),
    conditions: [nextCondition({ type: 'Ready', ...ready }, { previous, generation, now: input.now })],
    extensions: expanded.length === 0 ? undefined : { expanded },
  });
}

function keep(status: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(names.flatMap((name) => (status[name] === undefined ? [] : [[name, status[name]]])));
}

function phaseOf(problem: Problem | undefined, server: ObservedServer | undefined): string {
  const phase = textValue(server?.status, 'phase');
  if (phase !== undefined) return phase;
  return problem === undefined || problem.isPassing === true ? 'Pending' : 'Failed';
}

function toReady({ reason, message }: Problem): Saying {
  return { status: 'False', reason, message };
}

/** A verdict about pods of before there was this object is of none of its generations: 0. */
function readyOf(server: ObservedServer | undefined, expanded: readonly Expanded[]): Saying {
  const ready = listValue(server?.status, 'conditions').find((condition) => ownValue(condition, 'type') === 'Ready');
  const status = textValue(ready, 'status');
  if (status !== 'True' && status !== 'False' && status !== 'Unknown') {
    return { status: 'Unknown', reason: 'Initializing', message: 'The MCPServer has not been looked at yet.' };
  }
  const about = numberValue(ready, 'observedGeneration') ?? 0;
  return {
    status,
    reason: textValue(ready, 'reason') ?? 'Unknown',
    message: textValue(ready, 'message') ?? '',
    generation: ownGeneration(about, expanded) ?? 0,
  };
}

/** Which generation of the object is in which generation of its MCPServer. */
interface Expanded {
  readonly generation: number;
  readonly server: number;
}

/** More changes than these while the pods of one are still awaited are told as the last of these. */
const maxExpanded = 10;

/** The newest entry is of what was applied last; what is older than the verdict is forgotten. */
function nextExpanded(
  { generation, previous, problem }: CompositeReport,
  server: ObservedServer | undefined,
): readonly Expanded[] {
  const known = readExpanded(previous);
  if (server === undefined) return [];
  const newest = problem === undefined ? [{ generation, server: server.generation }] : [];
  const before = known.filter((one) => one.server < server.generation || newest.length === 0);
  const all = [...before, ...newest];
  const ready = listValue(server.status, 'conditions').find((condition) => ownValue(condition, 'type') === 'Ready');
  const about = numberValue(ready, 'observedGeneration') ?? 0;
  const first = all.findLastIndex((one) => one.server <= about);
  const needed = first === -1 ? all : all.slice(first);
  return needed.length <= maxExpanded ? needed : [...needed.slice(0, 1), ...needed.slice(1 - maxExpanded)];
}

function readExpanded(status: Fields | undefined): readonly Expanded[] {
  return listValue(ownValue(status, 'extensions'), 'expanded').flatMap((one) => {
    const generation = numberValue(one, 'generation');
    const server = numberValue(one, 'server');
    return isRecord(one) && generation !== undefined && server !== undefined ? [{ generation, server }] : [];
  });
}

/** Undefined where nobody remembers: an MCPServer that was there before its object. */
function ownGeneration(server: number, expanded: readonly Expanded[]): number | undefined {
  return expanded.findLast((one) => one.server <= server)?.generation;
}
