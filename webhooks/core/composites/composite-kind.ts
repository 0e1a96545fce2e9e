import type { OwnerKind } from '../mcpserver/api.ts';
import type { Fields } from '../mcpserver/record.ts';
import type { FieldPath, Violation } from '../mcpserver/violation.ts';
import type { ChildKind } from '../resources/expanded-kind.ts';

/**
 * A kind above MCPServer: its objects expand into MCPServers, which know nothing of it. One kind = one file, and a line in
 * composite-kinds.ts: admission, the reconciler's loop and the command line are the same for each.
 */
export interface CompositeKind extends OwnerKind {
  readonly plural: string;
  readonly singular: string;
  /** Value of the chart whose `enabled` gives us the rights, the webhook and the watch; off by default. */
  readonly feature: string;
  /** A change reaches one MCPServer after the other, in their order, each when those before it are ready. */
  readonly isOrdered?: true;
  /** Of an MCPServer that has the name of one of its own, and no owner, a sentence: how it becomes its own. */
  saysUnowned?(name: string): string;
  /** MCPServers, as its objects own them. */
  readonly servers: ChildKind;
  /** Never throws, whatever the object is. */
  expand(object: unknown): Expansion;
  /** What its status says now; without what says nothing. */
  nextStatus(input: CompositeReport): Fields;
}

/** What an object becomes. */
export interface Expansion {
  /** What is wrong with it and none of its servers could tell. While there is any, nothing is applied. */
  readonly violations: readonly CompositeViolation[];
  /** What has no effect, and is no reason to refuse it. */
  readonly warnings?: readonly CompositeViolation[];
  /** Fields of its spec that the API server drops. */
  readonly unknownFields: readonly FieldPath[];
  readonly servers: readonly ExpandedServer[];
}

/** At its place in what the author wrote. */
export interface CompositeViolation extends Violation {
  /** Of the condition Ready where it was stored all the same. */
  readonly reason: string;
  /** Of which of its servers, by their order; absent: of all of them. */
  readonly server?: number;
}

/** One MCPServer as it is applied: its schema is not checked yet. */
export interface ExpandedServer {
  readonly manifest: Fields;
  readonly authored: Authored;
  /** One of that name that nobody owns becomes the object's. */
  readonly isAdopted?: true;
}

/** Leads from an MCPServer back to what its author wrote. */
export interface Authored {
  /** Where a field of the MCPServer was written, or would be. */
  path(path: FieldPath): FieldPath;
  /**
   * A sentence that names fields of the MCPServer, with those of the author; of what is to be done about what was found at
   * `about`, with those by which nothing else is changed.
   */
  text(text: string, about?: FieldPath): string;
}

/** What is known when the status is decided. */
export interface CompositeReport {
  readonly generation: number;
  /** As it stands. */
  readonly previous: Fields | undefined;
  /** Why the object as it is now was not (all) brought about; absent when it was. */
  readonly problem?: Problem | undefined;
  /** Those that it owns. */
  readonly servers: readonly ObservedServer[];
  /** Names of those that it should have, in its order. */
  readonly wanted: readonly string[];
  /** Names of those whose change waits for one before them. */
  readonly waiting: readonly string[];
  /** RFC 3339. */
  readonly now: string;
}

export interface Problem {
  /** Of the condition Ready. */
  readonly reason: string;
  readonly message: string;
  /** It is tried again, so nothing has to be changed. */
  readonly isPassing?: true;
}

/** An MCPServer that stands. */
export interface ObservedServer {
  readonly name: string;
  readonly generation: number;
  readonly status: Fields | undefined;
}
