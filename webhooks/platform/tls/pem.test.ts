import { beforeAll, expect, it } from '@jest/globals';
import { type CertificateAuthority, issueAuthority } from './certificates.ts';
import { certificateBlocks, joinPem, splitPem } from './pem.ts';

const broken = '-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n';
let one: CertificateAuthority;
let two: CertificateAuthority;

beforeAll(async () => {
  one = await issueAuthority(new Date());
  two = await issueAuthority(new Date());
});

it('reads a bundle with comments, and leaves out what cannot be read', () => {
  const text = `# ours\n${one.certificate}\n${broken}${two.certificate.trim()}`;
  expect(splitPem(text).map((certificate) => certificate.toString().trim())).toEqual([
    one.certificate.trim(),
    two.certificate.trim(),
  ]);
  expect(splitPem('')).toEqual([]);
});

it('reads back what it joins', () => {
  const blocks = [one.certificate.trim(), two.certificate.trim()];
  expect(certificateBlocks(joinPem(blocks))).toEqual(blocks);
});

it('leaves a private key behind', () => {
  expect(certificateBlocks(`${one.privateKey}\n${one.certificate}`)).toEqual([one.certificate.trim()]);
  expect(certificateBlocks(one.privateKey)).toEqual([]);
});
