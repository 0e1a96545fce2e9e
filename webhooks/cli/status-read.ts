import { API } from '../core/mcpserver/api.ts';
import { objectPath, type ApiError } from '../platform/kube/api.ts';
import type { Clock } from '../platform/clock.ts';
import { isForWantOfRights } from '../platform/kube/api-error.ts';
import type { ConnectedContext } from '../platform/kube/connect.ts';
import { listObjects } from '../platform/kube/list-objects.ts';
import { ListWatch } from '../platform/kube/list-watch.ts';
import { keyOf, metaOf } from '../platform/kube/object.ts';
import { silentLogger } from '../platform/log.ts';
import { startTimer } from '../platform/timer.ts';
import type { InputProblem } from '../platform/manifests/manifest.ts';
import { explainList } from './read-stored.ts';
import { toServerRow, type ServerRow } from './status-state.ts';

/** Most MCPServers that are shown; who has more names a namespace. */
const maxServers = 20_000;

/** Which of them. */
export interface WhichServers {
  /** Empty: those of every namespace. */
  readonly namespace: string;
  /** Empty: all of them. */
  readonly names: readonly string[];
  /** Those among the names that are of something above MCPServer: nobody waits for a server of that name. */
  readonly namesAbove?: readonly string[];
  /** The command takes no --namespace. */
  readonly isWholeCluster?: true;
}

/** What one cluster has now. */
export interface ReadStates {
  readonly cluster: ConnectedContext;
  readonly which: WhichServers;
  /** Of the version in which the cluster serves them. */
  readonly path: string;
  readonly rows: readonly ServerRow[];
  /** Why these may not be all. */
  readonly problem?: InputProblem;
  /** Which kind of problem that is: of rights, of the API server, or that there are more than are read. */
  readonly lack?: 'right' | 'answer' | 'room';
}

/** Nothing is ever written. */
export async function readStates(cluster: ConnectedContext, which: WhichServers): Promise<ReadStates> {
  const { api, context } = cluster;
  const rows: ServerRow[] = [];
  const read = { isAll: true };
  const onObject = (object: unknown): boolean => {
    if (!isWanted(object, which)) return true;
    read.isAll = rows.length < maxServers;
    if (read.isAll) rows.push(toServerRow(object, context));
    return read.isAll;
  };
  let error: ApiError | undefined;
  let path = '';
  // One that had the reference operator may know the older version only.
  for (const version of API.versions) {
    path = pathOf(which, version);
    error = await listObjects(api, { path, onObject });
    if (error?.status !== 404) break;
  }
  const found = { cluster, which, path, rows };
  const file = `context ${context}`;
  if (error !== undefined) {
    const lack = isForWantOfRights(error) ? 'right' : 'answer';
    return { ...found, lack, problem: { file, message: explainList(error, which) } };
  }
  if (read.isAll) return found;
  const message = `more than ${maxServers} MCPServers: the others are left out; name a namespace with --namespace`;
  return { ...found, lack: 'room', problem: { file, message } };
}

function pathOf({ namespace }: WhichServers, version: string): string {
  const collection = { apiVersion: `${API.group}/${version}`, plural: API.plural };
  return objectPath({ ...collection, ...(namespace === '' ? {} : { namespace }) });
}

function isWanted(object: unknown, { names }: WhichServers): boolean {
  return names.length === 0 || names.includes(metaOf(object).name);
}

/** How long after news it is looked whether all is settled, once for all that come meanwhile, in milliseconds. */
const lookAgainMs = 20;

export interface FollowOptions {
  readonly clock: Clock;
  /** In milliseconds. */
  readonly timeoutMs: number;
  /** A server that is another than it was, or was not there. */
  readonly onRow: (row: ServerRow) => void;
  /** Asked when nothing is expected of servers any more, and now and then after that. Never rejects. */
  readonly isMoreOnItsWay: () => Promise<boolean>;
}

/** How long after it was on its way it is looked again at what is not followed, in milliseconds. */
const askAgainMs = 1_000;

/**
 * Follows what was read until no server is on its way and each that is named is there, or until the time has run out;
 * returns them as they are then.
 */
export async function followStates(
  read: readonly ReadStates[],
  { clock, timeoutMs, onRow, isMoreOnItsWay }: FollowOptions,
): Promise<readonly ServerRow[]> {
  const end = new AbortController();
  const areSettled = (): boolean => followed.every(({ isSettled }) => isSettled);
  let isAsking = false;
  let asking = Promise.resolve();
  const look = (): void => {
    if (isAsking || end.signal.aborted || !areSettled()) return;
    isAsking = true;
    asking = isMoreOnItsWay().then((isMore) => {
      isAsking = false;
      if (isMore) startTimer(look, askAgainMs);
      else if (areSettled()) end.abort();
    });
  };
  let isDue = false;
  const lookSoon = (): void => {
    if (isDue) return;
    isDue = true;
    startTimer(() => {
      isDue = false;
      look();
    }, lookAgainMs);
  };
  const followed = read.map((one) => new FollowedStates(one, { clock, onRow, onNews: lookSoon }));
  look();
  const timer = clock.sleep(timeoutMs, end.signal).then(() => {
    end.abort();
  });
  await Promise.all([timer, ...followed.map((one) => one.run(end.signal))]);
  await asking;
  return followed.flatMap(({ rows }) => rows);
}

interface FollowedOptions extends Pick<FollowOptions, 'clock' | 'onRow'> {
  readonly onNews: () => void;
}

/** The servers of one cluster, from the moment when they were read. */
class FollowedStates {
  readonly #rows: Map<string, ServerRow>;
  readonly #which: WhichServers;
  readonly #watch: ListWatch;
  readonly #options: FollowedOptions;

  constructor({ cluster: { api, context }, which, path, rows }: ReadStates, options: FollowedOptions) {
    const { clock, onNews } = options;
    this.#options = options;
    this.#which = which;
    this.#rows = new Map(rows.map((row) => [keyOf({ ...row, kind: API.kind }), row]));
    this.#watch = new ListWatch({
      ...{ api, clock, path, log: silentLogger, random: Math.random, name: API.plural, kind: API.kind },
      handlers: {
        onUpsert: (object) => {
          if (isWanted(object, which)) this.#take(toServerRow(object, context));
        },
        onDelete: (object) => {
          this.#rows.delete(keyOf({ ...metaOf(object), kind: API.kind }));
          onNews();
        },
        onReplace: (keys) => {
          for (const key of this.#rows.keys()) if (!keys.has(key)) this.#rows.delete(key);
          onNews();
        },
      },
    });
  }

  get rows(): readonly ServerRow[] {
    return [...this.#rows.values()];
  }

  /** Whether nothing is expected any more. */
  get isSettled(): boolean {
    const { rows } = this;
    const { names, namesAbove = [] } = this.#which;
    const isThere = (name: string): boolean => namesAbove.includes(name) || rows.some((row) => row.name === name);
    return rows.every(({ state }) => state !== 'Pending') && names.every(isThere);
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#watch.run(signal);
  }

  #take(row: ServerRow): void {
    const key = keyOf({ ...row, kind: API.kind });
    const before = this.#rows.get(key);
    if (before === undefined && this.#rows.size >= maxServers) return;
    this.#rows.set(key, row);
    if (JSON.stringify(before) !== JSON.stringify(row)) this.#options.onRow(row);
    this.#options.onNews();
  }
}
