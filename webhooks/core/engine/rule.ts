import type { Reference } from '../mcpserver/references.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import type { ReferenceFacts } from './facts.ts';
import type { ApiStates, Installation } from './installation.ts';
import type { JudgedContainer } from './judged-container.ts';
import type { ParametersOf, ParameterTable, RuleParameters } from './parameters.ts';

/** What a rule may see. */
export interface RuleInput {
  /** The MCPServer with every default applied: rules judge what would run, in all three programs. */
  readonly server: MCPServer;
  /** Everything that the server references: listed once, because several rules look at it. */
  readonly references: readonly Reference[];
  readonly facts: ReferenceFacts;
  /** Absent where nobody knows it. */
  readonly installation?: Installation | undefined;
  /** Of the optional kinds; absent where nobody knows them. On the command line those that a cluster told. */
  readonly apis?: ApiStates | undefined;
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
  /** ConfigMaps for gateways that exist: names to what they say. */
  readonly gatewaySettings?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Gateways that are known: namespace and name to the hosts of their HTTP listeners, of which an empty one takes any. */
  readonly gateways?: Readonly<Record<string, readonly string[]>>;
  /** Prefixes that servers have: MCPGatewayExtension (`namespace/name`) and prefix to the servers, oldest first (`namespace/name`). */
  readonly prefixes?: Readonly<Record<string, readonly string[]>>;
  readonly secrets?: Readonly<Record<string, readonly string[]>>;
  /** Names of those that exist. */
  readonly serviceAccounts?: readonly string[];
  readonly priorityClasses?: readonly string[];
  readonly runtimeClasses?: readonly string[];
  /** Names to access modes of the PersistentVolumeClaims that exist. */
  readonly claims?: Readonly<Record<string, readonly string[]>>;
  /** Where mcp-lifecycle runs; the server is in the namespace `mcp`. */
  readonly installation?: Installation;
  /** What a policy gives the rule, besides its defaults. */
  readonly parameters?: RuleParameters;
}

/** The revision of the catalogue before any rule said that it became stricter. */
export const firstRevision = 1;

/** One thing that must hold for an MCPServer. One rule = one file, named as its id. */
export interface Rule {
  /** Kebab-case, equals the file name; stable for ever (users write it into policies). */
  readonly id: string;
  /** Where no policy says otherwise. */
  readonly severity: 'deny' | 'warn';
  /** It judges nothing until a policy names it: what it demands is for somebody to decide, mostly by its parameters. */
  readonly isOptIn?: true;
  /**
   * It looks at nothing of the spec but how many replicas there are and may be, so it is asked where that is scaled as well. That webhook
   * fails open, so what it finds is never taken for old where nobody can tell when it came (docs/decisions/0048).
   */
  readonly isAboutReplicas?: true;
  /**
   * No policy makes it less severe and nobody is excused from it: it keeps authors of MCPServers from becoming us, or our
   * own check after an install rests on it.
   */
  readonly isMandatory?: true;
  /** What a policy can give it. */
  readonly parameters?: ParameterTable;
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
  /**
   * The revision of the catalogue since which it refuses or warns about what it did not before; for a new rule that in
   * which it came. Whoever raises it takes one more than the highest of all rules: an upgrade then tolerates what this rule
   * finds in a server that was changed meanwhile (docs/decisions/0060). Default: the first.
   */
  readonly stricterIn?: number;
  /** One sentence: what must hold. Ends with a full stop. */
  readonly summary: string;
  /** A paragraph for the rule's page: why, and what happens otherwise. */
  readonly rationale: string;
  /** One imperative sentence: what to do about a finding. Ends with a full stop. */
  readonly remedy: string;
  readonly examples: { readonly accepts: readonly Example[]; readonly rejects: readonly Example[] };
  /** Every violation, in field order. Must not throw for a valid MCPServer. */
  check(input: RuleInput, parameters: RuleParameters): readonly Violation[];
}

/** A rule whose check is given what its table declares, in the types of the table. */
export interface RuleDefinition<Table extends ParameterTable> extends Omit<Rule, 'check' | 'parameters'> {
  readonly parameters: Table;
  check(input: RuleInput, parameters: ParametersOf<Table>): readonly Violation[];
}

/** For rules with parameters. Whoever calls `check` gives it what was read by the table (core/policy/parameter-shape.ts). */
export function defineRule<const Table extends ParameterTable>(rule: RuleDefinition<Table>): Rule;
export function defineRule(rule: Rule): Rule {
  return rule;
}
