import type { ClusterHandle } from '../cluster/cluster.ts';
import { runCommand } from '../cluster/command.ts';

/** What did not become ready. */
export interface Ailing {
  readonly kind: 'MCPServer' | 'Deployment' | 'Pod';
  readonly namespace: string;
  readonly name: string;
  /** Of its pods. */
  readonly selector: string;
}

/** Lines of a container's log, and events, that are shown. */
const shownLines = 20;
const shownEvents = 10;

/** The parts of kubectl's JSON that are read: https://kubernetes.io/docs/reference/kubernetes-api/ */
export interface Pod {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state?: {
    readonly waiting?: { readonly reason?: string };
    readonly running?: object;
    readonly terminated?: { readonly reason?: string; readonly exitCode: number };
  };
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

interface Event {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly involvedObject: { readonly kind?: string; readonly name?: string };
}

/** A container that is not ready, or was restarted, and where the end of it is told. */
export interface AilingContainer {
  readonly pod: string;
  readonly name: string;
  /** `waiting: CrashLoopBackOff, restarts: 3` */
  readonly state: string;
  /** Whether the log of what ran before says more than that of what runs now. */
  readonly isPreviousTold: boolean;
}

/** Conditions, ends of logs and events as text: all that one would look up by hand. Never fails: it says what cannot be read. */
export async function diagnose(cluster: ClusterHandle, { kind, namespace, name, selector }: Ailing): Promise<string> {
  const kubectl = async (...args: readonly string[]): Promise<string | undefined> => {
    const command = ['kubectl', '--namespace', namespace, ...args];
    const { code, stdout } = await runCommand(command, { env: cluster.environment });
    return code === 0 ? stdout : undefined;
  };
  const items = async <T>(...args: readonly string[]): Promise<readonly T[] | undefined> => {
    const text = await kubectl('get', ...args, '--output', 'json');
    // kubectl prints the objects as the API server sent them.
    return text === undefined ? undefined : (JSON.parse(text) as { readonly items: readonly T[] }).items;
  };
  const conditions = async (): Promise<string> => {
    const found = await items<{ readonly status?: { readonly conditions?: readonly Condition[] } }>(
      ...['mcpservers', '--field-selector', `metadata.name=${name}`],
    );
    return renderConditions(
      name,
      found?.flatMap(({ status }) => status?.conditions ?? []),
    );
  };
  const logOf = async (container: AilingContainer): Promise<string> => {
    const { pod, isPreviousTold } = container;
    const which = [pod, '--container', container.name, `--tail=${shownLines}`];
    const previous = isPreviousTold ? await kubectl('logs', ...which, '--previous') : undefined;
    return renderLog(container, (previous ?? '') === '' ? await kubectl('logs', ...which) : previous);
  };
  const pods = await items<Pod>('pods', '--selector', selector);
  const events = await items<Event>('events', '--sort-by', '.metadata.creationTimestamp');
  const parts = [
    ...(kind === 'MCPServer' ? [await conditions()] : []),
    ...(pods === undefined
      ? [`The pods of ${name} could not be read.`]
      : await Promise.all(pods.flatMap(findAiling).map(logOf))),
    renderEvents(events, name),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

export function findAiling({ metadata, status }: Pod): readonly AilingContainer[] {
  const isFinished = ({ state }: ContainerStatus): boolean => state?.terminated?.exitCode === 0;
  const init = (status?.initContainerStatuses ?? []).filter((container) => !isFinished(container));
  return [...init, ...(status?.containerStatuses ?? [])]
    .filter(({ ready, restartCount }) => !ready || restartCount > 0)
    .map(({ name, restartCount, state, ready }) => ({
      pod: metadata.name,
      name,
      state: `${describeState(state, ready)}, restarts: ${restartCount}`,
      isPreviousTold: restartCount > 0,
    }));
}

function describeState({ waiting, terminated }: NonNullable<ContainerStatus['state']> = {}, ready: boolean): string {
  if (waiting !== undefined) return `waiting: ${waiting.reason ?? 'no reason given'}`;
  if (terminated !== undefined)
    return `ended: ${terminated.reason ?? 'no reason given'}, exit code ${terminated.exitCode}`;
  return ready ? 'running' : 'running, not ready';
}

/** Without conditions: they could not be read. As log and events in the next two. */
export function renderConditions(server: string, conditions: readonly Condition[] | undefined): string {
  if (conditions === undefined) return `The conditions of MCPServer ${server} could not be read.`;
  if (conditions.length === 0) return `MCPServer ${server} has no conditions: is the reconciler running?`;
  const lines = conditions.map(({ type, status, reason, message }) => `${type}=${status}, ${reason}: ${message}`);
  return section(`Conditions of MCPServer ${server}`, lines);
}

export function renderLog({ pod, name, state }: AilingContainer, log: string | undefined): string {
  const title = `Container ${name} of pod ${pod} (${state})`;
  if (log === undefined) return `${title}: its log could not be read.`;
  return log.trim() === ''
    ? `${title} has written no log.`
    : section(`${title}, the end of its log`, log.trim().split('\n'));
}

/** The last ones about it and what it owns, whose names begin with its own; good news only when there is no other. */
export function renderEvents(events: readonly Event[] | undefined, owner: string): string {
  if (events === undefined) return `The events about ${owner} could not be read.`;
  const about = events.filter(({ involvedObject: { name = '' } }) => name === owner || name.startsWith(`${owner}-`));
  const warnings = about.filter(({ type }) => type === 'Warning');
  const lines = (warnings.length === 0 ? about : warnings)
    .slice(-shownEvents)
    .map(
      ({ type = '', reason = '', message = '', involvedObject: { kind = '', name = '' } }) =>
        `${type} ${reason} ${kind}/${name}: ${message.trim()}`,
    );
  return lines.length === 0 ? '' : section('Last events', lines);
}

function section(title: string, lines: readonly string[]): string {
  return [`${title}:`, ...lines.map((line) => `  ${line}`)].join('\n');
}
