import { createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';

import type { MCPServer } from '../../core/mcpserver/types.gen.ts';
import type { CaBundle } from '../tls/ca-certificates.ts';

/** Whose certificates the verification of one server accepts. */
export type TlsTrust =
  | { readonly type: 'any-certificate' }
  /** What Node trusts by itself: its list of public CAs, and NODE_EXTRA_CA_CERTS or NODE_USE_SYSTEM_CA if set. */
  | { readonly type: 'public-authorities' }
  /** These and no others: of this Secret. */
  | { readonly type: 'bundle'; readonly secret: string; readonly bundle: KeptCaBundle }
  /** A bundle is asked for, and there is none. */
  | { readonly type: 'bundle-missing'; readonly secret: string };

/** A bundle of which the certificates are there as long as there is room for them. */
export interface KeptCaBundle extends Pick<CaBundle, 'digest'> {
  /** Undefined while there is no room for it. */
  get(): CaBundle | undefined;
}

/** Lowest version that we speak; RFC 8996 deprecates those below. */
const minVersion = 'TLSv1.2';

/** What the spec asks for; undefined for a server that serves plain HTTP. */
export function tlsTrustOf(server: MCPServer, bundle: KeptCaBundle | undefined): TlsTrust | undefined {
  const tls = server.spec.transport?.tls;
  if (tls?.enabled !== true) return undefined;
  if (tls.caBundleSecret !== undefined) {
    const { name: secret } = tls.caBundleSecret;
    return bundle === undefined ? { type: 'bundle-missing', secret } : { type: 'bundle', secret, bundle };
  }
  return { type: tls.insecureSkipVerify === true ? 'any-certificate' : 'public-authorities' };
}

/** Equal texts mean the same trust. */
export function tlsTrustKey(trust: TlsTrust | undefined): string {
  switch (trust?.type) {
    case undefined:
      return 'plain';
    case 'bundle':
      return `bundle ${trust.bundle.digest}`;
    case 'bundle-missing':
      return `missing ${trust.secret}`;
    case 'any-certificate':
    case 'public-authorities':
      return trust.type;
  }
}

/** Equal texts mean that a spec asks for the same trust, whatever its Secret holds by now. */
export function tlsSpecKey(trust: TlsTrust | undefined): string {
  return trust !== undefined && 'secret' in trust ? `bundle of ${trust.secret}` : tlsTrustKey(trust);
}

/**
 * Reading a bundle takes OpenSSL up to 20 ms, and every server of an organisation has the same. By digest, the one that
 * was used last at the end.
 */
const contexts = new Map<string, SecureContext>();
/** Each may have a MiB outside of the heap. */
const maxContexts = 8;

export interface TlsClientSettings {
  readonly secureContext: SecureContext;
  readonly rejectUnauthorized: boolean;
}

/**
 * What a connection is opened with; undefined while there is no room for the bundle. The name that the certificate must
 * have is the host of the URL. Throws what OpenSSL says about a bundle.
 */
export function tlsClientSettings(
  trust: Exclude<TlsTrust, { readonly type: 'bundle-missing' }>,
): TlsClientSettings | undefined {
  if (trust.type === 'bundle') {
    const secureContext = contextOf(trust.bundle);
    return secureContext === undefined ? undefined : { secureContext, rejectUnauthorized: true };
  }
  return {
    // An empty list spares the public CAs where nothing is checked.
    secureContext: createSecureContext({ minVersion, ...(trust.type === 'any-certificate' ? { ca: [] } : {}) }),
    rejectUnauthorized: trust.type === 'public-authorities',
  };
}

function contextOf(kept: KeptCaBundle): SecureContext | undefined {
  const { digest } = kept;
  const bundle = kept.get();
  if (bundle === undefined) return undefined;
  const context = contexts.get(digest) ?? createSecureContext({ minVersion, ca: [...bundle.certificates] });
  contexts.delete(digest);
  const [oldest] = contexts.keys();
  if (contexts.size >= maxContexts && oldest !== undefined) contexts.delete(oldest);
  contexts.set(digest, context);
  return context;
}
