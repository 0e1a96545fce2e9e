import { X509Certificate } from 'node:crypto';

/**
 * The blocks of a PEM text that say they are certificates, in its order. Whatever else the text has (a private key that
 * somebody pasted, comments) is left behind.
 */
export function certificateBlocks(text: string): readonly string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

/** Undefined for what is no certificate: parsing is the only test that means anything. */
export function parseCertificate(block: string): X509Certificate | undefined {
  try {
    return new X509Certificate(block);
  } catch {
    return undefined;
  }
}

/** The certificates of a PEM text in their order; text between them, and what cannot be read, is left out. */
export function splitPem(text: string): readonly X509Certificate[] {
  return certificateBlocks(text).flatMap((block) => parseCertificate(block) ?? []);
}

/** One PEM text of several, each on lines of its own. */
export function joinPem(certificates: readonly string[]): string {
  return certificates.map((pem) => `${pem.trim()}\n`).join('');
}
