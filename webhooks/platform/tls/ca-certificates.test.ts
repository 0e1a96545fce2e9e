import { beforeAll, describe, expect, it } from '@jest/globals';

import { parseCaBundle } from './ca-certificates.ts';
import { issueAuthority } from './certificates.ts';
import type { CertificateAuthority } from './certificates.ts';

let one: CertificateAuthority;
let two: CertificateAuthority;

beforeAll(async () => {
  const now = new Date();
  [one, two] = await Promise.all([issueAuthority(now), issueAuthority(now)]);
});

describe('parseCaBundle', () => {
  it('finds every certificate and nothing else', () => {
    const bundle = parseCaBundle(`# ours\n${one.certificate}\n${one.privateKey}\n${two.certificate}`);
    expect(bundle?.certificates).toEqual([one.certificate.trim(), two.certificate.trim()]);
    expect(JSON.stringify(bundle)).not.toContain('PRIVATE KEY');
  });

  it('tells bundles apart by what they trust, not by what is written around it', () => {
    const digest = parseCaBundle(one.certificate)?.digest;
    expect(parseCaBundle(`\n# comment\n${one.certificate}\n\n`)?.digest).toBe(digest);
    expect(parseCaBundle(two.certificate)?.digest).not.toBe(digest);
  });

  it.each([
    ['nothing', ''],
    ['a text', 'trust me'],
    ['a block that is no certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
    ['a block without an end', '-----BEGIN CERTIFICATE-----\nAAAA\n'],
  ])('finds no bundle in %s', (_, text) => {
    expect(parseCaBundle(text)).toBeUndefined();
  });

  it('finds no bundle in a private key alone', () => {
    expect(parseCaBundle(one.privateKey)).toBeUndefined();
  });

  it('passes over a broken block beside a good one', () => {
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    expect(parseCaBundle(broken + one.certificate)).toBeDefined();
  });
});
