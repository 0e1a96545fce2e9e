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
    const { violations, warnings = [], servers } = of.expand(request.object);
    const members = servers.map((server) => toMember(server, options));
    const references = members.flatMap(({ prepared }) => (prepared.parsed ? prepared.references.filter(isNamed) : []));
    const answer = (facts: ReferenceFacts): Answer => {
      const merged = new Merged();
      merged.add(ruleOwn(request, of, violations));
      merged.add({ ...nothing, findings: warnings.map((one) => toSchemaFinding(one, 'warn')) });
      ruleMembers({ request, of, members, facts }, options, merged);
      return say(request, merged.all(), options);
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

function ruleMembers({ request, of, members, facts }: Judged, options: ValidateOptions, merged: Merged): void {
  const before = request.oldObject === undefined ? [] : of.expand(request.oldObject).servers;
  for (const { name, prepared, authored } of members) {
    const verdict = judge(prepared, new LateContext(options, facts));
    const old = before.find(({ manifest }) => nameOf(manifest) === name)?.manifest;
    const judgeOld = (rules: ReadonlySet<string>) =>
      judge(prepare(old, options.policy.compatibility), new LateContext(options, facts, rules));
    const { operation } = request;
    const { enforced, tolerated } = tolerate({ operation, oldObject: old }, verdict, judgeOld);
    merged.add(inWordsOf(authored, { findings: verdict.findings, enforced, tolerated }));
  }
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

/**
 * What is written once is told once, however many MCPServers have it; refused where one of them is refused for it. Of what
 * one MCPServer is told nothing else is kept when it is the turn of the next.
 */
class Merged {
  /** By {@link identifyFinding}. */
  readonly #findings = new Map<string, Finding>();
  readonly #enforced = new Set<Finding>();
  readonly #tolerated = new Set<Finding>();

  add({ findings, enforced, tolerated }: Ruled): void {
    const known = new Map(findings.map((one) => [one, this.#keep(one)]));
    for (const one of enforced) this.#enforced.add(known.get(one) ?? this.#keep(one));
    for (const one of tolerated) this.#tolerated.add(known.get(one) ?? this.#keep(one));
  }

  #keep(finding: Finding): Finding {
    const key = identifyFinding(finding);
    const kept = this.#findings.get(key) ?? finding;
    this.#findings.set(key, kept);
    return kept;
  }

  all(): Ruled {
    const tolerated = [...this.#tolerated].filter((one) => !this.#enforced.has(one));
    return { findings: [...this.#findings.values()], enforced: [...this.#enforced], tolerated };
  }
}

function identifyFinding({ ruleId, severity, path, headline, detail }: Finding): string {
  return JSON.stringify([ruleId, severity, path, headline, detail]);
}

function say(request: AdmissionRequest, ruled: Ruled, options: ValidateOptions): Answer {
  return ruled.findings.length === 0 ? answerNothing(options) : answerWith(request, ruled, options);
}
