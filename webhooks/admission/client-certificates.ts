import type { TLSSocket, TlsOptions } from 'node:tls';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import type { AdmissionMetrics } from './metrics.ts';

/**
 * Whom the port serves: with a CA, clients that have a certificate of it, and nobody otherwise. Refused in the handshake,
 * on purpose: a connection that was let in without one could come back by its TLS ticket, and would pass for verified.
 */
export function clientTrust(clientCa: string | undefined): TlsOptions {
  return clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true };
}

/** Between two lines of the log, in milliseconds: clients that are refused without end must not fill it. */
const tellEveryMs = 60_000;

/** Counts clients that have no certificate or a wrong one, and tells of one now and then, with the reason. */
export function createRefusedClients(options: {
  readonly metrics: AdmissionMetrics;
  readonly log: Logger;
  readonly clock: Clock;
}): (error: Error, socket: TLSSocket) => void {
  const { metrics, log, clock } = options;
  let tellAgainAt = -Infinity;
  return (error, socket) => {
    const reason = reasonOf(error, socket);
    if (reason === undefined) return;
    metrics.shed('client certificate');
    const now = clock.monotonicMs();
    if (now < tellAgainAt) return;
    tellAgainAt = now + tellEveryMs;
    log.warn('a client was refused: webhook.clientCA is set, and it has no certificate of that CA', {
      reason,
    });
  };
}

/** A code of OpenSSL; undefined for handshakes that failed for something else. */
function reasonOf(error: Error, socket: TLSSocket): string | undefined {
  const noCertificate = 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE';
  if ('code' in error && error.code === noCertificate) return 'no certificate';
  // Typed as an Error; it is the code. Null when the certificate is fine or was never looked at.
  const refused: unknown = socket.authorizationError;
  return typeof refused === 'string' ? refused : undefined;
}
