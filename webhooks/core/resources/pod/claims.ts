import type { Fields } from '../../mcpserver/record.ts';
import type { ClaimMount, MCPServer } from '../../mcpserver/types.gen.ts';
import { mountPermissions } from './mount-permissions.ts';

/** Whether pods of the server write into a volume that outlives them, and that other pods may have at the same time. */
export function writesToClaim({ spec }: MCPServer): boolean {
  return spec.extensions?.storage?.some(isWritten) ?? false;
}

/** Whether the mount is for writing. */
export function isWritten({ permissions }: ClaimMount): boolean {
  return permissions === 'ReadWrite';
}

export function claimMounts({ spec }: MCPServer): readonly Fields[] {
  const { storage = [] } = spec.extensions ?? {};
  return storage.map(({ claimName, path, permissions, subPath }) => ({
    name: volumeName(storage, claimName),
    mountPath: path,
    ...(subPath === undefined ? {} : { subPath }),
    ...mountPermissions(permissions),
  }));
}

/**
 * One for each claim, however often it is mounted: a kubelet waits for ever for the second volume of the same claim. Mounts are
 * read-only and never the volume: in one that is, the kubelet neither gives files to the fsGroup nor makes a missing subPath.
 */
export function claimVolumes({ spec }: MCPServer): readonly Fields[] {
  const { storage = [] } = spec.extensions ?? {};
  return [...new Set(storage.map(({ claimName }) => claimName))].map((claimName) => ({
    name: volumeName(storage, claimName),
    persistentVolumeClaim: { claimName },
  }));
}

/** `vol-claim-0`: by the first mount of the claim. Only we have volumes of such names (core/plan/foreign/places.ts). */
function volumeName(storage: readonly ClaimMount[], claimName: string): string {
  return `vol-claim-${storage.findIndex((mount) => mount.claimName === claimName)}`;
}
