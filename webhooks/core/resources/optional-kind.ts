import type { ApiState, ApiStates } from '../engine/installation.ts';
import type { Asking, ExpandedKind, OptionalApi } from './expanded-kind.ts';

/** A kind whose API a cluster may lack. */
export type OptionalKind = ExpandedKind & { readonly requirement: OptionalApi };

export function isOptional(of: ExpandedKind): of is OptionalKind {
  return of.requirement !== 'required';
}

/** An optional kind for which a server asks in its spec. */
export type AskedKind = OptionalKind & { readonly requirement: { readonly asking: Asking } };

export function isAsked(of: ExpandedKind): of is AskedKind {
  return isOptional(of) && of.requirement.asking !== undefined;
}

/** Of a kind that nobody looked for, nobody can tell. */
export function stateOf(of: ExpandedKind, apis: ApiStates): ApiState {
  return isOptional(of) ? (apis.get(of.kind) ?? 'unknown') : 'served';
}

/** The kinds whose API is known to be there. Of the others nothing is created, changed or pruned. */
export function usableKinds(kinds: readonly ExpandedKind[], apis: ApiStates): readonly ExpandedKind[] {
  return kinds.filter(
    (of) => stateOf(of, apis) === 'served' && !isInDoubt(of, apis) && !missingBeside(of, kinds, apis),
  );
}

function isInDoubt(of: ExpandedKind, apis: ApiStates): boolean {
  const { insteadOf } = isOptional(of) ? of.requirement : {};
  return insteadOf !== undefined && (apis.get(insteadOf) ?? 'unknown') === 'unknown';
}

/**
 * The kind without which this one is not used, and which is not known to be there: the one that it is beside, or the one that that is
 * beside, and so on. Undefined: all are there.
 */
export function missingBeside(of: ExpandedKind, kinds: readonly ExpandedKind[], apis: ApiStates): string | undefined {
  let at = besideOf(of);
  // No more steps than kinds, whatever they say of one another.
  for (let left = kinds.length; at !== undefined && left > 0; left -= 1) {
    if (apis.get(at) !== 'served') return at;
    at = besideOf(kinds.find(({ kind }) => kind === at));
  }
  return undefined;
}

function besideOf(of: ExpandedKind | undefined): string | undefined {
  return of !== undefined && isOptional(of) ? of.requirement.beside : undefined;
}

/** What a server that asks for an optional kind has to do without. */
export interface Lack {
  readonly status: 'False' | 'Unknown';
  readonly reason: 'FeatureDisabled' | 'APINotInstalled' | 'NotChecked';
  /** What is missing. */
  readonly what: string;
  /** How to get it: an imperative clause. */
  readonly fix: string;
  /** What becomes of the part of the spec that asks for it: the predicate of a clause. */
  readonly effect: 'is not followed' | 'has no effect' | 'is not followed yet';
  /** What there may still be of it, and works: a clause. */
  readonly stays?: string;
}

/** What has to be there first; undefined when nothing is missing. */
export function lackOf({ apiVersion, kind, requirement }: OptionalKind, state: ApiState): Lack | undefined {
  const { feature, install, evidence } = requirement;
  const nobody = evidence === undefined ? '' : `, or nobody who obeys one (no ${evidence})`;
  switch (state) {
    case 'served':
      return undefined;
    case 'off':
      return {
        status: 'False',
        reason: 'FeatureDisabled',
        what: `${feature} is switched off in this installation`,
        fix: `set ${feature}.enabled=true in the values of the mcp-lifecycle chart`,
        effect: 'is not followed',
        stays: whatStaysOf(kind),
      };
    case 'absent':
      return {
        status: 'False',
        reason: 'APINotInstalled',
        what: `this cluster has no ${kind} (${apiVersion})${nobody}`,
        fix: `${install} (noticed within a minute)`,
        effect: 'has no effect',
      };
    case 'unknown':
      return {
        status: 'Unknown',
        reason: 'NotChecked',
        what: `${kind} (${apiVersion}) could not be looked up yet`,
        fix: 'it is tried again',
        effect: 'is not followed yet',
      };
  }
}

/** Where its feature is off we do not look, and touch nothing. */
export function whatStaysOf(kind: string): string {
  return `any ${kind} of before stays, and goes on, until somebody deletes it`;
}
