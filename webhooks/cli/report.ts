import type { ReferenceFacts } from '../core/engine/facts.ts';
import type { Finding } from '../core/engine/finding.ts';
import { judgedObject } from '../core/engine/judge.ts';
import type { Policy } from '../core/engine/policy.ts';
import { fingerprint } from '../core/engine/ratchet.ts';
import { ratchetUpdate } from '../core/engine/ratchet-update.ts';
import { enforceExpired } from '../core/plan/expired.ts';
import { builtInPolicy } from '../core/rules/built-in-policy.ts';
import { structure } from '../core/mcpserver/structure.gen.ts';
import { digest } from '../platform/digest.ts';
import { listAt, recordAt } from '../platform/kube/object.ts';
import type { InputProblem, Manifest, Position } from '../platform/manifests/manifest.ts';
import type { Base } from './base.ts';
import { compileCrdRules } from './crd-rules.ts';
import type { Input } from './gather.ts';
import { identityOf } from './identity.ts';
import { findFeaturesNotChecked, type FeatureNotChecked } from './features-not-checked.ts';
import type { NotChecked } from './input-facts.ts';
import { judgeInClusters } from './judge-in-clusters.ts';
import type { JudgedBy } from './judged-by.ts';
import type { ClusterFacts } from './known-facts.ts';
import { judgeManifest, type JudgedServer, type ManifestContext } from './judge-manifest.ts';
import { prefixHoldersOf } from './prefix-claims.ts';
import {
  addOwnFindings,
  toAuthored,
  validationOf,
  type ServerManifest,
  type WholeJudgement,
} from './server-manifest.ts';
import type { FieldValidation } from './validate-option.ts';

/** A server of the input. */
export interface CheckedServer {
  readonly file: string;
  readonly namespace: string;
  /** Empty where there is none, or the API server would make one. */
  readonly name: string;
  /** Whether the base has it, so that it was judged as the update that it is. */
  readonly isUpdate: boolean;
  /** The same for all that one object becomes. */
  readonly partOf?: object;
}

/** One finding at its place in a file. */
export interface Located extends Position {
  readonly file: string;
  /** The same object for all findings of a server: that is how they are counted. */
  readonly server: CheckedServer;
  readonly finding: Finding;
  /** Whether the base has it as well, unchanged: it fails nothing. */
  readonly isTolerated: boolean;
  /**
   * The same as long as server, rule, place and value are, wherever the manifest stands and whatever is said about it;
   * another one for each finding of a report.
   */
  readonly fingerprint: string;
}

/** A server whose findings may not be all of them. */
export interface NotJudged {
  readonly file: string;
  readonly namespace: string;
  readonly name: string;
}

/** What `check` found, before it is a text or JSON. */
export interface CheckReport {
  /** How many MCPServers were judged. */
  readonly servers: number;
  /** Each of them, in the order of the input. */
  readonly checked: readonly CheckedServer[];
  /** How many documents of the input were something else (what servers can name is not counted). */
  readonly others: number;
  /** File by file in the order of the input, each by line. */
  readonly findings: readonly Located[];
  readonly notChecked: readonly NotChecked[];
  readonly featuresNotChecked: readonly FeatureNotChecked[];
  /** CEL rules of the CRD that compare with the object before the change. */
  readonly rulesNotJudged: readonly string[];
  /** Servers of which the schema refuses so much that neither CEL rules nor ours could be asked. */
  readonly rulesNotJudgedFor: readonly NotJudged[];
  readonly problems: readonly InputProblem[];
  /** What the input was compared with, and the policy of then, each as the user named it. */
  readonly base?: { readonly name: string; readonly policy: string | undefined };
  /** What some of the other documents are, where they look as if they were meant: a clause for each. */
  readonly othersTold?: readonly string[];
  /** Which policies judged; absent where nobody named one, and no cluster was asked. */
  readonly policies?: readonly JudgedBy[];
  /** Entries of the policy that this release does not know or does not do, as a cluster ignores them. */
  readonly ignoredOfPolicy?: readonly InputProblem[];
}

