import type { CompositeViolation } from '../core/composites/composite-kind.ts';
import { shortenMiddle } from '../core/engine/text.ts';
import { API } from '../core/mcpserver/api.ts';
import { keyOf } from '../platform/kube/object.ts';
import { identityOf } from './identity.ts';
import type { ServerManifest } from './server-manifest.ts';

/**
 * Warns of objects of kinds above that become an MCPServer which another object of the input is, or becomes, too: one of the
 * two gets it in a cluster, and each alone is fine. The same object in two files is none of that: it may be an overlay.
 */
export function tellTwins(servers: readonly ServerManifest[], namespace: string): readonly ServerManifest[] {
  if (servers.every(({ composed }) => composed === undefined)) return servers;
  // By MCPServer, and then by what it was written as, the first of each.
  const known = new Map<string, Map<string, ServerManifest>>();
  for (const server of servers) {
    const key = keyFor(server, namespace);
    const origins = known.get(key) ?? new Map<string, ServerManifest>();
    const origin = originOf(server);
    if (origin !== undefined && !origins.has(origin)) known.set(key, origins.set(origin, server));
  }
  return servers.map((server) => {
    const { composed } = server;
    const origin = originOf(server);
    if (composed === undefined || origin === undefined) return server;
    const origins = known.get(keyFor(server, namespace)) ?? [];
    // What asks for it gets one that nobody owns, whichever of the two is there first.
    const isItsOwn = (twin: ServerManifest): boolean => composed.isAdopted && twin.composed === undefined;
    const twin = [...origins].find(([other, written]) => other !== origin && !isItsOwn(written))?.[1];
    if (twin === undefined) return server;
    const warning = toViolation(twin, composed);
    return { ...server, composed: { ...composed, warnings: [...composed.warnings, warning] } };
  });
}

function keyFor({ value }: ServerManifest, namespace: string): string {
  return keyOf({ ...identityOf(value, namespace), kind: API.kind });
}

/** Undefined for what has no name yet, or becomes nothing. */
function originOf({ value, composed }: ServerManifest): string | undefined {
  if (identityOf(value, '').name === '') return undefined;
  return composed === undefined ? API.kind : composed.origin;
}

function toViolation(
  { file, locate, composed: other }: ServerManifest,
  { authored, adoption }: NonNullable<ServerManifest['composed']>,
): CompositeViolation {
  const path = authored.path(['metadata', 'name']);
  const { line } = locate(['metadata', 'name']);
  const isUnowned = other === undefined && adoption !== undefined;
  return {
    ...{ path, reason: 'NotOurs', headline: 'the MCPServer of that name is another object of the input' },
    detail: `found it in ${shortenMiddle(file, 200)}, line ${line}`,
    remedy: isUnowned
      ? `Remove one of the two: in a cluster this one would say NotOurs. ${adoption}.`
      : 'Remove one of the two: in a cluster this one would say NotOurs.',
  };
}
