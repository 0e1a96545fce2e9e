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
  type CertificateSet,
  isDueForRenewal,
  issueAuthority,
  issueServing,
  problemsOf,
  serviceDnsNames,
} from './certificates.ts';

const now = new Date('2026-11-24T12:00:00Z');
const names = serviceDnsNames('webhook', 'mcp', 'cluster.local');
const day = 86_400_000;
const later = (days: number): Date => new Date(now.getTime() + days * day);

let set: Required<CertificateSet>;
let other: Required<CertificateSet>;

beforeAll(async () => {
  set = await newSet(now);
  other = await newSet(now);
});

async function newSet(at: Date): Promise<Required<CertificateSet>> {
  const authority = await issueAuthority(at);
  const serving = await issueServing(authority, names, at);
  return { caCertificate: authority.certificate, caPrivateKey: authority.privateKey, ...serving };
}

describe('a certificate of ours', () => {
  it('is for the names under which the Service is called', () => {
    expect(names).toEqual(['webhook.mcp.svc', 'webhook.mcp.svc.cluster.local', 'webhook.mcp', 'webhook']);
    expect(problemsOf(set, names, now)).toEqual([]);
  });

  it('is already valid for a clock that runs half an hour behind', () => {
    expect(problemsOf(set, names, new Date(now.getTime() - 1_800_000))).toEqual([]);
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
    const client = connect({ port, host: '127.0.0.1', servername: 'webhook.mcp.svc', ca: fresh.caCertificate });
    await once(client, 'secureConnect');
    expect(client.authorized).toBe(true);
    client.destroy();
    server.close();
  });

  it('passes the strict verification of openssl', () => {
    const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
    try {
      writeFileSync(join(folder, 'ca.pem'), set.caCertificate);
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

describe('problems of a set', () => {
  const cases: readonly (readonly [string, () => [CertificateSet, readonly string[], Date], readonly RegExp[]])[] = [
    ['a serving certificate that has ended', () => [set, names, later(366)], [/^tls.crt is valid from/]],
    ['certificates that are not valid yet', () => [set, names, later(-1)], [/^ca.crt is valid/, /^tls.crt is valid/]],
    ['another CA', () => [{ ...set, caCertificate: other.caCertificate }, names, now], [/not signed by ca.crt/]],
    ['another key', () => [{ ...set, privateKey: other.privateKey }, names, now], [/^tls.key does not belong/]],
    ['another name', () => [set, ['webhook.other.svc'], now], [/^tls.crt is not for webhook.other.svc$/]],
    [
      'a serving certificate as CA',
      () => [{ ...set, caCertificate: set.certificate }, names, now],
      [/not a CA/, /not signed/],
    ],
    ['text that is no PEM', () => [{ ...set, certificate: 'hello' }, names, now], [/not readable PEM/]],
  ];
  it.each(cases)('tell %s', (_, input, expected) => {
    const problems = problemsOf(...input());
    expect(problems).toHaveLength(expected.length);
    for (const [index, pattern] of expected.entries()) expect(problems[index]).toMatch(pattern);
  });
});

it('renews when a third of the life is left', () => {
  expect(isDueForRenewal(set.certificate, later(240))).toBe(false);
  expect(isDueForRenewal(set.certificate, later(246))).toBe(true);
});

it('signs with a CA only as long as the CA outlives what it signs', () => {
  const authority = { certificate: set.caCertificate, privateKey: set.caPrivateKey };
  expect(canSign(authority, later(3000))).toBe(true);
  expect(canSign(authority, later(3300))).toBe(false);
  expect(canSign({ ...authority, privateKey: other.caPrivateKey }, now)).toBe(false);
});
