import type { Reference } from '../mcpserver/references.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import type { ReferenceFacts } from './facts.ts';
import type { Severity } from './finding.ts';
import type { Installation } from './installation.ts';
import type { JudgedContainer } from './judged-container.ts';

/** What a rule may see. */
export interface RuleInput {
  /** The MCPServer with every default applied: rules judge what would run, in all three programs. */
  readonly server: MCPServer;
  /** Everything that the server references: listed once, because several rules look at it. */
  readonly references: readonly Reference[];
  readonly facts: ReferenceFacts;
  /** Absent where nobody knows it. */
  readonly installation?: Installation | undefined;
  /** Those that pods may have; for tests. Default: those that are built (core/resources/pod/containers.ts). */
  readonly containers?: readonly JudgedContainer[] | undefined;
}

/** A manifest that shows the rule at work: a test, and a sample on the rule's page. */
export interface Example {
  /** Completes "accepts …" or "rejects …": "a container that runs as user 65532". */
  readonly title: string;
  /** Merged over the smallest valid MCPServer (core/testing). */
  readonly name?: string;
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Names to key names of the objects that exist; everything else is missing. */
  readonly configMaps?: Readonly<Record<string, readonly string[]>>;
  readonly secrets?: Readonly<Record<string, readonly string[]>>;
  /** Names of those that exist. */
  readonly serviceAccounts?: readonly string[];
  /** Where mcp-lifecycle runs; the server is in the namespace `mcp`. */
  readonly installation?: Installation;
}

/** One thing that must hold for an MCPServer. One rule = one file, named as its id. */
export interface Rule {
  /** Kebab-case, equals the file name; stable for ever (users write it into policies). */
  readonly id: string;
  readonly severity: Severity;
  /**
   * Set for the rules that together are the restricted Pod Security Standard (docs/decisions/0014): what they find is
   * never taken for old where nobody can tell when it came (docs/decisions/0036).
   */
  readonly isAboutPrivileges?: true;
  /**
   * Set where pods cannot start (or never be verified) with what it finds: the reconciler rolls nothing out until it is
   * gone, although admission may only warn, because it may come later (docs/decisions/0005).
   */
  readonly holdsBack?: true;
  /** One sentence: what must hold. Ends with a full stop. */
  readonly summary: string;
  /** A paragraph for the rule's page: why, and what happens otherwise. */
  readonly rationale: string;
  /** One imperative sentence: what to do about a finding. Ends with a full stop. */
  readonly remedy: string;
  readonly examples: { readonly accepts: readonly Example[]; readonly rejects: readonly Example[] };
  /** Every violation, in field order. Must not throw for a valid MCPServer. */
  check(input: RuleInput): readonly Violation[];
}
