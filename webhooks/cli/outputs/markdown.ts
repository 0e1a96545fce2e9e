import { renderField, renderSentence } from '../../core/engine/render.ts';
import { printable, shortenMiddle } from '../../core/engine/text.ts';
import type { CheckReport, Located } from '../report.ts';
import type { RenderOptions } from './render-report.ts';
import { renderProblem } from './text.ts';
import { byWeight, count, nameOf, renderVerdict, weightOf, type Weight } from './told.ts';

/**
 * Largest summary, in bytes: GitHub refuses more than 1 MiB of a step altogether
 * (https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions#step-isolation-and-limits), and what
 * else the step writes should have room.
 */
const maxBytes = 1_000_000;

/** A page with one table, for `$GITHUB_STEP_SUMMARY` and comments: what fails comes first, because the end may be cut. */
export function renderMarkdown(report: CheckReport, { failOn }: RenderOptions): string {
  const head = `## MCPServers\n\n${escape(renderVerdict(report, failOn))}\n`;
  const problems = report.problems.map((problem) => `- ${escape(renderProblem(problem))}\n`);
  const ignored = (report.ignoredOfPolicy ?? []).map((problem) => `- ${escape(renderProblem(problem))}\n`);
  const rows = byWeight(report.findings, failOn).map((located) => renderRow(located, weightOf(located, failOn)));
  const room = createRoom(maxBytes);
  return [
    room.take([head]),
    room.take(problems, '\nCould not be read:\n\n', 'problem'),
    room.take(ignored, '\nOf the policy:\n\n', 'part'),
    room.take(rows, '\n| | Where | MCPServer | What | Rule |\n|---|---|---|---|---|\n', 'finding'),
  ].join('');
}

const words = { fails: 'fails', warns: 'warning', tolerated: 'tolerated' } as const satisfies Record<Weight, string>;

function renderRow({ file, line, server, finding }: Located, weight: Weight): string {
  const place = `${shortenMiddle(printable(file), maxFileLength)}:${line}`;
  const { ruleId } = finding;
  // The rule has a column of its own.
  const sentence = renderSentence(finding).replace(` [${ruleId}]`, '');
  const cells = [words[weight], place, nameOf(server), `${renderField(finding)}: ${sentence}`, ruleId];
  return `| ${cells.map(escape).join(' | ')} |\n`;
}

/** In characters, of the name of a file in a table. */
const maxFileLength = 200;

/** Takes what there is room for, and says how much there was none for. */
function createRoom(bytes: number): {
  readonly take: (parts: readonly string[], head?: string, what?: string) => string;
} {
  let left = bytes;
  return {
    take: (parts, head = '', what = 'line') => {
      if (parts.length === 0) return '';
      left -= Buffer.byteLength(head);
      const end = parts.findIndex((part) => {
        left -= Buffer.byteLength(part);
        return left < 0;
      });
      const kept = end === -1 ? parts : parts.slice(0, end);
      const more = parts.length - kept.length;
      return `${head}${kept.join('')}${more === 0 ? '' : `\n${count(more, what)} more: there is no room for them here.\n`}`;
    },
  };
}

/** Text that is only text: Markdown takes a backslash before any punctuation of ASCII. */
function escape(text: string): string {
  return printable(text).replaceAll(/[!-/:-@[-`{-~]/g, String.raw`\$&`);
}
