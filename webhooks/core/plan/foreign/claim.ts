import { FIELD_MANAGER } from '../../mcpserver/names.ts';
import type { Fields } from '../../mcpserver/record.ts';
import { printable, shortenEnd, shortenMiddle } from '../../engine/text.ts';
import {
  childOf,
  isRelated,
  maxDepth,
  nodeAt,
  partsOf,
  renderOwnedPath,
  selected,
  selectionOf,
  shallow,
  split,
  union,
} from './field-tree.ts';
import type { OwnedPath, FieldTree, Selection } from './field-tree.ts';
import { isOfObject, isOurs } from './our-entry.ts';
import { mountsIn, ownPlaces } from './places.ts';
import type { JudgedChild, OwnPlace } from './places.ts';
import { listIn, textIn } from '../../resources/raw-fields.ts';
import { fieldsAt, viewPod } from './pod-view.ts';

/** One field of a child that is another manager's and should not be. */
export interface ForeignField {
  /** `spec.template.spec.containers[mcp-server].command`; never a value. */
  readonly path: string;
  /** Who wrote it, in the word of `metadata.managedFields`. */
  readonly manager: string;
}

/** What has to be taken from others. */
export interface ForeignFields {
  /** The first {@link maxListed}. */
  readonly fields: readonly ForeignField[];
  /** How many more there are. */
  readonly more: number;
  /** The reference operator made the object, and its entry still owns what it wrote then. */
  readonly isTakeOver: boolean;
}

/** A thousand servers have three thousand children: what is kept of each has to be little. */
const maxListed = 5;
const maxPathLength = 200;
const maxManagerLength = 64;

/** How the reference operator's writes are called, after its program; children by Create and Update. */
const referenceManager = 'manager';
/** And its writes of status, which are applies. */
export const REFERENCE_STATUS_MANAGER = 'mcpserver-controller';

/** All of them are in the spec: an entry that says nothing of that, as most of controllers, has none. */
const placesOf: ReadonlyMap<string, readonly OwnPlace[]> = Map.groupBy(ownPlaces, ({ kind }) => kind);

const strategy: OwnedPath = ['f:spec', 'f:strategy'];
const owners: OwnedPath = ['f:metadata', 'f:ownerReferences'];

/**
 * What only whoever created the object owns all of: many a program is called `manager`, and may write a label. The
 * selector of a Deployment cannot be changed afterwards, those of the others could.
 */
const creatorsFields: Readonly<Record<string, readonly OwnedPath[]>> = {
  Deployment: [['f:spec', 'f:selector']],
  Service: [['f:spec', 'f:selector'], owners],
  NetworkPolicy: [['f:spec', 'f:podSelector'], owners],
};

/**
 * What another manager owns in a child at a place that is ours alone; undefined when there is nothing, which is the
 * rule. A field that we own as well does not count: its value is ours. Nor does what nobody owns, defaults of the API
 * server and whatever mutating admission wrote into our own requests.
 */
export function findForeign(child: unknown): ForeignFields | undefined {
  const managed = readManaged(child);
  const claims = findClaims(child, managed);
  if (claims.length === 0) return undefined;
  const count = claims.reduce((sum, { missing }) => sum + missing.length, 0);
  const first = claims.flatMap(({ entry, missing }) => missing.slice(0, maxListed).map((path) => ({ entry, path })));
  return {
    fields: first.slice(0, maxListed).map(({ entry, path }) => describe(path, entry)),
    more: Math.max(0, count - maxListed),
    isTakeOver: claims.some(({ isTakeOver }) => isTakeOver),
  };
}

/** Which of the places hold something, or are in something, that a claim would take from others. */
export function claimedAmong(child: unknown, places: readonly OwnedPath[]): ReadonlySet<OwnedPath> {
  const missing = findClaims(child, readManaged(child)).flatMap((claim) => claim.missing);
  return new Set(places.filter((place) => missing.some((path) => isRelated(path, place))));
}

/** Who owns the field, in the word of `managedFields`; undefined for what is ours, or nobody's. */
export function ownerOf(child: unknown, path: OwnedPath): string | undefined {
  const owner = readManaged(child).others.find(({ fields }) => nodeAt(fields, path) !== undefined);
  return owner === undefined ? undefined : managerOf(owner);
}

/** Whether others say how pods are replaced: who wrote a strategy may need it, so it stays. What the reference operator created is taken over. */
export function hasStrategyOfOthers(child: unknown): boolean {
  const kind = textIn(child, 'kind');
  return readManaged(child).others.some(
    (entry) => nodeAt(entry.fields, strategy) !== undefined && !isOfReference(entry, kind),
  );
}

/**
 * The child's `managedFields` with all of that in our own entry: what it names there and the next apply does not say is
 * then removed by the API server, whatever list or one-of it is part of. The object itself stays as it is. Undefined
 * when there is nothing to claim.
 */
export function nextManagedFields(child: unknown): readonly Fields[] | undefined {
  const managed = readManaged(child);
  const claims = findClaims(child, managed);
  const [first] = claims;
  if (first === undefined) return undefined;
  const splits = new Map(claims.map(({ entry, selection }) => [entry.raw, split(entry.fields, selection)]));
  const claimed = [...splits.values()].reduce((all, { taken }) => union(all, taken), managed.ours?.fields ?? {});
  const ours = { ...(managed.ours?.raw ?? newEntry(first.entry)), fieldsV1: shallow(claimed) };
  const others = managed.raw
    .filter((raw) => raw !== managed.ours?.raw)
    .flatMap((raw) => withFields(raw, splits.has(raw) ? splits.get(raw)?.left : fieldsAt(raw, 'fieldsV1')));
  return [ours, ...others];
}

