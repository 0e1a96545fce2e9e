import { Traces } from './traces.ts';

/**
 * Servers that come after their pods, as after a restore. Anybody may give thousands of pods our labels, so nothing is kept of
 * pods without a server; where there were some, they are listed once when it comes. What a watch tells of a pod meanwhile is
 * newer than the list.
 */
export class LateServers {
  readonly #dropped = new Traces();
  /** Those whose pods are to be listed, each with the pods of which something was told since that is so. */
  readonly #wanted = new Map<string, Set<string>>();

  /** It has pods of which nothing is kept. */
  noteDropped(server: string): void {
    this.#dropped.leave(server);
  }

  /** It was not there before. */
  noteServer(server: string): void {
    if (this.#dropped.maybeLeft(server)) this.#wanted.set(server, new Set());
  }

  notePod(server: string, pod: string): void {
    this.#wanted.get(server)?.add(pod);
  }

  isToBeListed(server: string): boolean {
    return this.#wanted.has(server);
  }

  /** Its pods were listed, or need not be any more; returns those of which a watch has told meanwhile. */
  end(server: string): ReadonlySet<string> {
    const told = this.#wanted.get(server) ?? new Set();
    this.#wanted.delete(server);
    return told;
  }
}
