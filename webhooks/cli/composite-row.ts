import type { CompositeKind } from '../core/composites/composite-kind.ts';
import { oneLine } from '../core/engine/text.ts';
import { listAt, metaOf, numberAt, recordAt, stringAt } from '../platform/kube/object.ts';
import { serverStates, type ServerState } from './status-state.ts';

/** One object of a kind above MCPServer, as its status says; every text on one line, and bounded. */
export interface CompositeRow {
  /** Of the kubeconfig. */
  readonly context: string;
  /** With its group, because a kind of that name may be ours: `MCPServer.mcp.v2dy.io`. */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Of all that it becomes, in the version that was asked for last. */
  readonly state: ServerState;
  /** Why, in one word. */
  readonly reason: string;
  /** Why, for people. */
  readonly message: string;
}

/** Longest texts, in characters: a name, a word, what is shown of a message. */
const limits = { name: 253, word: 100, message: 600 } as const;

export function toCompositeRow(object: unknown, { kind, group }: CompositeKind, context: string): CompositeRow {
  const { namespace, name } = metaOf(object);
  const { state, reason, message } = decide(object);
  return {
    ...{ context, kind: `${kind}.${group}`, state },
    namespace: oneLine(namespace, limits.name),
    name: oneLine(name, limits.name),
    reason: oneLine(reason, limits.word),
    message: oneLine(message, limits.message),
  };
}

type Decided = Pick<CompositeRow, 'state' | 'reason' | 'message'>;

function decide(object: unknown): Decided {
  const { generation, isDeleting } = metaOf(object);
  const status = recordAt(object, 'status');
  if (isDeleting) return { state: 'Pending', reason: 'Deleting', message: 'It is being deleted' };
  if ((numberAt(status, 'observedGeneration') ?? 0) < generation) {
    const message = `mcp-lifecycle has not looked at generation ${generation} yet`;
    return { state: 'Pending', reason: 'Waiting', message };
  }
  const ready = listAt(status, 'conditions').find((condition) => stringAt(condition, 'type') === 'Ready');
  const said = { reason: stringAt(ready, 'reason') ?? 'NotReady', message: stringAt(ready, 'message') ?? '' };
  if (stringAt(ready, 'status') !== 'True') return { state: stateOf(said.reason, status, ready), ...said };
  if ((numberAt(ready, 'observedGeneration') ?? 0) >= generation) return { state: 'Available', ...said };
  const message = `generation ${generation} does not serve yet: its MCPServer says how far it is`;
  return { state: 'Pending', reason: 'NotReady', message };
}

/** Reasons of one whose servers do not all serve as they should yet, although nothing is wrong with it. */
const onItsWay: ReadonlySet<string> = new Set(['HeldUp', 'ServersNotReady']);

/** What serves, in the word of its status, goes on although the object cannot be brought about. */
function stateOf(reason: string, status: unknown, ready: unknown): ServerState {
  const phase = stringAt(status, 'phase');
  if (phase === 'Failed') return 'Failed';
  return phase === 'Running' && stringAt(ready, 'status') === 'False' && !onItsWay.has(reason) ? 'Failed' : 'Pending';
}

/** `2 MCPPool.mcp.v2dy.io: 1 Available, 1 Pending, 0 Failed`, for each kind of which there are any. */
export function countComposites(rows: readonly CompositeRow[]): readonly string[] {
  // Map.groupBy is newer than the oldest Node of the command line.
  const kinds = [...new Set(rows.map(({ kind }) => kind))];
  return kinds.map((kind) => {
    const of = rows.filter((row) => row.kind === kind);
    const counts = serverStates.map((state) => `${of.filter((row) => row.state === state).length} ${state}`);
    return `${of.length} ${kind}: ${counts.join(', ')}`;
  });
}