/**
 * Whether the reference operator owns a share of an MCPServer's status. It would keep every value that both have said
 * once: an address, the conditions that only it knows.
 */
export function isReferenceStatus(server: unknown): boolean {
  return listIn(fieldsAt(server, 'metadata'), 'managedFields').some(
    (entry) =>
      textIn(entry, 'manager') === REFERENCE_STATUS_MANAGER &&
      textIn(entry, 'operation') === 'Apply' &&
      textIn(entry, 'subresource') === 'status',
  );
}

/** One manager's fields of the object itself, as `metadata.managedFields` has them. */
interface Entry {
  readonly raw: Fields;
  readonly fields: FieldTree;
}

interface Managed {
  readonly raw: readonly Fields[];
  readonly ours: Entry | undefined;
  readonly others: readonly Entry[];
}

/** What is taken from one manager. */
interface ManagerClaim {
  readonly entry: Entry;
  readonly selection: Selection;
  /** The parts of that which we do not own as well. */
  readonly missing: readonly OwnedPath[];
  readonly isTakeOver: boolean;
}

function readManaged(child: unknown): Managed {
  const raw = listIn(fieldsAt(child, 'metadata'), 'managedFields');
  const entries = raw
    .filter((entry) => isOfObject(entry, child))
    .map((entry) => ({ raw: entry, fields: fieldsAt(entry, 'fieldsV1') }));
  const ours = entries.find((entry) => isOurs(entry.raw));
  return { raw, ours, others: entries.filter((entry) => entry !== ours) };
}

function findClaims(child: unknown, managed: Managed): readonly ManagerClaim[] {
  const { ours } = managed;
  const others = managed.others.filter(({ fields }) => childOf(fields, 'f:spec') !== undefined);
  if (others.length === 0) return [];
  const kind = textIn(child, 'kind');
  const places = placesOf.get(kind);
  if (places === undefined) return [];
  const managers = [...(ours === undefined ? [] : [ours]), ...others];
  let mounts: ReadonlySet<string> | undefined;
  const isOwnedMount = (id: string): boolean => {
    mounts ??= new Set(managers.flatMap(({ fields }) => [...mountsIn(fields).keys()]));
    return mounts.has(id);
  };
  const isApplied = (path: OwnedPath): boolean => nodeAt(ours?.fields, path) !== undefined;
  const judged = { pod: viewPod(child), isOwnedMount, isApplied };
  return others.flatMap((entry) => claimOf(entry, { kind, places, judged, ours: ours?.fields }));
}

interface ClaimContext {
  readonly kind: string;
  readonly places: readonly OwnPlace[];
  readonly judged: JudgedChild;
  readonly ours: FieldTree | undefined;
}

function claimOf(entry: Entry, { kind, places, judged, ours }: ClaimContext): readonly ManagerClaim[] {
  const isTakeOver = isOfReference(entry, kind);
  const paths = isTakeOver
    ? partsOf(entry.fields).map((key) => [key])
    : places.flatMap(({ select }) => select(entry.fields, judged));
  const selection = selectionOf(paths);
  const missing = [...selected(entry.fields, selection)].flatMap((path) =>
    missingIn(ours, nodeAt(entry.fields, path), path),
  );
  return missing.length > 0 || isTakeOver ? [{ entry, selection, missing, isTakeOver }] : [];
}

/** What the reference operator created: it owns all of it, so it says everything anew whenever it writes. */
function isOfReference({ raw, fields }: Entry, kind: string): boolean {
  const proofs = creatorsFields[kind] ?? [];
  return (
    textIn(raw, 'manager') === referenceManager &&
    textIn(raw, 'operation') === 'Update' &&
    proofs.length > 0 &&
    proofs.every((path) => nodeAt(fields, path) !== undefined)
  );
}

/** The topmost of the node's fields that are not ours as well. */
function missingIn(ours: FieldTree | undefined, node: FieldTree | undefined, path: OwnedPath): readonly OwnedPath[] {
  if (node === undefined) return [];
  const known = nodeAt(ours, path);
  if (known === undefined || path.length >= maxDepth) return [path];
  return partsOf(node).flatMap((key) => {
    const below = childOf(node, key);
    return below === undefined ? [] : missingIn(ours, below, [...path, key]);
  });
}

/** No entry at all where nothing is left of it. */
function withFields(raw: Fields, fields: FieldTree | undefined): readonly Fields[] {
  return fields === undefined ? [] : [{ ...raw, fieldsV1: shallow(fields) }];
}

function newEntry({ raw }: Entry): Fields {
  return { ...raw, manager: FIELD_MANAGER, operation: 'Apply' };
}

function describe(path: OwnedPath, entry: Entry): ForeignField {
  return { path: shortenMiddle(printable(renderOwnedPath(path)), maxPathLength), manager: managerOf(entry) };
}

function managerOf({ raw }: Entry): string {
  return shortenEnd(printable(textIn(raw, 'manager')), maxManagerLength);
}
