import { hash } from 'node:crypto';

/** SHA-256, cut to 128 bits as hex: tells one content from another, protects nothing. */
export function digest(text: string): string {
  // Not the beginning of the whole text: that keeps the whole, and thousands of digests are kept.
  return hash('sha256', text, 'buffer').toString('hex', 0, 16);
}
