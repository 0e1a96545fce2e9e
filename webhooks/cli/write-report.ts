import { printable } from '../core/engine/text.ts';
import { replaceFile } from '../platform/replace-file.ts';
import type { Target } from './options.ts';
import { outputOf, type OutputName } from './outputs.ts';
import type { RenderOptions } from './outputs/render-report.ts';
import type { CheckReport } from './report.ts';
import type { Terminal } from './terminal.ts';

/**
 * Writes every output, each to its file or to standard output. One that cannot be written keeps no other from being
 * written; returns a sentence about each.
 */
export async function writeReport(
  report: CheckReport,
  targets: readonly Target<OutputName>[],
  options: Omit<RenderOptions, 'isFile'>,
  { writeOut }: Pick<Terminal, 'writeOut'>,
): Promise<readonly string[]> {
  const problems: string[] = [];
  const withoutAudited = {
    ...report,
    findings: report.findings.filter(({ finding }) => finding.severity !== 'audit'),
  };
  for (const { name, file } of targets) {
    const { load, hasAudited } = outputOf(name);
    const render = await load();
    const told = hasAudited === true ? report : withoutAudited;
    if (file === undefined) {
      writeOut(render(told, { ...options, isFile: false }));
      continue;
    }
    const reason = replaceFile(file, render(told, { ...options, hasColour: false, isFile: true }));
    if (reason !== undefined) problems.push(`cannot write ${name} to ${printable(file)}: ${reason}`);
  }
  return problems;
}