/** What is said of an input of which nothing was judged. */
export function refusedReport(problems: readonly InputProblem[]): CheckReport {
  return {
    ...{ servers: 0, checked: [], others: 0, findings: [], rulesNotJudged: [], rulesNotJudgedFor: [] },
    ...{ notChecked: [], featuresNotChecked: [] },
    problems,
  };
}

/** Whether a finding may fail a gate. That an exemption ends soon is told; until then the server is excused. */
export function countsForGate({ finding, isTolerated }: Pick<Located, 'finding' | 'isTolerated'>): boolean {
  return !isTolerated && finding.exemption !== 'ending';
}

export interface JudgedManifest extends JudgedServer {
  readonly manifest: ServerManifest;
  readonly checked: CheckedServer;
  readonly located: readonly Located[];
}

export interface JudgedInput extends Pick<CheckReport, 'rulesNotJudged' | 'rulesNotJudgedFor'> {
  readonly judged: readonly JudgedManifest[];
}

export interface JudgeOptions {
  /** Default: what judges in a cluster without a policy. */
  readonly policy?: Policy;
  /** Of servers that name none. */
  readonly namespace: string;
  readonly validate: FieldValidation;
  /** RFC 3339. */
  readonly now: string;
  /** What the input is an update of; without it every server is new. */
  readonly base?: Base | undefined;
}

/** Every server of the input with what is to be said about it, by the rules that the webhook uses. */
export function judgeInput(
  input: Input,
  { policy = builtInPolicy, namespace, validate, now, base }: JudgeOptions,
): JudgedInput {
  const crdRules = compileCrdRules(structure);
  const context = { policy, now, crdRules, namespace, validate, labelsOf: input.labelsOf };
  const { facts, clusters } = input;
  const prefixHolderIn = prefixHoldersOf(input, namespace);
  const besideFacts = (of: string, cluster?: ClusterFacts): ReferenceFacts => ({
    ...facts.beside(of),
    prefixHolder: prefixHolderIn(cluster),
  });
  const besideIt = { ...context, factsIn: besideFacts, clusters };
  const locate = createLocate();
  const judged = input.servers.map((manifest) => {
    const own = { ...context, validate: validationOf(manifest, validate) };
    const inClusters = judgeInClusters(manifest.value, own, {
      clusters,
      factsIn: (of, cluster) => ({ ...facts.in(of, cluster), prefixHolder: prefixHolderIn(cluster) }),
    });
    const result = addOwnFindings(inClusters, manifest, validate);
    const identity = identityOf(manifest.value, namespace);
    const before = base?.find(manifest.file, identity);
    const { file } = manifest;
    const partOf = manifest.composed === undefined ? {} : { partOf: manifest.composed.whole };
    const checked = {
      ...{ file, namespace: identity.namespace, name: identity.name, isUpdate: before !== undefined },
      ...partOf,
    };
    const compared = before === undefined ? asNew(result) : compareWith(before, result, { ...besideIt, base });
    return { ...result, manifest, checked, located: locate({ ...result, ...compared, manifest, checked }) };
  });
  const rulesNotJudgedFor = judged
    .filter(({ server }) => server === undefined)
    .map(({ checked: { file, namespace: of, name } }) => ({ file, namespace: of, name }));
  return { judged, rulesNotJudged: crdRules.notJudged, rulesNotJudgedFor };
}

export function toReport(input: Input, options: JudgeOptions): CheckReport {
  const { judged, rulesNotJudged, rulesNotJudgedFor } = judgeInput(input, options);
  const { base } = options;
  return {
    servers: input.servers.length,
    checked: judged.map(({ checked }) => checked),
    others: input.others,
    othersTold: input.othersTold ?? [],
    findings: judged.flatMap(({ located }) => located),
    notChecked: input.facts.notChecked,
    featuresNotChecked: findFeaturesNotChecked(
      judged.flatMap(({ server }) => server ?? []),
      input.clusters,
    ),
    rulesNotJudged,
    rulesNotJudgedFor,
    problems: input.problems,
    ...(base === undefined ? {} : { base: { name: base.name, policy: base.policy?.name } }),
  };
}

