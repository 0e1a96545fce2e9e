import type { ExitCode, FailOn } from '../exit-code.ts';
import type { CheckReport } from '../report.ts';

export interface RenderOptions {
  /** What the command ends with, if all that it writes can be written. */
  readonly exitCode: ExitCode;
  /** The least severity that fails. */
  readonly failOn: FailOn;
  /** Whether colours may be used. */
  readonly hasColour: boolean;
  /**
   * Whether nothing stands beside it: what could not be read is on standard error, where whoever opens a file later does
   * not look.
   */
  readonly isFile: boolean;
}

/** The whole report as one text, which ends in a line break. */
export type RenderReport = (report: CheckReport, options: RenderOptions) => string;
