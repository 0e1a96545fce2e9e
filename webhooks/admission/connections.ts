import type { Socket } from 'node:net';

export interface ConnectionLimits {
  /**
   * Open connections on which no AdmissionReview was answered yet, those in their handshake included. Not below 256 for
   * one address: API servers behind a proxy share theirs.
   */
  readonly maxUnproven: number;
  /**
   * Open connections that carried an AdmissionReview; beyond it idle ones are closed, and beyond twice as many any. API
   * servers use about as many as they have requests in flight.
   */
  readonly maxProven: number;
  /** From the TCP connection to the end of the TLS handshake, in milliseconds. */
  readonly handshakeMs: number;
  /** From there, and later from the first byte of a request, to the end of its head, in milliseconds. */
  readonly headMs: number;
  /**
   * From the handshake until an answer asks the caller to connect anew, give or take a fifth, in milliseconds. A connection stays
   * with its pod, so the pods of a rollout would go on serving as unevenly as they came.
   */
  readonly maxAgeMs: number;
}

/** An idle one costs about 50 KiB, so all of them together 20 MiB. */
export const defaultConnectionLimits: ConnectionLimits = {
  maxUnproven: 256,
  maxProven: 128,
  handshakeMs: 5_000,
  headMs: 10_000,
  maxAgeMs: 600_000,
};

/** How long a connection may take from its handshake to its first request during the drain, in milliseconds. */
const firstRequestMs = 1_000;

interface Connection {
  readonly address: string;
  socket: Socket;
  crowd: Crowd;
  /** Grows with every request of all connections: the smallest one was used the longest time ago. */
  usedAt: number;
  isBusy: boolean;
  /** Since the handshake, as long as no request came; API servers open connections ahead of their requests. */
  unusedSince: number | undefined;
  /** Read by us, and not by Node's HTTP, which has its own eye on what is late and what is idle. */
  isDirect: boolean;
  /** How often it was looked at since its handshake or its last request, while none was under way. */
  idleLooks: number;
  /** From then on it is to be opened anew; by `performance.now()`. */
  oldAt: number;
}

/**
 * Every open connection, and who has to go when there are too many. Idle connections cost a sender next to nothing, so too
 * many of them must not keep API servers out: the newest one is always let in, and pressure falls first on connections
 * that never carried an AdmissionReview.
 */
export class Connections {
  readonly #unproven: Crowd;
  readonly #proven: Crowd;
  readonly #open = new Set<Connection>();
  readonly #inHandshake = new Map<string, Connection>();
  readonly #bySocket = new WeakMap<Socket, Connection>();
  readonly #onClosed: () => void;
  readonly #maxAgeMs: number;
  #uses = 0;

  /** `onClosed`: one was closed because there were too many. */
  constructor(
    { maxUnproven, maxProven, maxAgeMs }: Pick<ConnectionLimits, 'maxUnproven' | 'maxProven' | 'maxAgeMs'>,
    onClosed: () => void,
  ) {
    this.#maxAgeMs = maxAgeMs;
    this.#unproven = createCrowd({ maxIdle: maxUnproven, max: maxUnproven });
    this.#proven = createCrowd({ maxIdle: maxProven, max: 2 * maxProven });
    this.#onClosed = onClosed;
  }

