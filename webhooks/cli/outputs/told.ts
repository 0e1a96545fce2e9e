import type { Severity } from '../../core/engine/finding.ts';
import { printable, shortenMiddle } from '../../core/engine/text.ts';
import { reaches, type FailOn } from '../exit-code.ts';
import type { CheckReport, Located } from '../report.ts';

/** What a finding does to the verdict: the same question in every output. */
export type Weight = 'fails' | 'warns' | 'tolerated';

export function weightOf({ finding, isTolerated }: Located, failOn: FailOn): Weight {
  if (isTolerated) return 'tolerated';
  return reaches(finding.severity, failOn) ? 'fails' : 'warns';
}

/** In this order where there is no room for all. */
const weights: readonly Weight[] = ['fails', 'warns', 'tolerated'];

/** What matters most first, in the order of the input otherwise. */
export function byWeight(findings: readonly Located[], failOn: FailOn): readonly Located[] {
  return weights.flatMap((weight) => findings.filter((one) => weightOf(one, failOn) === weight));
}

/** Longest name of a server, in characters: what a namespace, a slash and a name of the longest kind need. */
const maxNameLength = 63 + 1 + 253;

/** `namespace/name`, on one line. */
export function nameOf({ namespace, name }: Pick<Located['server'], 'namespace' | 'name'>): string {
  return shortenMiddle(printable(`${namespace}/${name === '' ? '(no name)' : name}`), maxNameLength);
}

/** `3 MCPServers checked: 1 refused, 0 with warnings; …`: the last line of the text, and what other outputs begin with. */
export function renderVerdict(report: CheckReport): string {
  const { servers, others, findings, problems, base } = report;
  const [denied, warned] = [countServers(findings, 'deny'), countServers(findings, 'warn')];
  const tolerated = findings.filter(({ isTolerated }) => isTolerated).length;
  const parts = [
    `${count(servers, 'MCPServer')} checked: ${denied} refused, ${warned} with warnings`,
    ...(tolerated === 0 ? [] : [`${count(tolerated, 'finding')} tolerated, because ${nameOfBase(base)} has it, too`]),
    ...(others === 0 ? [] : [`${count(others, 'other document')} ignored`]),
    ...(problems.length === 0 ? [] : [`${count(problems.length, 'problem')} reading the input`]),
  ];
  return parts.join('; ');
}

function nameOfBase(base: string | undefined): string {
  return shortenMiddle(printable(base ?? 'the base'), 100);
}

/** Servers with a finding of that severity that is not tolerated. */
export function countServers(findings: readonly Located[], severity: Severity): number {
  const places = findings.filter(({ finding, isTolerated }) => finding.severity === severity && !isTolerated);
  return new Set(places.map(({ server }) => server)).size;
}

export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
