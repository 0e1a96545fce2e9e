import { oneLine } from '../core/engine/text.ts';
import { listAt, metaOf, numberAt, recordAt, stringAt } from '../platform/kube/object.ts';
import { viewRollout, type RolloutView } from './rollout-view.ts';

/**
 * How a server is in the version that was asked for last. Available: that version serves, and answers as an MCP server.
 * Failed: somebody has to change something first. Pending: it is on its way.
 */
export const serverStates = ['Available', 'Pending', 'Failed'] as const;
export type ServerState = (typeof serverStates)[number];

/** One MCPServer, as its status says; every text on one line, and bounded. */
export interface ServerRow {
  /** Of the kubeconfig. */
  readonly context: string;
  readonly namespace: string;
  readonly name: string;
  readonly state: ServerState;
  /** Why, in one word. */
  readonly reason: string;
  /** Why, for people; empty where nobody has said anything yet. */
  readonly message: string;
  /** Whether pods serve, of an older version perhaps. */
  readonly isServing: boolean;
  /** What the server says of itself. */
  readonly version: string | undefined;
  readonly url: string | undefined;
  readonly tools: number | undefined;
  /** A version that is on its way, or failed on it, in one word: as `rollout status` calls it. */
  readonly rollout: string | undefined;
}

/** Longest texts, in characters: a name, a word, what is shown of a message, a version, a URL. */
const limits = { name: 253, word: 100, message: 600, version: 64, url: 600 } as const;

export function toServerRow(object: unknown, context: string): ServerRow {
  const { namespace, name } = metaOf(object);
  const status = recordAt(object, 'status');
  const view = viewRollout(object);
  const text = (value: string | undefined, limit: number): string | undefined =>
    value === undefined || value === '' ? undefined : oneLine(value, limit);
  return {
    context,
    namespace: oneLine(namespace, limits.name),
    name: oneLine(name, limits.name),
    state: stateOf(view, stringAt(status, 'phase')),
    reason: oneLine(reasonOf(view, status), limits.word),
    message: oneLine(view.message, limits.message),
    isServing: isServing(conditionIn(status, 'Available')),
    version: text(stringAt(recordAt(status, 'serverInfo'), 'version'), limits.version),
    url: text(stringAt(recordAt(status, 'address'), 'url'), limits.url),
    tools: numberAt(recordAt(recordAt(status, 'extensions'), 'verification'), 'toolCount'),
    rollout: restingPhases.has(view.phase) ? undefined : text(view.phase, limits.word),
  };
}

/** Of the version that was asked for last; `phase`: of what serves, in the word of its status. */
function stateOf({ outcome, phase: ofRollout }: RolloutView, phase: string | undefined): ServerState {
  switch (outcome) {
    case 'Complete':
      return 'Available';
    case 'UnderWay':
      return 'Pending';
    case 'Failed':
      return ofRollout === 'Deleting' ? 'Pending' : 'Failed';
    case 'Stuck':
      // Pods that have just begun are not ready either.
      return ofRollout === 'NotReady' && phase !== 'Failed' ? 'Pending' : 'Failed';
  }
}

/** Phases in which no version is on its way. */
const restingPhases: ReadonlySet<string> = new Set(['Complete', 'NotReady', 'NotAccepted', 'Waiting', 'Deleting']);

function reasonOf({ phase, reason }: RolloutView, status: unknown): string {
  const said = phase === 'Complete' ? conditionIn(status, 'Ready').reason : reason;
  return said === undefined || said === '' ? phase : said;
}

/** Scaled to zero is as asked, and has no pods. */
function isServing({ status, reason }: ReturnType<typeof conditionIn>): boolean {
  return status === 'True' && reason !== 'ScaledToZero';
}

function conditionIn(status: unknown, type: string): { readonly status?: string; readonly reason?: string } {
  const found = listAt(status, 'conditions').find((one) => stringAt(one, 'type') === type);
  const [of, reason] = [stringAt(found, 'status'), stringAt(found, 'reason')];
  return { ...(of === undefined ? {} : { status: of }), ...(reason === undefined ? {} : { reason }) };
}
