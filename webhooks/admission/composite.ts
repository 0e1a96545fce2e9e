import { inAuthoredWords } from '../core/composites/authored-finding.ts';
import type { Authored, CompositeKind, CompositeViolation, ExpandedServer } from '../core/composites/composite-kind.ts';
import { compositeKinds } from '../core/composites/composite-kinds.ts';
import type { ReferenceFacts } from '../core/engine/facts.ts';
import type { Finding } from '../core/engine/finding.ts';
import { judge, prepare, type Prepared } from '../core/engine/judge.ts';
import { toSchemaFinding } from '../core/engine/schema-finding.ts';
import { ownValue } from '../core/mcpserver/record.ts';
import { renderPath } from '../core/mcpserver/violation.ts';
import { allowed, type AdmissionRequest, type Answer } from './admission-review.ts';
import type { Handler } from './handler.ts';
import { skipReasonOf } from './scope.ts';
import {
  answerNothing,
  answerWith,
  isNamed,
  LateContext,
  nothingToLookUp,
  tolerate,
  type Ruled,
  type ValidateOptions,
} from './validate.ts';

/**
 * Judges the MCPServers that an object of a kind above would become, and says what is wrong at the places of what its author
 * wrote. An update is compared MCPServer by MCPServer, as theirs are.
 */
export function createComposite(options: ValidateOptions): Handler {
  return (request, call) => {
    const of = compositeKinds.find(({ group, kind }) => group === request.kind.group && kind === request.kind.kind);
    const skip = skipReasonOf(request, of);
    if (of === undefined || skip !== undefined) {
      options.onSkipped(skip ?? 'kind');
      return allowed();
    }
    const { violations, servers } = of.expand(request.object);
    const members = servers.map((server) => toMember(server, options));
    const references = members.flatMap(({ prepared }) => (prepared.parsed ? prepared.references.filter(isNamed) : []));
    const answer = (facts: ReferenceFacts): Answer => {
      const ruled = [ruleOwn(request, of, violations), ...ruleMembers({ request, of, members, facts }, options)];
      return say(request, merge(ruled), options);
    };
    if (references.length === 0) return answer(nothingToLookUp);
    return options.gatherFacts(request.namespace, references, call).then(answer);
  };
}

/** One of the MCPServers that the object would become. */
interface Member {
  readonly name: unknown;
  readonly prepared: Prepared;
  readonly authored: Authored;
}

function toMember({ manifest, authored }: ExpandedServer, { policy }: Pick<ValidateOptions, 'policy'>): Member {
  return { name: nameOf(manifest), prepared: prepare(manifest, policy.compatibility), authored };
}

function nameOf(manifest: unknown): unknown {
  return ownValue(ownValue(manifest, 'metadata'), 'name');
}

interface Judged {
  readonly request: AdmissionRequest;
  readonly of: CompositeKind;
  readonly members: readonly Member[];
  readonly facts: ReferenceFacts;
}

function ruleMembers({ request, of, members, facts }: Judged, options: ValidateOptions): readonly Ruled[] {
  const before = request.oldObject === undefined ? [] : of.expand(request.oldObject).servers;
  return members.map(({ name, prepared, authored }) => {
    const verdict = judge(prepared, new LateContext(options, facts));
    const old = before.find(({ manifest }) => nameOf(manifest) === name)?.manifest;
    const judgeOld = (rules: ReadonlySet<string>) =>
      judge(prepare(old, options.policy.compatibility), new LateContext(options, facts, rules));
    const { operation } = request;
    const { enforced, tolerated } = tolerate({ operation, oldObject: old }, verdict, judgeOld);
    return inWordsOf(authored, { findings: verdict.findings, enforced, tolerated });
  });
}

/** The same finding is the same object afterwards, too: that is how it is known to be tolerated. */
function inWordsOf(authored: Authored, { findings, enforced, tolerated }: Ruled): Ruled {
  const told = new Map<Finding, Finding>();
  const tell = (finding: Finding): Finding => {
    const known = told.get(finding) ?? inAuthoredWords(finding, authored);
    told.set(finding, known);
    return known;
  };
  return { findings: findings.map(tell), enforced: enforced.map(tell), tolerated: tolerated.map(tell) };
}

/** What the object had before is told again, and refuses nothing. */
function ruleOwn(
  { operation, oldObject }: AdmissionRequest,
  of: CompositeKind,
  violations: readonly CompositeViolation[],
): Ruled {
  if (violations.length === 0) return nothing;
  const before = operation === 'UPDATE' && oldObject !== undefined ? of.expand(oldObject).violations : [];
  const known = new Set(before.map(identify));
  const found = violations.map((one) => ({ finding: toSchemaFinding(one, 'deny'), isKnown: known.has(identify(one)) }));
  return {
    findings: found.map(({ finding }) => finding),
    enforced: found.flatMap(({ finding, isKnown }) => (isKnown ? [] : [finding])),
    tolerated: found.flatMap(({ finding, isKnown }) => (isKnown ? [finding] : [])),
  };
}

function identify({ path, reason, cause = [] }: CompositeViolation): string {
  return JSON.stringify([renderPath(path), reason, cause]);
}

const nothing: Ruled = { findings: [], enforced: [], tolerated: [] };

/** What is written once is told once, however many MCPServers have it; refused where one of them is refused for it. */
function merge(ruled: readonly Ruled[]): Ruled {
  const enforced = unique(ruled.flatMap((one) => one.enforced));
  const refused = new Set(enforced.map(identifyFinding));
  const tolerated = unique(ruled.flatMap((one) => one.tolerated)).filter((one) => !refused.has(identifyFinding(one)));
  const told = new Map([...enforced, ...tolerated].map((one) => [identifyFinding(one), one]));
  const findings = unique(ruled.flatMap((one) => one.findings)).map((one) => told.get(identifyFinding(one)) ?? one);
  return { findings, enforced, tolerated };
}

function unique(findings: readonly Finding[]): readonly Finding[] {
  return [...new Map(findings.map((one) => [identifyFinding(one), one])).values()];
}

function identifyFinding({ ruleId, severity, path, headline, detail }: Finding): string {
  return JSON.stringify([ruleId, severity, path, headline, detail]);
}

function say(request: AdmissionRequest, ruled: Ruled, options: ValidateOptions): Answer {
  return ruled.findings.length === 0 ? answerNothing(options) : answerWith(request, ruled, options);
}