/** What is said of an update, and what of it is tolerated. */
interface Compared {
  readonly findings: readonly Finding[];
  readonly tolerated: ReadonlySet<Finding>;
}

function asNew({ findings }: Pick<JudgedServer, 'findings'>): Compared {
  return { findings, tolerated: new Set() };
}

interface UpdateContext extends ManifestContext {
  readonly clusters: readonly ClusterFacts[];
  readonly base: Pick<Base, 'policy'> | undefined;
}

/**
 * What the server had before, too, is tolerated: as the webhook and the API server tolerate it, and warnings as well,
 * because who gates on them gates on new ones. The old object is judged by the policy of now, as at admission.
 */
function compareWith(manifest: ServerManifest, judged: JudgedServer, context: UpdateContext): Compared {
  const { verdict, findings, ofRequest } = judged;
  const isAnew = new Set(ofRequest);
  const comparable = findings.filter((finding) => !isAnew.has(finding));
  if (comparable.length === 0) return asNew(judged);
  const { value: before } = manifest;
  const old = addOwnFindings(judgeInClusters(before, context, context), manifest, context.validate);
  const now = { object: judgedObject(verdict), findings: comparable };
  const known = { object: judgedObject(old.verdict), findings: old.findings };
  const tolerance = ratchetUpdate(now, known, digest);
  // What status remembers may excuse what the rest of the old object does not.
  if (tolerance.tolerated.length === 0 && recordAt(before, 'status') === undefined) return asNew(judged);
  const excused = excusedBefore(before, context);
  const { enforced, tolerated } = enforceExpired(tolerance, old.verdict, verdict, { digest, excused });
  return { findings: [...ofRequest, ...enforced, ...tolerated], tolerated: new Set(tolerated) };
}

/**
 * The rules from which the old object was excused: by the policy of before, or by what its status remembers, where it is
 * from a cluster. What is created has no status, so the object that is judged has none.
 */
function excusedBefore(before: unknown, { base, ...context }: UpdateContext): readonly string[] {
  const remembered = listAt(recordAt(recordAt(recordAt(before, 'status'), 'extensions'), 'policy'), 'excused');
  const ids = remembered.filter((id) => typeof id === 'string');
  const policy = base?.policy?.policy;
  if (policy?.exemptionOf === undefined) return ids;
  const { findings } = judgeManifest(before, { ...context, policy });
  return [...ids, ...findings.filter(({ exemption }) => exemption !== undefined).map(({ ruleId }) => ruleId)];
}

interface Unlocated extends Compared, Pick<WholeJudgement, 'verdict' | 'own'> {
  readonly manifest: ServerManifest;
  readonly checked: CheckedServer;
}

/** Where findings stand, and what they are known by. Each report needs its own: it counts what looks the same. */
function createLocate(): (judged: Unlocated) => readonly Located[] {
  const known = new Map<string, number>();
  const identify = ({ namespace, name }: CheckedServer, print: string): string => {
    const identity = digest(JSON.stringify([namespace, name, print]));
    const count = known.get(identity) ?? 0;
    known.set(identity, count + 1);
    return count === 0 ? identity : digest(`${identity} ${count}`);
  };
  return ({ verdict, findings, own, manifest, checked, tolerated }) =>
    fingerprint({ object: judgedObject(verdict), findings }, digest)
      .map(({ finding, fingerprint: print }) => ({
        file: manifest.file,
        ...locateIn(manifest, own.has(finding))(finding.path),
        server: checked,
        finding: toAuthored(finding, manifest, own),
        isTolerated: tolerated.has(finding),
        fingerprint: identify(checked, print),
      }))
      .sort(byPlace);
}

function locateIn({ composed, locate }: ServerManifest, isOwn: boolean): Manifest['locate'] {
  return isOwn && composed !== undefined ? composed.locate : locate;
}

function byPlace(a: Located, b: Located): number {
  return a.line - b.line || a.column - b.column || compare(a.finding.ruleId, b.finding.ruleId);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
