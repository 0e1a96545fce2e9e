import type { Finding } from '../core/engine/finding.ts';
import type { Policy } from '../core/engine/policy.ts';
import { builtInPolicy } from '../core/rules/built-in-policy.ts';
import { structure } from '../core/mcpserver/structure.gen.ts';
import type { InputProblem, Manifest, Position } from '../platform/manifests/manifest.ts';
import { compileCrdRules } from './crd-rules.ts';
import type { Input } from './gather.ts';
import { identityOf } from './identity.ts';
import type { NotChecked } from './input-facts.ts';
import { judgeManifest, type JudgedServer } from './judge-manifest.ts';
import type { FieldValidation } from './validate-option.ts';

/** One finding at its place in a file. */
export interface Located extends Position {
  readonly file: string;
  readonly server: { readonly namespace: string; readonly name: string };
  readonly finding: Finding;
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
  /** How many documents of the input were something else (what servers can name is not counted). */
  readonly others: number;
  /** File by file in the order of the input, each by line. */
  readonly findings: readonly Located[];
  readonly notChecked: readonly NotChecked[];
  /** CEL rules of the CRD that compare with the object before the change. */
  readonly rulesNotJudged: readonly string[];
  /** Servers of which the schema refuses so much that neither CEL rules nor ours could be asked. */
  readonly rulesNotJudgedFor: readonly NotJudged[];
  readonly problems: readonly InputProblem[];
}

export interface JudgedManifest extends JudgedServer {
  readonly manifest: Manifest;
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
}

/** Every server of the input with what is to be said about it, by the rules that the webhook uses. */
export function judgeInput(
  input: Input,
  { policy = builtInPolicy, namespace, validate, now }: JudgeOptions,
): JudgedInput {
  const crdRules = compileCrdRules(structure);
  const factsIn = (of: string) => input.facts.in(of);
  const context = { policy, now, crdRules, namespace, validate, factsIn };
  const judged = input.servers.map((manifest) => {
    const result = judgeManifest(manifest.value, context);
    return { ...result, manifest, located: locate(manifest, result.findings, namespace) };
  });
  const rulesNotJudgedFor = judged
    .filter(({ server }) => server === undefined)
    .map(({ manifest }) => toNotJudged(manifest, namespace));
  return { judged, rulesNotJudged: crdRules.notJudged, rulesNotJudgedFor };
}

function toNotJudged({ file, value }: Manifest, defaultNamespace: string): NotJudged {
  const { namespace, name } = identityOf(value, defaultNamespace);
  return { file, namespace, name };
}

export function toReport(input: Input, options: JudgeOptions): CheckReport {
  const { judged, rulesNotJudged, rulesNotJudgedFor } = judgeInput(input, options);
  return {
    servers: input.servers.length,
    others: input.others,
    findings: judged.flatMap(({ located }) => located),
    notChecked: input.facts.notChecked,
    rulesNotJudged,
    rulesNotJudgedFor,
    problems: input.problems,
  };
}

function locate(manifest: Manifest, findings: readonly Finding[], defaultNamespace: string): readonly Located[] {
  const { namespace, name } = identityOf(manifest.value, defaultNamespace);
  // One object for all findings of a server: that is how they are counted.
  const server = { namespace, name };
  return findings
    .map((finding) => ({
      file: manifest.file,
      ...manifest.locate(finding.path),
      server,
      finding,
    }))
    .sort(byPlace);
}

function byPlace(a: Located, b: Located): number {
  return a.line - b.line || a.column - b.column || compare(a.finding.ruleId, b.finding.ruleId);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
