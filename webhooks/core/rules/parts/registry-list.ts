import type { ImageReference } from '../../mcpserver/image-reference.ts';

const dockerHub = 'docker.io';
/** What Docker Hub was called, and still is in old configurations. */
const formerDockerHub = 'index.docker.io';
/** Where Docker Hub keeps images that are written without an organisation. */
const officialImages = 'library';

/**
 * Where an image comes from as runtimes read it: `docker.io/library/nginx` for `index.docker.io/nginx`. Undefined when
 * it names no registry, because then each node decides.
 */
export function locationOf({ registry, repository }: ImageReference): string | undefined {
  if (registry === undefined) return undefined;
  const host = hostOf(registry);
  return host === dockerHub && !repository.includes('/')
    ? `${host}/${officialImages}/${repository}`
    : `${host}/${repository}`;
}

/** Whether a location is at one of the places or below it. A path ends at a slash, so none is below `example` of another name. */
export function isWithin(location: string, places: readonly string[]): boolean {
  const closed = `${location}/`;
  for (const place of normalized(places)) if (closed.startsWith(place)) return true;
  return false;
}

/** Read at the first question: a list lives as long as its policy. */
function normalized(places: readonly string[]): readonly string[] {
  const known = byList.get(places);
  if (known !== undefined) return known;
  const list = places.map(normalize).filter((place) => place !== '/');
  byList.set(places, list);
  return list;
}

const byList = new WeakMap<readonly string[], readonly string[]>();

function normalize(place: string): string {
  const [registry = '', ...path] = withoutEndSlashes(place).split('/');
  return `${[hostOf(registry), ...path].join('/')}/`;
}

function withoutEndSlashes(place: string): string {
  let end = place.length;
  while (end > 0 && place[end - 1] === '/') end -= 1;
  return place.slice(0, end);
}

/** Names of hosts know no case. */
function hostOf(registry: string): string {
  const host = registry.toLowerCase();
  return host === formerDockerHub ? dockerHub : host;
}
