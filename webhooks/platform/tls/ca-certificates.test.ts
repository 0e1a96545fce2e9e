import { rootCertificates } from 'node:tls';

import { beforeAll, describe, expect, it } from '@jest/globals';

import { parseCaBundle } from './ca-certificates.ts';
import { issueAuthority } from './certificates.ts';
import type { CaBundle } from './ca-certificates.ts';
import type { CertificateAuthority } from './certificates.ts';

let one: CertificateAuthority;
let two: CertificateAuthority;

beforeAll(async () => {
  const now = new Date();
  [one, two] = await Promise.all([issueAuthority(now), issueAuthority(now)]);
});

const bundleOf = (text: string): CaBundle | undefined => {
  const read = parseCaBundle(text);
  return read.state === 'usable' ? read.bundle : undefined;
};

describe('parseCaBundle', () => {
  it('finds every certificate and nothing else', () => {
    const bundle = bundleOf(`# ours\n${one.certificate}\n${one.privateKey}\n${two.certificate}`);
    expect(bundle?.certificates).toEqual([one.certificate.trim(), two.certificate.trim()]);
    expect(JSON.stringify(bundle)).not.toContain('PRIVATE KEY');
  });

  it('tells bundles apart by what they trust, not by what is written around it', () => {
    const digest = bundleOf(one.certificate)?.digest;
    expect(bundleOf(`\n# comment\n${one.certificate}\n\n`)?.digest).toBe(digest);
    expect(bundleOf(two.certificate)?.digest).not.toBe(digest);
  });

  it.each([
    ['nothing', ''],
    ['a text', 'trust me'],
    ['a block that is no certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
    ['a block without an end', '-----BEGIN CERTIFICATE-----\nAAAA\n'],
  ])('finds no bundle in %s', (_, text) => {
    expect(parseCaBundle(text)).toEqual({ state: 'none' });
  });

  it('finds no bundle in a private key alone', () => {
    expect(parseCaBundle(one.privateKey)).toEqual({ state: 'none' });
  });

  it('finds one that is too large in more than 500 certificates, or 256 KiB of them, whatever else is there', () => {
    const broken = (length: number): string =>
      `-----BEGIN CERTIFICATE-----\n${'A'.repeat(length)}\n-----END CERTIFICATE-----\n`;
    const besides = '# a comment\n'.repeat(50_000);
    expect(parseCaBundle(besides + one.certificate + broken(4).repeat(499))).toMatchObject({ state: 'usable' });
    expect(parseCaBundle(one.certificate + broken(4).repeat(500))).toEqual({ state: 'too-large' });
    expect(parseCaBundle(one.certificate + broken(250_000))).toMatchObject({ state: 'usable' });
    expect(parseCaBundle(one.certificate + broken(270_000))).toEqual({ state: 'too-large' });
  });

  it('has room for all public CAs', () => {
    expect(parseCaBundle(rootCertificates.join('\n'))).toMatchObject({ state: 'usable' });
  });

  it('passes over a broken block beside a good one', () => {
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    expect(parseCaBundle(broken + one.certificate)).toMatchObject({ state: 'usable' });
  });
});
