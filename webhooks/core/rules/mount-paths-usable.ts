import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import type { StorageMount } from '../mcpserver/types.gen.ts';
import type { FieldPath, Violation } from '../mcpserver/violation.ts';
import { ofEmptyDir, withMounts } from './parts/example-specs.ts';
import { cleanPath, isCleanPath } from './parts/mount-path.ts';

/** What the container runtime needs for itself; a mount there ends every start of the container. */
const occupied: ReadonlySet<string> = new Set(['/', '/dev', '/dev/termination-log', '/proc']);

/** Longest name of a file on Linux, in bytes. */
const maxNameBytes = 255;

export const mountPathsUsable: Rule = {
  id: 'mount-paths-usable',
  severity: 'warn',
  summary: 'Every mount should have a place of its own, and one where the container still starts.',
  rationale:
    'Kubernetes compares mount paths as texts and accepts `/data` beside `/data/`: the later mount hides the other one. ' +
    'It also accepts a mount over `/`, `/dev` or `/proc`, and the container then fails at every start.',
  remedy: 'Choose another path.',
  examples: {
    accepts: [
      {
        title: 'a mount inside another one',
        spec: withMounts(
          { path: '/data', permissions: 'ReadWrite', source: ofEmptyDir({}) },
          { path: '/data/cache', permissions: 'ReadWrite', source: ofEmptyDir({}) },
        ),
      },
    ],
    rejects: [
      {
        title: 'two mounts at one place',
        spec: withMounts(
          { path: '/data', permissions: 'ReadWrite', source: ofEmptyDir({}) },
          { path: '/data/', permissions: 'ReadWrite', source: ofEmptyDir({}) },
        ),
      },
      {
        title: 'a claim where scratch space is',
        spec: {
          config: { storage: [{ path: '/data', permissions: 'ReadWrite', source: ofEmptyDir({}) }] },
          extensions: { storage: [{ claimName: 'search', path: '/data/' }] },
        },
        claims: { search: ['ReadWriteMany'] },
      },
      {
        title: 'a mount over the whole image',
        spec: withMounts({ path: '/', permissions: 'ReadWrite', source: ofEmptyDir({}) }),
      },
      {
        title: 'a mount among the processes',
        spec: withMounts({ path: '/proc/search', permissions: 'ReadWrite', source: ofEmptyDir({}) }),
      },
    ],
  },
  check({ server }) {
    const { storage } = server.spec.config;
    const claims = server.spec.extensions?.storage;
    if (claims === undefined && (storage === undefined || areUsual(storage))) return none;
    const mounts = [...mountsAt(storage, ['spec', 'config', 'storage']), ...mountsAt(claims, claimsPath)];
    const firstAt = new Map<string, Mount>();
    return mounts.flatMap((mount) => {
      const first = firstAt.get(mount.place);
      if (first === undefined) firstAt.set(mount.place, mount);
      return checkPlace(mount, first);
    });
  },
};

const claimsPath = ['spec', 'extensions', 'storage'];

interface Mount {
  /** Where it really is. */
  readonly place: string;
  readonly list: string;
  readonly index: number;
  readonly path: FieldPath;
}

function mountsAt(list: readonly Pick<StorageMount, 'path'>[] = [], at: FieldPath): readonly Mount[] {
  const name = at.slice(1).join('.');
  return list.map(({ path }, index) => ({ place: cleanPath(path), list: name, index, path: [...at, index, 'path'] }));
}

/** Nearly every list: short and clean paths, none of them twice, and none that is taken. */
function areUsual(storage: readonly StorageMount[]): boolean {
  if (!storage.every(isUsual)) return false;
  return storage.length < 2 || new Set(storage.map(({ path }) => path)).size === storage.length;
}

function isUsual({ path }: StorageMount): boolean {
  return path.length * 3 <= maxNameBytes && isCleanPath(path) && !isOccupied(path);
}

function isOccupied(place: string): boolean {
  return occupied.has(place) || place.startsWith('/proc/');
}

function checkPlace({ place, path }: Mount, first: Mount | undefined): readonly Violation[] {
  if (first !== undefined) {
    const detail = `found ${place} in ${first.list}[${first.index}] too`;
    return [{ path, headline: 'the mount hides another one at the same place', detail, cause: ['hides'] }];
  }
  if (isOccupied(place)) {
    return [{ path, headline: 'no container starts with a mount there', detail: `found ${place}` }];
  }
  if (isFileName(place) || place.split('/').every(isFileName)) return [];
  const detail = `found a name of more than ${maxNameBytes} bytes`;
  return [{ path, headline: 'no directory has such a name', detail, remedy: 'Choose a shorter path.' }];
}

/** A character has at most three bytes for each unit of its length: most names need no closer look. */
function isFileName(name: string): boolean {
  return name.length * 3 <= maxNameBytes || new TextEncoder().encode(name).byteLength <= maxNameBytes;
}
