import { createHash } from 'node:crypto';
import { certificateBlocks, parseCertificate } from './pem.ts';

/** The certificates of one CA bundle, which are public. Equal digests are equal bundles. */
export interface CaBundle {
  /** PEM, one certificate each. */
  readonly certificates: readonly string[];
  readonly digest: string;
}

/**
 * Of one bundle. All public CAs that there are have 150 certificates and 200 KiB; whoever opens a connection waits some
 * 20 ms until OpenSSL has read as many as are allowed, and so does everything else in the process.
 */
const limits = { certificates: 500, bytes: 256 * 1024 };

/** What a text is as a CA bundle. */
export type ReadCaBundle =
  | { readonly state: 'usable'; readonly bundle: CaBundle }
  /** Not one of its certificates can be read, or it has none. */
  | { readonly state: 'none' }
  /** More certificates than a bundle may have, 500, or longer ones together, 256 KiB; whatever else the text has. */
  | { readonly state: 'too-large' };

/**
 * The certificates in a PEM text, in its order. Beside a good one, a block that is no certificate does no harm: OpenSSL
 * passes over it.
 */
export function parseCaBundle(text: string): ReadCaBundle {
  const blocks = certificateBlocks(text);
  const bytes = blocks.reduce((sum, block) => sum + block.length, 0);
  if (blocks.length > limits.certificates || bytes > limits.bytes) return { state: 'too-large' };
  if (!blocks.some((block) => parseCertificate(block) !== undefined)) return { state: 'none' };
  // A part of a text would keep the whole of it in memory.
  const certificates = blocks.map((block) => Buffer.from(block).toString());
  const hash = createHash('sha256');
  for (const certificate of certificates) hash.update(certificate).update('\n');
  return { state: 'usable', bundle: { certificates, digest: hash.digest('hex') } };
}
