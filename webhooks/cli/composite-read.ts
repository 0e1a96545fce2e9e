import type { CompositeKind } from '../core/composites/composite-kind.ts';
import { compositeKinds } from '../core/composites/composite-kinds.ts';
import { ownValue } from '../core/mcpserver/record.ts';
import { objectPath, type ApiError, type KubeApi } from '../platform/kube/api.ts';
import { isForWantOfRights } from '../platform/kube/api-error.ts';
import type { ConnectedContext } from '../platform/kube/connect.ts';
import { listObjects } from '../platform/kube/list-objects.ts';
import { listAt, metaOf, stringAt } from '../platform/kube/object.ts';
import type { InputProblem } from '../platform/manifests/manifest.ts';
import { toCompositeRow, type CompositeRow } from './composite-row.ts';
import type { WhichServers } from './status-read.ts';

/** Most objects of a kind that are shown; who has more names a namespace. */
const maxObjects = 20_000;

/** What one cluster has of the kinds above MCPServer. */
export interface ReadComposites {
  /** Those that it serves. */
  readonly kinds: readonly CompositeKind[];
  readonly rows: readonly CompositeRow[];
  /** Why these may not be all. */
  readonly problems: readonly InputProblem[];
  /** What may not be read: servers can be told without it. */
  readonly notes: readonly InputProblem[];
}

interface Served {
  readonly kinds: readonly CompositeKind[];
  /** Why there may be more. */
  readonly error?: ApiError;
}

/** Which of the kinds the cluster serves, which everybody may ask: whoever does not use them needs no right for them. */
async function findKinds(api: KubeApi): Promise<Served> {
  const served: CompositeKind[] = [];
  for (const apiVersion of new Set(compositeKinds.map((of) => of.apiVersion))) {
    const found = await api.request({ method: 'GET', path: `/apis/${apiVersion}` });
    if (!found.ok && found.error.status === 404) continue;
    if (!found.ok) return { kinds: served, error: found.error };
    const names = new Set(listAt(found.body, 'resources').map((one) => stringAt(one, 'name')));
    served.push(...compositeKinds.filter((of) => of.apiVersion === apiVersion && names.has(of.plural)));
  }
  return { kinds: served };
}

/** The objects of those kinds that become the servers which were asked for; nothing is ever written. */
export async function readComposites(
  { api, context }: ConnectedContext,
  which: Pick<WhichServers, 'namespace' | 'names'>,
): Promise<ReadComposites> {
  const { kinds, error: unknown } = await findKinds(api);
  const file = `context ${context}`;
  const rows: CompositeRow[] = [];
  const problems: InputProblem[] = [];
  const notes: InputProblem[] = [];
  const tell = (error: ApiError, resource: string): void => {
    const isNote = isForWantOfRights(error);
    const message = `${error.message}${isNote ? `. It takes the right to list ${resource} to tell of them` : ''}`;
    (isNote ? notes : problems).push({ file, message });
  };
  if (unknown !== undefined) tell(unknown, 'the resources of that API');
  for (const of of kinds) {
    const { apiVersion, plural, group } = of;
    const { namespace } = which;
    const path = objectPath({ apiVersion, plural, ...(namespace === '' ? {} : { namespace }) });
    const read = { isAll: true, count: 0 };
    const error = await listObjects(api, {
      path,
      onObject: (object) => {
        if (!isWanted(object, of, which)) return true;
        read.isAll = read.count < maxObjects;
        read.count += 1;
        if (read.isAll) rows.push(toCompositeRow(object, of, context));
        return read.isAll;
      },
    });
    if (error !== undefined) tell(error, `${plural}.${group}`);
    if (!read.isAll) problems.push({ file, message: `more than ${maxObjects} ${plural}.${group}: name a namespace` });
  }
  return { kinds, rows, problems, notes };
}

/** One of that name, or that becomes a server of it. */
function isWanted(object: unknown, of: CompositeKind, { names }: Pick<WhichServers, 'names'>): boolean {
  return (
    names.length === 0 ||
    names.includes(metaOf(object).name) ||
    of.expand(object).servers.some(({ manifest }) => {
      const name = ownValue(ownValue(manifest, 'metadata'), 'name');
      return typeof name === 'string' && names.includes(name);
    })
  );
}
