import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  canSign,
  type CertificateAuthority,
  expiryOf,
  isAuthority,
  isSignedBy,
  issueAuthority,
  issueServing,
  replacementTimeOf,
  serviceDnsNames,
  type ServingCertificate,
  servingProblems,
} from './certificates.ts';

const now = new Date('2026-11-24T12:00:00Z');
const names = serviceDnsNames('webhook', 'mcp', 'cluster.local');
const day = 86_400_000;
const later = (days: number): Date => new Date(now.getTime() + days * day);

interface Pair extends ServingCertificate {
  readonly authority: CertificateAuthority;
}

let set: Pair;
let other: Pair;

beforeAll(async () => {
  set = await newSet(now);
  other = await newSet(now);
});

async function newSet(at: Date): Promise<Pair> {
  const authority = await issueAuthority(at);
  return { authority, ...(await issueServing(authority, names, at)) };
}

describe('a certificate of ours', () => {
  it('is for the names under which the Service is called', () => {
    expect(names).toEqual(['webhook.mcp.svc', 'webhook.mcp.svc.cluster.local', 'webhook.mcp', 'webhook']);
    expect(servingProblems(set, names, now)).toEqual([]);
  });

  it('is already valid for a clock that runs half an hour behind', () => {
    const before = new Date(now.getTime() - 1_800_000);
    expect(servingProblems(set, names, before)).toEqual([]);
    expect(canSign(set.authority, before)).toBe(true);
  });

  it('has a random positive serial of 128 bits', () => {
    const serials = [set, other].map(({ certificate }) => new X509Certificate(certificate).serialNumber);
    expect(serials[0]).toMatch(/^[4-7][0-9A-F]{31}$/);
    expect(serials[0]).not.toBe(serials[1]);
  });

  it('is for servers only', () => {
    expect(new X509Certificate(set.certificate).keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  });

  it('passes a TLS handshake with a client that trusts its CA, under the Service name', async () => {
    const fresh = await newSet(new Date());
    const server = createServer({ cert: fresh.certificate, key: fresh.privateKey }, (socket) => socket.end('hello'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const client = connect({ port, host: '127.0.0.1', servername: 'webhook.mcp.svc', ca: fresh.authority.certificate });
    await once(client, 'secureConnect');
    expect(client.authorized).toBe(true);
    client.destroy();
    server.close();
  });

  it('passes the strict verification of openssl', () => {
    const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
    try {
      writeFileSync(join(folder, 'ca.pem'), set.authority.certificate);
      writeFileSync(join(folder, 'tls.pem'), set.certificate);
      const attime = String(now.getTime() / 1000);
      const flags = ['-x509_strict', '-purpose', 'sslserver', '-verify_hostname', 'webhook.mcp.svc', '-attime', attime];
      const files = ['-CAfile', join(folder, 'ca.pem'), join(folder, 'tls.pem')];
      expect(execFileSync('openssl', ['verify', ...flags, ...files], { encoding: 'utf8' })).toMatch(/: OK\n$/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('problems of a serving certificate', () => {
  const cases: readonly (readonly [string, () => [ServingCertificate, readonly string[], Date], readonly RegExp[]])[] =
    [
      ['one that has ended', () => [set, names, later(91)], [/^tls.crt is valid from/]],
      ['one that is not valid yet', () => [set, names, later(-1)], [/^tls.crt is valid from/]],
      ['another key', () => [{ ...set, privateKey: other.privateKey }, names, now], [/^tls.key does not belong/]],
      ['another name', () => [set, ['webhook.other.svc'], now], [/^tls.crt is not for webhook.other.svc$/]],
      ['text that is no PEM', () => [{ ...set, certificate: 'hello' }, names, now], [/not readable PEM/]],
    ];
  it.each(cases)('tell %s', (_, input, expected) => {
    const problems = servingProblems(...input());
    expect(problems).toHaveLength(expected.length);
    for (const [index, pattern] of expected.entries()) expect(problems[index]).toMatch(pattern);
  });
});

it('knows whose signature a certificate bears', () => {
  expect(isSignedBy(set.certificate, set.authority.certificate)).toBe(true);
  expect(isSignedBy(set.certificate, other.authority.certificate)).toBe(false);
  expect(isSignedBy(set.certificate, 'hello')).toBe(false);
  expect([set.authority.certificate, set.certificate, 'hello'].map(isAuthority)).toEqual([true, false, false]);
});

describe('is due', () => {
  const dueAfter = (certificate: string): number => (replacementTimeOf(certificate) - now.getTime()) / day;

  it('when a third of its life is left, or a twentieth more: the serving certificate after 55 to 60 days, the CA after 225 to 244', () => {
    const [serving, ca] = [dueAfter(set.certificate), dueAfter(set.authority.certificate)];
    expect([serving >= 55.4, serving <= 60]).toEqual([true, true]);
    expect([ca >= 225, ca <= 243.4]).toEqual([true, true]);
  });

  it('for every replica at the same time, and for certificates of one day at different ones', async () => {
    const issued = await Promise.all(Array.from({ length: 20 }, () => issueServing(set.authority, names, now)));
    const times = issued.map(({ certificate }) => dueAfter(certificate));
    expect(issued.map(({ certificate }) => dueAfter(certificate))).toEqual(times);
    // Of 20 of 4.5 days, all within a day: less than one in a trillion.
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(1);
  });
});

it('never outlives its CA', async () => {
  const late = await issueServing(set.authority, names, later(300));
  expect(expiryOf(late.certificate)).toBe(expiryOf(set.authority.certificate));
});

it('signs with a CA that is valid and has its own key', () => {
  expect(canSign(set.authority, later(364))).toBe(true);
  expect(canSign(set.authority, later(366))).toBe(false);
  expect(canSign(set.authority, later(-1))).toBe(false);
  expect(canSign({ ...set.authority, privateKey: other.authority.privateKey }, now)).toBe(false);
  expect(canSign(set, now)).toBe(false);
});
