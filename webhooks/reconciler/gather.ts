import { prepare } from '../core/engine/judge.ts';
import type { PreparedServer } from '../core/engine/judge.ts';
import { isReadForContents } from '../core/mcpserver/references.ts';
import { renderPath } from '../core/mcpserver/violation.ts';
import { isSameChild } from '../core/plan/action.ts';
import type { ExpandedKind } from '../core/resources/expanded-kind.ts';
import { expandedKinds } from '../core/resources/index.gen.ts';
import { keepResources } from '../core/plan/kept-resources.ts';
import type { ObservedChild } from '../core/plan/observed.ts';
import type { ApiError, ApiResult } from '../platform/kube/api.ts';
import { metaOf } from '../platform/kube/object.ts';
import type { CachedChild } from './child-cache.ts';
import { listLatePods } from './list-late-pods.ts';
import { observeChild } from './observe.ts';
import { readServer } from './read-server.ts';
import { refreshChild } from './refresh-child.ts';
import type { KnownReferences } from './reference-tracker.ts';
import { TellableError } from './tell-quarantined.ts';
import { factsThrough, lookThrough, withListeners } from './through-extension.ts';
import type { World } from './world.ts';

/** Everything that is known about one server before anything is decided. */
export type Gathered =
  /** There is nothing to do: the server is gone or on its way out. */
  | { readonly type: 'gone' }
  | { readonly type: 'failed'; readonly error: ApiError }
  | {
      readonly type: 'found';
      readonly subject: PreparedServer;
      readonly observed: readonly ObservedChild[];
      readonly references: KnownReferences;
      /** Optional kinds of which something could not be read: nothing is decided about them this time. */
      readonly unreadKinds: ReadonlySet<string>;
    };

/** Reads the caches, and of the references what is not known yet. Throws for an object that the schema forbids. */
export async function gather(key: string, world: World, signal: AbortSignal): Promise<Gathered> {
  const read = await readServer(key, world, signal);
  if (!read.ok) return { type: 'failed', error: read.error };
  const raw = read.body;
  if (raw === undefined || metaOf(raw).isDeleting) return { type: 'gone' };
  const subject = prepare(raw, world.policy.compatibility);
  if (!subject.parsed) {
    // The API server enforces the same schema: such an object was stored before the schema was.
    const [first] = subject.findings;
    throw new TellableError(
      `the stored object violates the schema at ${renderPath(first?.path ?? [])}: ${first?.headline ?? ''}`,
    );
  }
  const late = await listLatePods(key, world, signal);
  if (late !== undefined) return { type: 'failed', error: late };
  const configuration = subject.references.filter(isReadForContents);
  const references = await world.references.gather(key, configuration, { api: world.api, signal });
  const { server } = subject;
  const through = await lookThrough(server, references.facts, { world, signal });
  const known = factsThrough(server, references.facts, through);
  const facts = await withListeners(server, known, { world, signal });
  const whole = await readWhole(key, world, signal);
  if (!whole.ok) return { type: 'failed', error: whole.error };
  const { children: observed, unreadKinds } = whole;
  const kept = keepResources(subject, observed, world.policy.compatibility);
  return { type: 'found', subject: kept, observed, references: { ...references, facts }, unreadKinds };
}

type WholeChildren =
  | {
      readonly ok: true;
      readonly children: readonly ObservedChild[];
      /** Optional kinds of which a child cannot be read: then all else is. */
      readonly unreadKinds: ReadonlySet<string>;
    }
  | Extract<ApiResult, { ok: false }>;

/** What exists of the server with the fields that are ours; what is too long to be remembered whole is read as it is. */
async function readWhole(key: string, world: World, signal: AbortSignal): Promise<WholeChildren> {
  const known = rememberedChildren(key, world);
  const cut = known.filter(({ isCut }) => isCut === true);
  if (cut.length === 0) return { ok: true, children: known.map(({ child }) => child), unreadKinds: new Set() };
  const read = await readCutChildren(key, cut, { world, signal });
  if (!read.ok) return read;
  const children = rememberedChildren(key, world).map(
    ({ child }) => read.children.find((whole) => isSameChild(whole, child)) ?? child,
  );
  return { ...read, children };
}

interface RememberedChild extends CachedChild {
  readonly of: ExpandedKind;
}

function rememberedChildren(key: string, { children }: Pick<World, 'children'>): readonly RememberedChild[] {
  return expandedKinds.flatMap((of) => (children.get(of.kind)?.wholeOf(key) ?? []).map((child) => ({ of, ...child })));
}

async function readCutChildren(
  key: string,
  cut: readonly RememberedChild[],
  { world, signal }: { readonly world: World; readonly signal: AbortSignal },
): Promise<WholeChildren> {
  const children: ObservedChild[] = [];
  const unreadKinds = new Set<string>();
  for (const { of, child: known } of cut) {
    const read = await refreshChild({ owner: key, of, name: known.name }, { ...world, signal });
    if (!read.ok && read.error.status !== 404) {
      if (of.requirement === 'required') return read;
      unreadKinds.add(of.kind);
    }
    const child = read.ok ? observeChild(read.body) : undefined;
    if (child !== undefined) children.push(child);
  }
  return { ok: true, children, unreadKinds };
}

/** What exists of the server, and under the names that its children have, as it is known at this moment; without owned fields. */
export function observedChildren(key: string, world: Pick<World, 'children'>): readonly ObservedChild[] {
  return [...world.children.values()].flatMap((cache) => cache.of(key).map(({ child }) => child));
}