  /** A TCP connection, before its handshake. */
  opened(socket: Socket): void {
    const { remoteAddress: address = '' } = socket;
    const peer = peerOf(socket);
    const usedAt = this.#nextUse();
    const connection: Connection = {
      ...{ address, socket, crowd: this.#unproven, usedAt, isBusy: false },
      ...{ unusedSince: undefined, isDirect: false, idleLooks: 0, oldAt: Infinity },
    };
    this.#open.add(connection);
    this.#inHandshake.set(peer, connection);
    socket.once('close', () => {
      this.#forget(connection);
      if (this.#inHandshake.get(peer) === connection) this.#inHandshake.delete(peer);
    });
    this.#enter(connection, this.#unproven);
  }

  /** The same connection as the TLS socket that requests come on. */
  secured(socket: Socket): void {
    const peer = peerOf(socket);
    const connection = this.#inHandshake.get(peer);
    if (connection === undefined || !this.#open.has(connection)) {
      socket.destroy();
      return;
    }
    this.#inHandshake.delete(peer);
    connection.socket = socket;
    connection.unusedSince = performance.now();
    connection.oldAt = connection.unusedSince + this.#maxAgeMs * (0.8 + 0.4 * Math.random());
    connection.isDirect = true;
    this.#bySocket.set(socket, connection);
  }

  /** A request has begun on it. */
  used(socket: Socket): void {
    const connection = this.#bySocket.get(socket);
    if (connection === undefined) return;
    connection.usedAt = this.#nextUse();
    connection.isBusy = true;
    connection.unusedSince = undefined;
    connection.idleLooks = 0;
  }

  /** The request is over, whatever came of it. */
  rested(socket: Socket): void {
    const connection = this.#bySocket.get(socket);
    if (connection !== undefined) connection.isBusy = false;
  }

  /** Node's HTTP reads it from here on; no request of ours is under way. */
  handedOver(socket: Socket): void {
    const connection = this.#bySocket.get(socket);
    if (connection === undefined) return;
    connection.isDirect = false;
    connection.isBusy = false;
  }

  /** Whether the answer that comes next is to be its last one. */
  isOld(socket: Socket): boolean {
    const connection = this.#bySocket.get(socket);
    return connection !== undefined && performance.now() > connection.oldAt;
  }

  /** An AdmissionReview was answered on it: this is, or behaves as, an API server. */
  proven(socket: Socket): void {
    const connection = this.#bySocket.get(socket);
    if (connection === undefined || connection.crowd === this.#proven || !this.#open.has(connection)) return;
    this.#enter(connection, this.#proven);
  }

  /** Closes what is idle for too long, of the connections that Node does not look at; called every so many milliseconds. */
  closeLate(everyMs: number, { headMs, idleMs }: { readonly headMs: number; readonly idleMs: number }): void {
    for (const connection of this.#open) {
      if (!connection.isDirect || connection.isBusy) continue;
      connection.idleLooks += 1;
      const isUsed = connection.unusedSince === undefined;
      if (connection.idleLooks * everyMs > (isUsed ? idleMs : headMs)) connection.socket.destroy();
    }
  }

  /** Closes what is idle and is not among those that Node counts as idle; what never carried a request has its time for it. */
  closeIdle(): void {
    const before = performance.now() - firstRequestMs;
    for (const { socket, unusedSince, isDirect, isBusy } of this.#open) {
      if (unusedSince === undefined ? isDirect && !isBusy : unusedSince < before) socket.destroy();
    }
  }

  /** Closes every connection, also in the middle of its handshake, which Node's HTTP server does not know of. */
  closeAll(): void {
    for (const { socket } of this.#open) socket.destroy();
  }

  #nextUse(): number {
    this.#uses += 1;
    return this.#uses;
  }

  #enter(connection: Connection, crowd: Crowd): void {
    connection.crowd.remove(connection);
    connection.crowd = crowd;
    const victim = crowd.add(connection);
    if (victim === undefined) return;
    this.#forget(victim);
    victim.socket.destroy();
    this.#onClosed();
  }

  #forget(connection: Connection): void {
    this.#open.delete(connection);
    connection.crowd.remove(connection);
  }
}

/** Both sockets of one connection have the same peer, and no other one has it meanwhile. */
function peerOf({ remoteAddress = '', remotePort = 0 }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

interface Crowd {
  /** The one that has to go because there are too many now. */
  add(connection: Connection): Connection | undefined;
  remove(connection: Connection): void;
}

/**
 * Of too many connections the one goes that was used the longest time ago, at the address that has the most: a flood from
 * one address closes its own. Above `maxIdle` that is one without a request, above `max` any.
 */
function createCrowd({ maxIdle, max }: { readonly maxIdle: number; readonly max: number }): Crowd {
  const byAddress = new Map<string, Set<Connection>>();
  let size = 0;
  return {
    add(connection) {
      const neighbours = byAddress.get(connection.address) ?? new Set();
      byAddress.set(connection.address, neighbours.add(connection));
      size += 1;
      if (size <= maxIdle) return undefined;
      const crowded = largest(byAddress.values());
      return size > max ? longestUnused(crowded) : longestUnused([...crowded].filter(({ isBusy }) => !isBusy));
    },
    remove(connection) {
      const neighbours = byAddress.get(connection.address);
      if (neighbours?.delete(connection) !== true) return;
      size -= 1;
      if (neighbours.size === 0) byAddress.delete(connection.address);
    },
  };
}

function largest(groups: Iterable<ReadonlySet<Connection>>): ReadonlySet<Connection> {
  let most: ReadonlySet<Connection> = new Set();
  for (const group of groups) if (group.size > most.size) most = group;
  return most;
}

function longestUnused(connections: Iterable<Connection>): Connection | undefined {
  let found: Connection | undefined;
  for (const connection of connections) if (found === undefined || connection.usedAt < found.usedAt) found = connection;
  return found;
}
