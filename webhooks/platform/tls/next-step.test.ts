import { beforeAll, describe, expect, it } from '@jest/globals';
import type { CertificateSecret } from './certificate-secret.ts';
import { trustBundleOf } from './certificate-secret.ts';
import {
  type CertificateAuthority,
  issueAuthority,
  issueServing,
  replacementTimeOf,
  type ServingCertificate,
} from './certificates.ts';
import { type CertificateStep, type CertificateView, nextStep, servableOf, trustDelayMs } from './next-step.ts';
import type { WebhookConfiguration } from './webhook-configuration.ts';

const start = new Date('2026-11-24T12:00:00Z');
const dnsNames = ['webhook.mcp.svc'];
const days = (count: number): number => count * 86_400_000;
const at = (ms: number): Date => new Date(start.getTime() + ms);

interface Issued {
  readonly authority: CertificateAuthority;
  readonly serving: ServingCertificate;
}

let first: Issued;
let second: Issued;
/** Signed by the first CA ten days before it ends. */
let last: ServingCertificate;

beforeAll(async () => {
  [first, second] = [await issue(start), await issue(start)];
  last = await issueServing(first.authority, dnsNames, at(days(355)));
});

async function issue(now: Date): Promise<Issued> {
  const authority = await issueAuthority(now);
  return { authority, serving: await issueServing(authority, dnsNames, now) };
}

function secretWith(changes: Partial<CertificateSecret> = {}): CertificateSecret {
  return {
    ...{ resourceVersion: '1', authority: first.authority, serving: first.serving, next: {} },
    ...{ previousCa: undefined, stepSince: undefined, isRotationRequested: false, ...changes },
  };
}

/** Both configurations trust what the Secret says, unless told otherwise. */
function viewOf(
  secret: CertificateSecret,
  configurations: Partial<CertificateView['configurations']> = {},
): CertificateView {
  const trusting = trusts(trustBundleOf(secret));
  return { secret, dnsNames, configurations: { mutating: trusting, validating: trusting, ...configurations } };
}

function trusts(...caBundles: readonly string[]): WebhookConfiguration {
  return { resourceVersion: '1', caBundles };
}

const introduced = (): Partial<CertificateSecret> => ({ next: second.authority });
const stamped = (): Partial<CertificateSecret> => ({ ...introduced(), stepSince: start.getTime() });
const switched = (): Partial<CertificateSecret> => ({
  ...second,
  previousCa: first.authority.certificate,
  stepSince: start.getTime(),
});

/** Situation, what there is, when (milliseconds after everything was issued), and the step. */
type Case = readonly [string, () => CertificateView, number, CertificateStep['type'] | RegExp];

const cases: Readonly<Record<string, readonly Case[]>> = {
  'what the Secret holds': [
    ['is nothing', () => viewOf(secretWith({ authority: {}, serving: {} })), 0, 'bootstrap'],
    ['is good', () => viewOf(secretWith()), 0, 'rest'],
    ['lacks the serving certificate', () => viewOf(secretWith({ serving: {} })), 0, 'renew'],
    [
      'has the key of another certificate',
      () => viewOf(secretWith({ serving: { ...first.serving, privateKey: second.serving.privateKey } })),
      0,
      'renew',
    ],
    ['has a serving certificate of another CA', () => viewOf(secretWith({ serving: second.serving })), 0, 'renew'],
    ['is for other names', () => ({ ...viewOf(secretWith()), dnsNames: ['other.mcp.svc'] }), 0, 'renew'],
    ['has a serving certificate that ended', () => viewOf(secretWith()), days(91), 'renew'],
    ['has a CA that ended', () => viewOf(secretWith({ serving: last })), days(366), 'bootstrap'],
    ['lacks the CA beside a next one', () => viewOf(secretWith({ ...introduced(), authority: {} })), 0, 'switch'],
    ['has a serving certificate as CA', () => viewOf(secretWith({ authority: first.serving })), 0, 'bootstrap'],
    [
      'is no PEM',
      () =>
        viewOf(
          secretWith({
            authority: { certificate: 'a', privateKey: 'b' },
            serving: { certificate: 'c', privateKey: 'd' },
          }),
        ),
      0,
      'bootstrap',
    ],
    [
      'lacks the key of the CA',
      () => viewOf(secretWith({ authority: { certificate: first.authority.certificate } })),
      0,
      'begin',
    ],
    [
      'has the key of another CA',
      () => viewOf(secretWith({ authority: { ...first.authority, privateKey: second.authority.privateKey } })),
      0,
      'begin',
    ],
  ],
  'the serving certificate': [
    ['is not due long before its last third', () => viewOf(secretWith()), days(55), 'rest'],
    ['is due in its last third', () => viewOf(secretWith()), days(60), 'renew'],
    [
      'is renewed even when API servers cannot be told',
      () => viewOf(secretWith(), { mutating: trusts('') }),
      days(60),
      'renew',
    ],
    ['is renewed while the next CA is introduced', () => viewOf(secretWith(stamped())), days(60), 'renew'],
    [
      'is not renewed when it ends with its CA',
      () => viewOf(secretWith({ serving: last, previousCa: second.authority.certificate, stepSince: 0 })),
      days(362),
      'confirm',
    ],
  ],
  'the CA': [
    ['was asked to be replaced', () => viewOf(secretWith({ isRotationRequested: true })), 0, 'begin'],
    [
      'was asked to be replaced while it is',
      () => viewOf(secretWith({ ...stamped(), isRotationRequested: true })),
      0,
      'rest',
    ],
    [
      'was asked to be replaced while the one before it is trusted',
      () => viewOf(secretWith({ ...switched(), isRotationRequested: true })),
      0,
      'rest',
    ],
    [
      'has a next one without a key',
      () => viewOf(secretWith({ next: { certificate: second.authority.certificate }, isRotationRequested: true })),
      0,
      'begin',
    ],
  ],
  'a webhook configuration': [
    ['trusts nobody', () => viewOf(secretWith(), { validating: trusts('') }), 0, 'trust'],
    [
      'trusts somebody else',
      () => viewOf(secretWith(), { mutating: trusts(second.authority.certificate) }),
      0,
      'trust',
    ],
    [
      'trusts us in one webhook only',
      () => viewOf(secretWith(), { mutating: trusts(first.authority.certificate, '') }),
      0,
      'trust',
    ],
    ['does not exist', () => viewOf(secretWith(), { mutating: undefined }), 0, 'rest'],
    [
      'trusts the previous CA that was dropped',
      () => viewOf(secretWith(), { mutating: trusts(first.authority.certificate + second.authority.certificate) }),
      0,
      'trust',
    ],
    [
      'does not trust the next CA yet',
      () => viewOf(secretWith(introduced()), { validating: trusts(first.authority.certificate) }),
      0,
      'trust',
    ],
    [
      'lost the next CA during its minute',
      () => viewOf(secretWith(stamped()), { validating: trusts(first.authority.certificate) }),
      30_000,
      'unstamp',
    ],
    [
      'lost the next CA after its minute',
      () => viewOf(secretWith(stamped()), { validating: trusts('') }),
      90_000,
      'unstamp',
    ],
  ],
  'the next CA': [
    ['is trusted, and nobody noted since when', () => viewOf(secretWith(introduced())), 0, 'stamp'],
    [
      'was noted by a clock that ran ahead',
      () => viewOf(secretWith({ ...introduced(), stepSince: start.getTime() + trustDelayMs + 1 })),
      0,
      'stamp',
    ],
    ['is trusted for less than a minute', () => viewOf(secretWith(stamped())), trustDelayMs - 1, 'rest'],
    ['is trusted for a minute', () => viewOf(secretWith(stamped())), trustDelayMs, 'switch'],
  ],
  'the previous CA': [
    ['stays for a minute', () => viewOf(secretWith(switched())), trustDelayMs - 1, 'rest'],
    [
      'has no note of when it became one',
      () => viewOf(secretWith({ ...switched(), stepSince: undefined })),
      0,
      'stamp',
    ],
    [
      'goes when every replica serves under its successor',
      () => viewOf(secretWith(switched())),
      trustDelayMs,
      'confirm',
    ],
  ],
};

