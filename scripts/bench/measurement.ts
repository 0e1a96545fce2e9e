/** What has to hold, as it is known before anything is measured: a row of docs/performance.md. */
export interface Bar {
  /** What is measured, in a few words. */
  readonly what: string;
  /** With its unit: `≥ 75 %`, `< 1 s`. */
  readonly bar: string;
}

/** One number that a bar speaks about. */
export interface Figure extends Bar {
  /** With its unit, as people read it: `81 %`, `0.4 s`. */
  readonly measured: string;
  readonly isMet: boolean;
  /** What a reader has to know to believe the number: sizes, counts, what was left out. */
  readonly remark?: string;
}

/** Told what happens meanwhile. */
export type Progress = (line: string) => void;

/** One measurement = one file. `npm run bench -- <name>` runs it alone. */
export interface Measurement {
  /** Kebab-case, equals the file name. */
  readonly name: string;
  /** One sentence: what is done, with which parts. Ends with a full stop. */
  readonly method: string;
  /** About how long it takes, in minutes; the first run also builds. */
  readonly minutes: number;
  /** Of the figures of a run, in their order. */
  readonly bars: readonly Bar[];
  run(progress: Progress): Promise<readonly Figure[]>;
}
