import { createHash, X509Certificate } from 'node:crypto';

/** The certificates of one CA bundle, which are public. Equal digests are equal bundles. */
export interface CaBundle {
  /** PEM, one certificate each. */
  readonly certificates: readonly string[];
  readonly digest: string;
}

const pemCertificate = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * The certificates in a PEM text, in its order; undefined when not one of them can be read. Whatever else the text has
 * (a private key that somebody pasted, comments) is left behind, and so are blocks that are no certificate, as Go and
 * OpenSSL do.
 */
export function parseCaBundle(text: string): CaBundle | undefined {
  const certificates = text.match(pemCertificate) ?? [];
  if (!certificates.some(isCertificate)) return undefined;
  const hash = createHash('sha256');
  for (const certificate of certificates) hash.update(certificate).update('\n');
  return { certificates, digest: hash.digest('hex') };
}

/** The few bytes of a real block are enough to try: parsing is the only test that means anything. */
function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
