import type { ApiState, ApiStates } from '../engine/installation.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import { renderPath } from '../mcpserver/violation.ts';
import type { ChildKind, Trouble } from '../resources/expanded-kind.ts';
import { GATEWAY_REGISTERED } from '../resources/gateway-asking.ts';
import { expandedKinds } from '../resources/index.gen.ts';
import { INGRESS_PUBLISHED } from '../resources/ingress.ts';
import { mcpGatewayBinding } from '../resources/mcp-gateway-binding.ts';
import { isAsked, lackOf, stateOf } from '../resources/optional-kind.ts';
import type { AskedKind, Lack } from '../resources/optional-kind.ts';
import type { Outcome } from './action.ts';
import { problemsOf } from './child-problem.ts';
import { conditionOf, sayAgain } from './condition.ts';
import type { Said } from './condition.ts';
import type { ObservedChild } from './observed.ts';

/** Of these there is more to say: see gateway-registered.ts and ingress-published.ts. */
const decidedElsewhere: ReadonlySet<string> = new Set([GATEWAY_REGISTERED, INGRESS_PUBLISHED]);

const allAsked = expandedKinds.filter(isAsked);
const askedKinds = allAsked.filter(({ requirement }) => !decidedElsewhere.has(requirement.asking.condition));

/** Types of the conditions that optional kinds have, each once, but for `GatewayRegistered`, which the reference API has, too. */
export const optionalTypes: readonly string[] = [
  ...new Set(allAsked.map(({ requirement }) => requirement.asking.condition)),
].filter((type) => type !== GATEWAY_REGISTERED);

export interface OptionalInput {
  /** With every default applied. */
  readonly server: MCPServer;
  readonly apis: ApiStates;
  readonly outcomes: readonly Outcome[];
  /** As they are after our writes. */
  readonly children: readonly ObservedChild[];
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/**
 * What an object says of itself has to last for so long before it is told, in milliseconds: the metrics of new pods take a
 * minute, and a source of metrics may be away for a moment.
 */
const patienceMs = 120_000;

/**
 * One condition for each optional kind that the server asks for: what became of it, or what is missing and how to get it. No
 * other condition speaks of them: an API that is not there makes a server neither unavailable nor unaccepted.
 */
export function optionalConditions(input: OptionalInput): readonly Said[] {
  const { server } = input;
  return askedKinds
    .filter(({ requirement }) => requirement.asking.isAskedFor(server))
    .map((of) => sayOptional(of, input));
}

/**
 * Where nothing is brought about, what was said of an optional kind stays, but for what is missing: that is of the installation
 * and the cluster as they are, whatever became of the server. By type.
 */
export function lackingNow({ server, apis }: Pick<OptionalInput, 'server' | 'apis'>): ReadonlyMap<string, Said> {
  const said = new Map<string, Said>();
  for (const of of allAsked) {
    const { asking } = of.requirement;
    const type = asking.condition;
    // Of its route somebody else may have to tell.
    if (type === GATEWAY_REGISTERED && of.kind !== mcpGatewayBinding.kind) continue;
    const before = conditionOf(server.status, type);
    if (before === undefined || !asking.isAskedFor(server)) continue;
    const lack = sayLack(of, stateOf(of, apis));
    if (lack?.status === 'False') said.set(type, { type, ...lack });
    else if (lack === undefined && lackReasons.has(before.reason)) said.set(type, { type, ...waitingFor(of) });
  }
  return said;
}

/** When what is not told yet will be told, in milliseconds; undefined: there is no such thing. */
export function tellsTroubleInMs({ children, nowMs }: Pick<OptionalInput, 'children' | 'nowMs'>): number | undefined {
  const waits = children.flatMap(({ trouble }) => (trouble === undefined ? [] : [untilToldMs(trouble, nowMs)]));
  const coming = waits.filter((ms) => ms > 0);
  return coming.length === 0 ? undefined : Math.min(...coming);
}

/** Zero or less: now. Of a moment that nobody can read, or that is further ahead than clocks differ, it is told at once. */
function untilToldMs({ since }: Trouble, nowMs: number): number {
  const ageMs = nowMs - Date.parse(since);
  return ageMs >= -patienceMs ? patienceMs - Math.max(0, ageMs) : 0;
}

/** What became of the objects of one kind. */
export function sayOptional(of: AskedKind, input: OptionalInput): Said {
  const type = of.requirement.asking.condition;
  const { status } = input.server;
  const before = conditionOf(status, type);
  // Nothing new is known, as in the first moments after a start: what was said stays.
  if (before !== undefined && stateOf(of, input.apis) === 'unknown') {
    const cause = status?.extensions?.causes?.[type];
    return { type, ...sayAgain(before), ...(cause === undefined ? {} : { cause }) };
  }
  return { type, ...verdictOf(of, input) };
}

function verdictOf(of: AskedKind, input: OptionalInput): Omit<Said, 'type'> {
  const { server, apis, outcomes, children } = input;
  const { asking } = of.requirement;
  const lack = sayLack(of, stateOf(of, apis));
  if (lack !== undefined) return lack;
  // Another kind of the same feature counts too: what it left behind does the same thing twice.
  const [problem] = problemsOf(outcomes.filter(({ action }) => isAbout(action.of, asking.condition)));
  if (problem !== undefined) {
    const message = withClause(problem.message, asking.hintOnRefusal?.(server));
    return { status: 'False', ...problem, message };
  }
  const existing = children.find(({ kind, controller }) => kind === of.kind && isOurs(controller, server));
  if (existing === undefined) return waitingFor(of);
  const applied = `${of.kind} ${existing.name} is applied`;
  const trouble = troubleToTell(of, existing, input);
  if (trouble !== undefined) return { ...trouble, message: `${applied} and does nothing: ${trouble.message}` };
  return { status: 'True', reason: 'Applied', message: withClause(applied, asking.caveat(server)) };
}

const lackReasons: ReadonlySet<string> = new Set<Lack['reason']>(['FeatureDisabled', 'APINotInstalled']);

function sayLack(of: AskedKind, state: ApiState): Omit<Said, 'type'> | undefined {
  const lack = lackOf(of, state);
  if (lack === undefined) return undefined;
  const { status, reason, what, fix, effect, stays } = lack;
  const message = withClause(`${renderPath(of.requirement.asking.path)} ${effect}: ${what}; ${fix}`, stays);
  return { status, reason, message, cause: of.kind };
}

function waitingFor({ kind }: AskedKind): Omit<Said, 'type'> {
  return { status: 'Unknown', reason: 'Initializing', message: `Waiting for the ${kind}` };
}

/** What its controller says, and what to do about it. */
function troubleToTell(
  of: AskedKind,
  { trouble }: ObservedChild,
  { nowMs }: OptionalInput,
): Omit<Said, 'type'> | undefined {
  if (of.trouble === undefined || trouble === undefined || untilToldMs(trouble, nowMs) > 0) return undefined;
  const { cause, message } = trouble;
  const said = message === '' ? cause : `${cause}: ${message}`;
  return { status: 'False', reason: of.trouble.reason, message: withClause(said, of.trouble.remedyOf(trouble)), cause };
}

function withClause(message: string, clause: string | undefined): string {
  return clause === undefined ? message : `${message}; ${clause}`;
}

function isAbout({ requirement }: ChildKind, condition: string): boolean {
  return requirement !== 'required' && requirement.asking?.condition === condition;
}

export function isOurs(controller: ObservedChild['controller'], { metadata }: MCPServer): boolean {
  return controller?.uid !== undefined && controller.uid === metadata.uid;
}
