import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { issueAuthority, issueServing } from './certificates.ts';
import { type History, liveThrough } from './testing/certificate-world.ts';
import { clientDelayMs, findGaps, type Span } from './testing/trust-history.ts';
import { joinPem } from './pem.ts';

const years = 12;
const seeds = [1, 2];
const histories: History[] = [];

beforeAll(async () => {
  // The first one loads node-forge, which takes time that the clock of the world does not know.
  await issueAuthority(new Date());
  for (const seed of seeds) histories.push(await liveThrough({ seed, replicas: 3, days: years * 365 }));
});

describe('a dozen years with replicas that are killed at any step', () => {
  it('have no moment at which an API server could not verify a replica, even one that is a minute behind', () => {
    expect(histories.flatMap(({ bundles, served }) => findGaps(bundles, served))).toEqual([]);
  });

  it('see every step of a rotation interrupted, before its write and after it', () => {
    // Not the bootstrap, which a world sees once.
    const steps = ['renew', 'begin', 'trust', 'stamp', 'switch', 'confirm'];
    const wanted = steps.flatMap((step) => [`${step} before`, `${step} after`]);
    const kills = new Set(histories.flatMap((history) => [...history.kills]));
    expect(wanted.filter((kill) => !kills.has(kill))).toEqual([]);
  });

  it('bring a rotation to its end each time', () => {
    for (const { rotations, isRotating } of histories) {
      expect(rotations).toBeGreaterThan(years);
      expect(isRotating).toBe(false);
    }
  });

  it('never use a serial number twice', () => {
    const serials = histories.flatMap(({ certificates }) =>
      [...certificates].map((pem) => new X509Certificate(pem).serialNumber),
    );
    expect(serials.length).toBeGreaterThan(seeds.length * years * 6);
    expect(new Set(serials).size).toBe(serials.length);
  });
});

describe('the search for gaps', () => {
  const start = Date.parse('2026-01-01T00:00:00Z');
  const span = (pem: string, from: number, to: number): Span => ({ pem, from: start + from, to: start + to });

  it('finds a certificate that came before its CA was known everywhere, and one that outlived its CA', async () => {
    const [old, next] = [await issueAuthority(new Date(start)), await issueAuthority(new Date(start))];
    const { certificate } = await issueServing(next, ['webhook.mcp.svc'], new Date(start));
    const both = joinPem([old.certificate, next.certificate]);
    const bundles = [span(old.certificate, 0, 1_000), span(both, 1_000, 500_000)];
    const late = 1_000 + clientDelayMs;
    expect(findGaps(bundles, [span(certificate, late, 500_000)])).toEqual([]);
    expect(findGaps(bundles, [span(certificate, late - 1, 500_000)])).toHaveLength(1);
    expect(findGaps([span(both, 0, 91 * 86_400_000)], [span(certificate, 0, 91 * 86_400_000)])).toHaveLength(1);
  });
});
