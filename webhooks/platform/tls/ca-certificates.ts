import { createHash } from 'node:crypto';
import { certificateBlocks, parseCertificate } from './pem.ts';

/** The certificates of one CA bundle, which are public. Equal digests are equal bundles. */
export interface CaBundle {
  /** PEM, one certificate each. */
  readonly certificates: readonly string[];
  readonly digest: string;
}

/**
 * The certificates in a PEM text, in its order; undefined when not one of them can be read. Beside a good one, a block that
 * is no certificate does no harm: OpenSSL passes over it.
 */
export function parseCaBundle(text: string): CaBundle | undefined {
  const certificates = certificateBlocks(text);
  if (!certificates.some((block) => parseCertificate(block) !== undefined)) return undefined;
  const hash = createHash('sha256');
  for (const certificate of certificates) hash.update(certificate).update('\n');
  return { certificates, digest: hash.digest('hex') };
}
