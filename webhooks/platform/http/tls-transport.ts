import { createServer } from 'node:https';
import type { ServingCertificate } from '../tls/certificates.ts';
import { lookMs, type Transport } from './plain-server.ts';
import { tlsSettings } from './tls-settings.ts';

export interface TlsTransport extends Transport {
  /** For new connections. Until there is one, handshakes fail. */
  readonly setCertificate: (serving: ServingCertificate) => void;
}

/** TLS, and nothing without it, with the time-out of the webhook for handshakes. */
export function createTlsTransport(): TlsTransport {
  const server = createServer({ ...tlsSettings, handshakeTimeout: 5_000, connectionsCheckingInterval: lookMs });
  return {
    server,
    // Each costs about 50 KiB.
    maxConnections: 64,
    setCertificate: ({ certificate, privateKey }) => {
      server.setSecureContext({ ...tlsSettings, cert: certificate, key: privateKey });
    },
  };
}
