import type { ProtocolEra } from '../../core/plan/observed.ts';

/** The revision without a handshake: https://modelcontextprotocol.io/specification/2026-07-28 */
export const statelessVersion = '2026-07-28';

/** Offered to servers of the handshake era; they may answer with an older one. */
export const handshakeVersion = '2025-11-25';

/**
 * Every revision with a handshake, newest first, as the official client takes them (2024-10-07 came before the first that is
 * published): https://modelcontextprotocol.io/specification/versioning
 */
export const handshakeVersions: readonly string[] = [
  handshakeVersion,
  '2025-06-18',
  '2025-03-26',
  '2024-11-05',
  '2024-10-07',
];

/** Everything that we speak, newest first. */
export const ourVersions: readonly string[] = [statelessVersion, ...handshakeVersions];

/** Revisions are dates, so they compare as texts. */
export function eraOfVersion(protocolVersion: string): ProtocolEra {
  return protocolVersion < statelessVersion ? 'handshake' : 'stateless';
}
