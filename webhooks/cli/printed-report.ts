import type { ExitCode } from './exit-code.ts';
import type { CheckReport } from './report.ts';

/** A report as it is printed, on standard output and on standard error. */
export interface PrintedReport {
  readonly out: string;
  readonly error: string;
}

export interface PrintOptions {
  /** What the command ends with. */
  readonly exitCode: ExitCode;
  /** Whether colours may be used. */
  readonly hasColour: boolean;
}

export type RenderReport = (report: CheckReport, options: PrintOptions) => PrintedReport;
