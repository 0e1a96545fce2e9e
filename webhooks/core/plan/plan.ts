import { APPLIED_HASH_ANNOTATION, TEMPLATE_HASH_ANNOTATION } from '../mcpserver/names.ts';
import { isRecord, present } from '../mcpserver/record.ts';
import type { ChildKind, KubernetesObject, OwnerReference } from '../resources/expanded-kind.ts';
import type { Action } from './action.ts';
import { beforeRecreate } from '../resources/strategy.ts';
import { canonicalJson } from '../engine/canonical-json.ts';
import type { ObservedChild } from './observed.ts';
import { isRelated } from './foreign/field-tree.ts';
import type { OwnedPath } from './foreign/field-tree.ts';
import { findDrift } from './owned-fields.ts';
import { controllerReference, judgeOwnership } from './ownership.ts';
import type { Owner } from './ownership.ts';

export interface PlanInput {
  readonly owner: Owner;
  readonly childKinds: readonly ChildKind[];
  /** What the kinds built; an object of these kinds that is not here is not wanted. */
  readonly desired: readonly KubernetesObject[];
  /** What exists of the owner, and under the names that it uses, whoever made it. */
  readonly observed: readonly ObservedChild[];
  /** Digest of a text, short enough for an annotation. Core is pure, so it is passed in. */
  readonly digest: (text: string) => string;
}

/**
 * What has to be done so that exactly the desired objects exist; nothing when they do. In the order of the kinds, and of
 * one kind first what is wanted, then what is not.
 */
export function plan(input: PlanInput): readonly Action[] {
  return input.childKinds.flatMap((of) => {
    const wanted = input.desired.filter((object) => isExactlyOfKind(object, of));
    const found = input.observed.filter((child) => isExactlyOfKind(child, of));
    return [
      ...wanted.flatMap((object) => planChild(input, { of, wanted: object, found: named(object, found) }) ?? []),
      ...found.flatMap((child) => (isAmong(child, wanted) ? [] : (planRemoval(input, of, child) ?? []))),
    ];
  });
}

function named({ metadata }: KubernetesObject, found: readonly ObservedChild[]): ObservedChild | undefined {
  return found.find(({ name }) => name === metadata.name);
}

function isAmong({ name }: ObservedChild, wanted: readonly KubernetesObject[]): boolean {
  return wanted.some(({ metadata }) => metadata.name === name);
}

interface Child {
  readonly of: ChildKind;
  readonly wanted: KubernetesObject;
  readonly found: ObservedChild | undefined;
}

function planChild(input: PlanInput, { of, wanted, found }: Child): Action | undefined {
  if (found === undefined) return { type: 'apply', of, object: toApplied(input, { of, wanted }), cause: 'missing' };
  const ownership = judgeOwnership(input.owner, found);
  if (ownership.type === 'foreign') return { type: 'conflict', of, name: found.name, message: ownership.message };
  // It cannot be kept any more; the event of its end starts the next round, which creates it anew.
  if (found.isDeleting) return undefined;
  const { uid, foreign, registration } = found;
  if (registration !== undefined && of.isAnother?.(wanted, registration) === true)
    return { type: 'delete', of, name: found.name, uid, isForAnother: true };
  const existing = { uid, ...(foreign === undefined ? {} : { claims: foreign }) };
  if (ownership.type === 'orphan') {
    const object = toApplied(input, { of, wanted: withStrategyFor(wanted, found) }, [released(ownership.former)]);
    return { type: 'apply', of, object, ...existing, ...replacement(object, found), cause: 'adopted' };
  }
  const object = toApplied(input, { of, wanted: withStrategyFor(wanted, found) });
  const difference = findDifference(object, found);
  if (difference === undefined) return undefined;
  return { type: 'apply', of, object, ...existing, ...replacement(object, found), ...difference };
}

/**
 * Somebody says how pods are replaced (`Recreate`, mostly), and an apply would take it away: see foreign/places.ts. Where it is
 * ours to say, Recreate takes two applies if what it replaces is nobody's.
 */
function withStrategyFor(wanted: KubernetesObject, found: ObservedChild): KubernetesObject {
  const { spec } = wanted;
  if (!isRecord(spec)) return wanted;
  const { strategy, ...others } = spec;
  if (!isRecord(strategy)) return wanted;
  if (found.hasStrategyOfOthers === true) return { ...wanted, spec: others };
  const isOurs = found.ownedFields?.includes('"f:strategy":') === true;
  return strategy['type'] !== 'Recreate' || isOurs
    ? wanted
    : { ...wanted, spec: { ...spec, strategy: beforeRecreate } };
}

