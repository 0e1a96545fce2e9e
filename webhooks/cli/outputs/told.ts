import type { Severity } from '../../core/engine/finding.ts';
import { printable, shortenMiddle } from '../../core/engine/text.ts';
import { renderPolicies } from '../judged-by.ts';
import { reaches, type FailOn } from '../exit-code.ts';
import { countsForGate, type CheckedServer, type CheckReport, type Located } from '../report.ts';

/** What a finding does to the verdict: the same question in every output. */
export type Weight = 'fails' | 'warns' | 'tolerated';

export function weightOf(located: Located, failOn: FailOn): Weight {
  if (located.isTolerated) return 'tolerated';
  return countsForGate(located) && reaches(located.finding.severity, failOn) ? 'fails' : 'warns';
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

/**
 * `3 MCPServers checked: 1 refused, 0 warned about, 2 passed; …`: the last line of the text, and what other outputs begin
 * with.
 */
export function renderVerdict(report: CheckReport, failOn: FailOn): string {
  const { checked, others, othersTold, findings, problems, base, policies = [], ignoredOfPolicy = [] } = report;
  const tolerated = findings.filter(({ isTolerated }) => isTolerated).length;
  const parts = [
    renderCounts(report, failOn),
    ...(tolerated === 0 ? [] : [`${count(tolerated, 'finding')} tolerated, because ${nameOfBase(base)} has it, too`]),
    ...(base === undefined ? [] : [renderCompared(checked, base)]),
    ...(others === 0 ? [] : [`${count(others, 'other document')} ignored${renderOthers(othersTold)}`]),
    ...(policies.length === 0 ? [] : [`policy: ${renderPolicies(policies)}`]),
    ...(ignoredOfPolicy.length === 0 ? [] : [`${count(ignoredOfPolicy.length, 'part')} of the policy ignored`]),
    ...(problems.length === 0 ? [] : [`${count(problems.length, 'problem')} reading the input`]),
  ];
  return parts.join('; ');
}

/** Each server is counted once, by the worst that is said of it. */
function renderCounts({ servers, checked, findings }: CheckReport, failOn: FailOn): string {
  const refused = withWholes(serversWith(findings, 'deny'), checked);
  const warned = new Set([...serversWith(findings, 'warn')].filter((server) => !refused.has(server)));
  const isFailing = (one: Located): boolean => warned.has(one.server) && weightOf(one, failOn) === 'fails';
  const fails = findings.some(isFailing) ? ' (which fails: --fail-on warn)' : '';
  const passed = servers - refused.size - warned.size;
  return `${count(servers, 'MCPServer')} checked: ${refused.size} refused, ${warned.size} warned about${fails}, ${passed} passed`;
}

/** An object that becomes several is refused with all of them. */
function withWholes(refused: ReadonlySet<CheckedServer>, checked: readonly CheckedServer[]): Set<CheckedServer> {
  const wholes = new Set([...refused].flatMap(({ partOf }) => partOf ?? []));
  return new Set([...refused, ...checked.filter(({ partOf }) => partOf !== undefined && wholes.has(partOf))]);
}

/** So that nobody takes new servers for old ones: of those nothing is tolerated. */
function renderCompared(checked: CheckReport['checked'], base: CheckReport['base']): string {
  const updates = checked.filter(({ isUpdate }) => isUpdate).length;
  const policy = base?.policy === undefined ? '' : ` (policy: ${nameOfBase({ name: base.policy })})`;
  return `compared with ${nameOfBase(base)}${policy}: ${updates} of ${checked.length} ${updates === 1 ? 'is an update' : 'are updates'}`;
}

/** Most clauses about other documents that are shown. */
const maxOthersTold = 3;

/** ` (a; b)`, or nothing. */
export function renderOthers(told: CheckReport['othersTold'] = []): string {
  if (told.length === 0) return '';
  const more = told.length - maxOthersTold;
  return ` (${[...told.slice(0, maxOthersTold), ...(more > 0 ? [`${more} more`] : [])].map(printable).join('; ')})`;
}

function nameOfBase(base: { readonly name: string } | undefined): string {
  return shortenMiddle(printable(base?.name ?? 'the base'), 100);
}

/** Servers with a finding of that severity that is not tolerated. */
export function serversWith(findings: readonly Located[], severity: Severity): ReadonlySet<Located['server']> {
  const places = findings.filter(({ finding, isTolerated }) => finding.severity === severity && !isTolerated);
  return new Set(places.map(({ server }) => server));
}

export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
