import { applyDefaults } from '../defaults/apply.ts';
import type { CompatibilityProfile } from '../mcpserver/compatibility.ts';
import { parseMCPServer } from '../mcpserver/parse.ts';
import { referencesOf } from '../mcpserver/references.ts';
import type { Reference } from '../mcpserver/references.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import { evaluate, type EvaluateContext } from './evaluate.ts';
import type { ReferenceFacts } from './facts.ts';
import type { Finding } from './finding.ts';
import type { ApiStates, Installation } from './installation.ts';
import { toSchemaFinding } from './schema-finding.ts';

/** What came in, read and completed: all that can be said before anything is looked up. */
export type Prepared = PreparedServer | Unreadable;

export interface PreparedServer {
  readonly parsed: true;
  /** With every default: what would run, and what rules judge. */
  readonly server: MCPServer;
  /** Everything that it references, those without a name included. */
  readonly references: readonly Reference[];
}

/** No rule can judge it. */
export interface Unreadable {
  readonly parsed: false;
  /** As it came. */
  readonly object: unknown;
  /** What the schema has against it: denials, at least one. */
  readonly findings: readonly Finding[];
}

/** What a verdict depends on, besides the object. */
export interface JudgeContext extends EvaluateContext {
  /** Of the references of the object. */
  readonly facts: ReferenceFacts;
  /** Absent where nobody knows it. */
  readonly installation?: Installation | undefined;
  /** Default: those that the installation knows. */
  readonly apis?: ApiStates | undefined;
}

/** Everything that there is to say about one object, every finding at once. */
export type Verdict = (PreparedServer & { readonly findings: readonly Finding[] }) | Unreadable;

/**
 * The object as it is judged. It may be whatever somebody sent, and then no rule is asked. `compatibility`: of the policy that
 * judges.
 */
export function prepare(raw: unknown, compatibility?: CompatibilityProfile): Prepared {
  const parsed = parseMCPServer(raw);
  if (!parsed.ok) {
    return { parsed: false, object: raw, findings: parsed.violations.map((one) => toSchemaFinding(one, 'deny')) };
  }
  const server = applyDefaults(parsed.server, compatibility);
  return { parsed: true, server, references: referencesOf(server) };
}

/**
 * The one verdict: what the webhook answers, the reconciler acts on and `check` prints. Who has looked nothing up yet
 * gathers facts between the two halves; the others call `judge(prepare(raw), …)`. Runs for every admission request, so
 * beside what the rules say it builds only its own input and result.
 */
export function judge(prepared: Prepared, context: JudgeContext): Verdict {
  if (!prepared.parsed) return prepared;
  const { server, references } = prepared;
  const { facts, installation, apis = installation?.apis } = context;
  const input = { server, references, facts, installation, apis };
  return { parsed: true, server, references, findings: evaluate(input, context) };
}

/** What findings speak about: the paths lead into it. */
export function judgedObject(verdict: Verdict): unknown {
  return verdict.parsed ? verdict.server : verdict.object;
}
