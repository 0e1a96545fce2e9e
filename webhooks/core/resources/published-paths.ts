import { pathOf } from '../mcpserver/names.ts';
import type { ExpansionInput } from './expanded-kind.ts';

/**
 * Where clients of a protected server learn who gives them a token: beside its path, with that path behind it or without.
 * https://www.rfc-editor.org/rfc/rfc9728#section-3.1
 */
export const PROTECTED_RESOURCE = '/.well-known/oauth-protected-resource';

/**
 * The path at which what serves answers, and that of what replaces it as soon as some of that may; with each where the metadata
 * of what it protects are. Of several servers on one host each has its own there as well.
 */
export function publishedPrefixes({ server, served, servesAlone = false }: ExpansionInput): readonly string[] {
  const now = servesAlone && served !== undefined ? [] : [pathOf(server)];
  const paths = [...new Set([...(served === undefined ? [] : [served.path]), ...now])];
  return paths.flatMap((path) => (isAll(path) ? [path] : [path, `${PROTECTED_RESOURCE}${withoutEnd(path)}`]));
}

/** Of whose prefix everything is. */
export function isAll(path: string): boolean {
  return withoutEnd(path) === '';
}

/** Whether a prefix takes the path, by whole elements, as HTTPRoutes and Ingresses count. */
export function isBelow(path: string, prefix: string): boolean {
  return `${withoutEnd(path)}/`.startsWith(`${withoutEnd(prefix)}/`);
}

function withoutEnd(path: string): string {
  return path.replace(/\/+$/, '');
}