/** Of an object that says nothing of its template (nobody has applied it, or a release that did not say) it is taken to be another one. */
function replacement(
  object: KubernetesObject,
  { templateHash, ownedFields }: ObservedChild,
): Pick<Action & { readonly type: 'apply' }, 'replacesPods' | 'owned'> {
  const wanted = object.metadata.annotations?.[TEMPLATE_HASH_ANNOTATION];
  if (wanted === undefined || wanted === templateHash) return {};
  return { replacesPods: true, ...(ownedFields === undefined ? {} : { owned: ownedFields }) };
}

/** Only what we applied: somebody may have made the owner the controller of an object of his own. */
function planRemoval({ owner }: PlanInput, of: ChildKind, found: ObservedChild): Action | undefined {
  if (of.wanted === 'always' || found.appliedHash === undefined) return undefined;
  if (found.isDeleting || judgeOwnership(owner, found).type === 'foreign') return undefined;
  return { type: 'delete', of, name: found.name, uid: found.uid };
}

const hashPath: OwnedPath = ['f:metadata', 'f:annotations', `f:${APPLIED_HASH_ANNOTATION}`];

/**
 * Why the object has to be applied again. Three things together say that it need not: we applied exactly this, every
 * field of it is still ours (see {@link findDrift}), and nobody owns a field where only we have a say. Another digest
 * that is not ours says nothing of what we applied: somebody wrote it, as they may any field of ours.
 */
function findDifference(
  object: KubernetesObject,
  found: ObservedChild,
): Pick<Action & { readonly type: 'apply' }, 'cause' | 'drift'> | undefined {
  const drift = findDrift(object, found.ownedFields ?? '');
  const isOurDigest = drift?.lost.some((path) => isRelated(path, hashPath)) !== true;
  const isOther = found.appliedHash !== object.metadata.annotations?.[APPLIED_HASH_ANNOTATION];
  if (isOther && (isOurDigest || found.ownedFields === undefined)) return { cause: 'changed' };
  if (drift !== undefined) return { cause: drift.lost.length > 0 ? 'drift' : 'foreign', drift };
  return found.foreign === undefined ? undefined : { cause: 'foreign' };
}

/** The object as it is sent: owned, and carrying the digest of all that. */
function toApplied(
  { owner, digest }: PlanInput,
  { of, wanted }: Pick<Child, 'of' | 'wanted'>,
  formerOwners: readonly OwnerReference[] = [],
): KubernetesObject {
  const ownerReferences = [...formerOwners, controllerReference(owner)];
  // A template that is held, or put back, has the digest with which it was applied first: it says nothing new.
  const { [TEMPLATE_HASH_ANNOTATION]: hash, ...said } = wanted.metadata.annotations ?? {};
  const { name, namespace, labels } = wanted.metadata;
  const annotationsSaid = Object.keys(said).length === 0 ? undefined : said;
  const metadata = { name, namespace, ...present({ labels, annotations: annotationsSaid }), ownerReferences };
  const owned = { ...wanted, metadata };
  const annotations = {
    ...said,
    ...(of.hasPods === true ? { [TEMPLATE_HASH_ANNOTATION]: hash ?? templateHashOf(wanted, digest) } : {}),
    [APPLIED_HASH_ANNOTATION]: digest(canonicalJson(owned)),
  };
  return { ...owned, metadata: { ...owned.metadata, annotations } };
}

/** Digest of the template of its pods, as we apply it: without what the API server adds. */
export function templateHashOf({ spec }: KubernetesObject, digest: PlanInput['digest']): string {
  return digest(canonicalJson(isRecord(spec) ? spec['template'] : undefined));
}

/**
 * The former owner's reference without control: an object has at most one controller, and an apply cannot remove an
 * entry that somebody else wrote. The garbage collector removes it, because its owner does not exist.
 */
function released(former: OwnerReference): OwnerReference {
  return { ...former, controller: false, blockOwnerDeletion: false };
}

function isExactlyOfKind(object: { readonly apiVersion: string; readonly kind: string }, of: ChildKind): boolean {
  return object.apiVersion === of.apiVersion && object.kind === of.kind;
}
