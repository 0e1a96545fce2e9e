import { printable, shortenEnd, shortenMiddle } from '../../engine/text.ts';
import type { ForeignFieldsStatus, StandingField } from '../../mcpserver/types.gen.ts';
import type { KubernetesObject } from '../../resources/expanded-kind.ts';
import { childOf, isSameChild } from '../action.ts';
import type { Action } from '../action.ts';
import type { ObservedChild } from '../observed.ts';
import type { ForeignField } from './claim.ts';
import { isRelated, renderOwnedPath } from './field-tree.ts';
import type { OwnedPath } from './field-tree.ts';
import { weaknessesOf } from './weaknesses.ts';

/** As the schema of status.extensions.foreign says. */
const maxListed = 20;
const maxPathLength = 300;
/** Of each child; what others own is limited where it is observed. */
const maxOfOurs = 5;

/** What was not carried out now, and why. */
export interface PutOff {
  readonly action: Action;
  /**
   * `Waiting`: other servers restart. `ComesBack`: it was done often, and somebody wrote again. `Queued`: what is wanted has
   * changed, and other servers replace their pods; nothing of others stands for it.
   */
  readonly state: 'Waiting' | 'ComesBack' | 'Queued';
}

export interface StandingInput {
  /** As they are after our writes. */
  readonly children: readonly ObservedChild[];
  readonly desired: readonly KubernetesObject[];
  readonly putOff: readonly PutOff[];
  /** What was tried and did not succeed. */
  readonly failed: readonly Action[];
}

/** What stands in the children although the MCPServer does not say it; undefined when nothing does. */
export function standingFields({ children, desired, putOff, failed }: StandingInput): ForeignFieldsStatus | undefined {
  const undone = [...putOff.map(({ action }) => action), ...failed];
  const written = children.flatMap((child) => admitted(child, desired, undone));
  const counted = putOff.flatMap((one) => (one.state === 'Queued' ? [] : notDone(one, one.state, children)));
  const all = [...counted.flatMap(({ fields }) => fields), ...written];
  const more = counted.reduce((sum, one) => sum + one.more, 0);
  if (all.length + more === 0) return undefined;
  const notListed = more + Math.max(0, all.length - maxListed);
  return { fields: all.slice(0, maxListed), ...(notListed === 0 ? {} : { notListed }) };
}

/** What others own, and what became of ours; nobody says who wrote that. */
function notDone(
  { action }: PutOff,
  state: StandingField['state'],
  children: readonly ObservedChild[],
): { readonly fields: readonly StandingField[]; readonly more: number } {
  const { kind } = action.of;
  const foreign = children.find((child) => isSameChild(child, childOf(action)))?.foreign;
  const drifted = driftOf(action);
  const ofOurs = drifted.slice(0, maxOfOurs).map((path) => ({ kind, path: renderDrifted(path), state }));
  return {
    fields: [...(foreign?.fields ?? []).map((field) => ({ kind, ...field, state })), ...ofOurs],
    more: (foreign?.more ?? 0) + drifted.length - ofOurs.length,
  };
}

/** As status names it. Of an empty path: what is ours is all that is known. */
export function renderDrifted(path: OwnedPath): string {
  const rendered = path.length === 0 ? 'metadata.managedFields' : renderOwnedPath(path);
  return shortenMiddle(printable(rendered), maxPathLength);
}

/** The paths in which the fields that are ours differ from those that we applied. */
function driftOf(action: Action): readonly OwnedPath[] {
  if (action.type !== 'apply' || action.drift === undefined) return [];
  return [...action.drift.lost, ...action.drift.extra];
}

/**
 * What makes the pods weaker than they were applied, and was not written by somebody whose fields go or went: it came with our
 * own request, or it is of a container that somebody added.
 */
function admitted(
  child: ObservedChild,
  desired: readonly KubernetesObject[],
  undone: readonly Action[],
): StandingField[] {
  const { kind, weaknesses = [] } = child;
  if (weaknesses.length === 0) return [];
  const same = desired.find((object) => isSameChild({ kind: object.kind, name: object.metadata.name }, child));
  const wanted = new Set(same === undefined ? [] : weaknessesOf(same).map(({ path }) => path));
  const drifted = undone.filter((action) => isSameChild(childOf(action), child)).flatMap(driftOf);
  return weaknesses
    .filter(({ path, at }) => !wanted.has(path) && !drifted.some((lost) => isRelated(lost, at)))
    .map(({ path, manager }) => ({
      ...{ kind, path: shortenMiddle(printable(path), maxPathLength) },
      ...(manager === undefined ? { state: 'FromAdmission' } : { manager, state: 'Stays' }),
    }));
}

/** For the condition Accepted, in one clause; empty when there is nothing. */
export function mentionStanding(standing: ForeignFieldsStatus | undefined): string {
  if (standing === undefined) return '';
  const count = standing.fields.length + (standing.notListed ?? 0);
  const what = count === 1 ? '1 field that others wrote stands' : `${count} fields that others wrote stand`;
  return `; ${what} in what runs, see status.extensions.foreign`;
}

/** For events: which fields, and who wrote them. */
export function renderFields(fields: readonly ForeignField[], more: number): string {
  const named = fields.map(({ path, manager }) => `${path} (${manager})`).join(', ');
  return more === 0 ? named : `${named} and ${more} more`;
}

/** The same for what stands: {@link StandingField}. */
export function renderStanding({ fields, notListed = 0 }: ForeignFieldsStatus): string {
  const named = fields.map(({ kind, path, manager, state }) => {
    const by = manager === undefined ? state : `${state}, ${manager}`;
    return `${kind} ${path} (${by})`;
  });
  return shortenEnd([...named, ...(notListed === 0 ? [] : [`${notListed} more`])].join(', '), 900);
}