describe.each(Object.entries(cases))('%s', (_subject, rows) => {
  it.each(rows)('%s', (_situation, view, ms, expected) => {
    expect(nextStep(view(), at(ms)).type).toBe(expected);
  });
});

describe('the decision', () => {
  it('begins a rotation when the CA is in its last third and the serving certificate is not', async () => {
    const serving = await issueServing(first.authority, dnsNames, at(days(220)));
    expect(nextStep(viewOf(secretWith({ serving })), at(days(224)))).toMatchObject({ type: 'rest' });
    expect(nextStep(viewOf(secretWith({ serving })), at(days(244)))).toMatchObject({ type: 'begin' });
  });

  it('rests until the first of what is due', () => {
    const step = nextStep(viewOf(secretWith()), start);
    expect(step).toEqual({ type: 'rest', until: replacementTimeOf(first.serving.certificate) });
  });

  it('names every configuration that does not trust what it should, and what it should trust', () => {
    const view = viewOf(secretWith(introduced()), { mutating: trusts(''), validating: trusts('') });
    expect(nextStep(view, start)).toEqual({
      type: 'trust',
      caBundle: first.authority.certificate + second.authority.certificate,
      wrong: ['mutating', 'validating'],
    });
  });

  it('keeps the text of the bundle when the next CA becomes the one in use', () => {
    expect(trustBundleOf(secretWith(switched()))).toBe(trustBundleOf(secretWith(introduced())));
  });

  it('promotes a next CA that can sign when the one in use has ended', async () => {
    const younger = await issueAuthority(at(days(300)));
    const view = viewOf(secretWith({ serving: last, next: younger }));
    expect(nextStep(view, at(days(366)))).toMatchObject({ type: 'switch', authority: younger });
  });

  it('asks replicas about a previous CA as long as it is worth something', async () => {
    const younger = await issue(at(days(300)));
    const view = viewOf(secretWith({ ...younger, previousCa: first.authority.certificate, stepSince: 0 }));
    expect(nextStep(view, at(days(350)))).toMatchObject({ type: 'confirm', askReplicas: true });
    expect(nextStep(view, at(days(355)))).toMatchObject({ type: 'confirm', askReplicas: true });
    const later = {
      ...view,
      secret: { ...view.secret, serving: await issueServing(younger.authority, dnsNames, at(days(366))) },
    };
    expect(nextStep(later, at(days(366)))).toMatchObject({ type: 'confirm', askReplicas: false });
  });

  it('serves what can be served, also when its CA has lost its key', () => {
    expect(servableOf(viewOf(secretWith()), start)).toEqual(first.serving);
    expect(servableOf(viewOf(secretWith({ authority: { certificate: first.authority.certificate } })), start)).toEqual(
      first.serving,
    );
    expect(servableOf(viewOf(secretWith({ authority: second.authority })), start)).toBeUndefined();
    expect(servableOf(viewOf(secretWith()), at(days(91)))).toBeUndefined();
  });
});
