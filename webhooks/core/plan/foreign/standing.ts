import { printable, shortenEnd, shortenMiddle } from '../../engine/text.ts';
import type { ForeignFieldsStatus, StandingField } from '../../mcpserver/types.gen.ts';
import type { KubernetesObject } from '../../resources/expanded-kind.ts';
import type { ObservedChild } from '../observed.ts';
import type { ForeignField, ForeignFields } from './claim.ts';
import { weaknessesOf } from './weaknesses.ts';

/** As the schema of status.extensions.foreign says. */
const maxListed = 20;
const maxPathLength = 300;

export interface StandingInput {
  /** As they are after our writes. */
  readonly children: readonly ObservedChild[];
  readonly desired: readonly KubernetesObject[];
  /** Why what others own was not taken away now; absent when it was, or will be at once. */
  readonly putOff?: 'Waiting' | 'ComesBack';
}

/** What stands in the children although the MCPServer does not say it; undefined when nothing does. */
export function standingFields({ children, desired, putOff }: StandingInput): ForeignFieldsStatus | undefined {
  const listed = putOff === undefined ? [] : children.flatMap(({ kind, foreign }) => toStanding(kind, foreign, putOff));
  const written = children.flatMap((child) => admitted(child, desired));
  const all = [...listed, ...written];
  const more = putOff === undefined ? 0 : children.reduce((sum, { foreign }) => sum + (foreign?.more ?? 0), 0);
  if (all.length + more === 0) return undefined;
  const notListed = more + Math.max(0, all.length - maxListed);
  return { fields: all.slice(0, maxListed), ...(notListed === 0 ? {} : { notListed }) };
}

function toStanding(
  kind: string,
  foreign: ForeignFields | undefined,
  state: StandingField['state'],
): readonly StandingField[] {
  return (foreign?.fields ?? []).map((field) => ({ kind, ...field, state }));
}

/** What makes the pods weaker than they were applied, and nobody owns. */
function admitted(
  { kind, foreign, weaknesses = [] }: ObservedChild,
  desired: readonly KubernetesObject[],
): StandingField[] {
  if (weaknesses.length === 0) return [];
  const wanted = new Set(desired.filter((object) => object.kind === kind).flatMap(weaknessesOf));
  const isOwned = (path: string): boolean => (foreign?.fields ?? []).some((field) => path.startsWith(field.path));
  return weaknesses
    .filter((path) => !wanted.has(path) && !isOwned(path))
    .map((path) => ({ kind, path: shortenMiddle(printable(path), maxPathLength), state: 'FromAdmission' }));
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
