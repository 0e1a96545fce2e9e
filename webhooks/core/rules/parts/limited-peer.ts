import { join, none } from '../../engine/violations.ts';
import { inside, pathTo, type Place } from '../../mcpserver/place.ts';
import type { IPBlock, LabelSelector, NetworkPolicyPeer } from '../../mcpserver/types.gen.ts';
import type { FieldPath, Violation } from '../../mcpserver/violation.ts';
import { covers, doOverlap, isInRanges, parseRange, rangesOf, type NamedRange } from './address-ranges.ts';
import type { Cidr } from './cidr.ts';
import { listed } from './listed.ts';

/** What a policy lets network peers be. */
export interface PeerLimits {
  /** Blocks of addresses must be in one of these. */
  readonly ranges: readonly string[];
  /** No block may hold an address of these, unless it excepts all of them. */
  readonly refused: readonly string[];
  /** Whether a peer may be in any namespace. */
  readonly everyNamespace: boolean;
  /** Of the field with the ports at which these peers are reached; absent where the author does not choose them. */
  readonly ports?: FieldPath;
}

/**
 * What is to be said about a peer: that it is whoever happens to be there. Who that is depends on all of the peer, not only
 * on the part that is wrong. A peer that Kubernetes refuses is for {@link checkUsable} (usable-network.ts).
 */
export function checkPeer(peer: NetworkPolicyPeer, place: Place, limits: PeerLimits): readonly Violation[] {
  const found = checkReach(peer, place, limits);
  if (found.length === 0) return none;
  const dependsOn = [pathTo(place), ...(limits.ports === undefined ? [] : [limits.ports])];
  return found.map((violation) => ({ ...violation, dependsOn }));
}

function checkReach(
  { ipBlock, namespaceSelector }: NetworkPolicyPeer,
  place: Place,
  limits: PeerLimits,
): readonly Violation[] {
  return join(
    ipBlock === undefined ? none : checkBlock(ipBlock, inside(place, 'ipBlock'), limits),
    namespaceSelector === undefined || limits.everyNamespace || isLimiting(namespaceSelector)
      ? none
      : [everyNamespace(inside(place, 'namespaceSelector'))],
  );
}

/** Every namespace has it, with its own name as the value: https://kubernetes.io/docs/reference/labels-annotations-taints/ */
export const nameOfNamespace = 'kubernetes.io/metadata.name';

/** Whether a namespace must have been given a label to be selected: what only excludes some selects all that are new. */
function isLimiting({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean {
  if (Object.keys(matchLabels).length > 0) return true;
  return matchExpressions.some(
    ({ key, operator }) => operator === 'In' || (operator === 'Exists' && key !== nameOfNamespace),
  );
}

function everyNamespace(place: Place): Violation {
  return {
    path: pathTo(place),
    headline: 'the network peer may be in any namespace',
    detail: 'found a selector that needs no label of a namespace',
    remedy: `Select namespaces by a label, such as ${nameOfNamespace}: NAME.`,
  };
}

function checkBlock(block: IPBlock, place: Place, limits: PeerLimits): readonly Violation[] {
  const range = parseRange(block.cidr);
  // What cannot be read is not usable, which is said already.
  if (range === undefined) return none;
  if (!isInRanges(range, rangesOf(limits.ranges))) {
    const headline = 'the address range is not allowed here';
    const remedy = `Use a range inside those that the policy lists, or select pods: ${listed(limits.ranges)}.`;
    return [{ path: pathTo(place, 'cidr'), headline, detail: `found '${block.cidr}'`, remedy }];
  }
  const reached = rangesOf(limits.refused).filter((refused) => doOverlap(range, refused.range));
  return reached.length === 0 ? none : checkReached(reached, { block, range, place });
}

function checkReached(
  reached: readonly NamedRange[],
  { block, range, place }: { readonly block: IPBlock; readonly range: Cidr; readonly place: Place },
): readonly Violation[] {
  const excepted = (block.except ?? []).flatMap((text) => parseRange(text) ?? []);
  return reached
    .filter((refused) => !excepted.some((exception) => covers(exception, refused.range)))
    .map((refused) => ({
      path: pathTo(place),
      headline: 'the address range holds addresses that are refused here',
      detail: `found '${block.cidr}', which holds ${refused.text}`,
      cause: [refused.text],
      remedy: covers(refused.range, range)
        ? 'Remove this peer, or use another range.'
        : `List ${refused.text} under except, or use another range.`,
    }));
}
