import type { FieldPath } from '../../core/mcpserver/violation.ts';

/** A place in a file, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One document, or one item of a List, as JSON would hold it. */
export interface Manifest {
  /** As the user named it, `-` for standard input. */
  readonly file: string;
  readonly value: unknown;
  /** Where a field stands; where the closest field around it stands when it was left out. */
  readonly locate: (path: FieldPath) => Position;
}

/** Why some input could not be read. Never quotes the input: it may be a Secret. */
export interface InputProblem extends Partial<Position> {
  readonly file: string;
  readonly message: string;
}
