import type { ServerResponse } from 'node:http';

/**
 * All that clients have not read yet, of everybody together. A client that reads slowly costs what it was sent for as long
 * as it takes, and there may be a connection for each of some hundred: beyond the budget whoever leaves the most unread
 * gives way, what it has not read for the longest time first. So a client that reads is never refused because of one that
 * does not.
 */
export class Unread {
  readonly #maxBytes: number;
  readonly #onCutOff: () => void;
  /** Whose they are; in the order in which they began to have something unread, as maps keep it. */
  readonly #owners = new Map<ServerResponse, string>();

  constructor(maxBytes: number, onCutOff: () => void) {
    this.#maxBytes = maxBytes;
    this.#onCutOff = onCutOff;
  }

  /** Of all responses together. */
  get bytes(): number {
    let sum = 0;
    for (const response of this.#owners.keys()) sum += response.writableLength;
    return sum;
  }

  /** Something has been written to it. */
  add(response: ServerResponse, owner: string): void {
    for (const one of this.#owners.keys()) if (one.writableLength === 0) this.#owners.delete(one);
    if (response.writableLength === 0) return;
    if (!this.#owners.has(response)) this.#owners.set(response, owner);
    while (this.bytes > this.#maxBytes && this.#owners.size > 1) this.#cutOffOne();
  }

  cutOff(response: ServerResponse): void {
    this.#owners.delete(response);
    // One that waits for its turn, behind others of its connection, has no socket of its own yet.
    response.req.socket.destroy();
    this.#onCutOff();
  }

  #cutOffOne(): void {
    const sums = new Map<string, number>();
    for (const [response, owner] of this.#owners) {
      sums.set(owner, (sums.get(owner) ?? 0) + response.writableLength);
    }
    const [largest] = [...sums].sort(([, a], [, b]) => b - a);
    const [slowest] = [...this.#owners].find(([, owner]) => owner === largest?.[0]) ?? [];
    if (slowest !== undefined) this.cutOff(slowest);
  }
}
