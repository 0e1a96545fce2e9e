import { objectPath, type ApiResult } from '../kube/api.ts';
import { metaOf, recordAt, stringAt } from '../kube/object.ts';
import {
  canSign,
  isDueForRenewal,
  issueAuthority,
  issueServing,
  problemsOf,
  type CertificateAuthority,
  type CertificateSet,
} from './certificates.ts';
import { followObject, type FollowOptions, type Handled } from './follow-object.ts';

export interface CertificateStoreOptions extends Pick<FollowOptions, 'api' | 'clock' | 'log' | 'signal'> {
  readonly namespace: string;
  readonly secretName: string;
  /** Names that the certificate must be for. */
  readonly dnsNames: readonly string[];
  /** Called with each usable set that differs from the one before. */
  readonly onCertificate: (set: CertificateSet) => void;
}

/** Keys of the Secret. The first and the last two are those of cert-manager and of `kubernetes.io/tls`. */
const keys = {
  caCertificate: 'ca.crt',
  caPrivateKey: 'ca.key',
  certificate: 'tls.crt',
  privateKey: 'tls.key',
} as const;

/** Statuses that mean "somebody else was first": its certificate is as good as ours, read it. */
const lostRace = new Set([409, 422]);

/**
 * Keeps the webhook's certificate in one Secret, which the chart creates empty. Any replica that finds it unusable
 * issues a new one and writes it on the version that it has read; of two that do so at once, one is refused and takes
 * what the other wrote. Every change of the Secret, by whomever, reaches `onCertificate`. Returns when the signal aborts.
 */
export async function keepCertificate(options: CertificateStoreOptions): Promise<void> {
  let current: CertificateSet | undefined;
  await followObject({
    ...options,
    object: {
      apiVersion: 'v1',
      kind: 'Secret',
      plural: 'secrets',
      namespace: options.namespace,
      name: options.secretName,
    },
    onObject: async (secret): Promise<Handled> => {
      const found = await usableSet(options, secret);
      if (found === undefined) return 'again';
      if (current === undefined || !isSame(current, found)) {
        options.onCertificate(found);
        current = found;
      }
      return 'done';
    },
  });
}

/** What the Secret holds, or what we could put into it; undefined when neither worked out this time. */
async function usableSet(options: CertificateStoreOptions, secret: unknown): Promise<CertificateSet | undefined> {
  const { log, secretName, clock, dnsNames } = options;
  if (secret === undefined) {
    log.warn('the Secret for the certificate does not exist: create it empty, or run helm upgrade, which does', {
      secret: secretName,
    });
    return undefined;
  }
  const now = clock.now();
  const found = readSet(secret);
  const problems = found === undefined ? ['it is empty'] : problemsOf(found, dnsNames, now);
  if (found !== undefined && problems.length === 0 && !needsRenewal(found, now)) return found;

  log.info('issuing a serving certificate', { secret: secretName, why: problems.join('; ') || 'it ends soon' });
  const issued = await issue(found, dnsNames, now);
  const written = await writeSet(options, metaOf(secret).resourceVersion, issued);
  if (written.ok) return issued;
  if (lostRace.has(written.error.status)) {
    log.info('another replica wrote the certificate first, taking it', { secret: secretName });
    return undefined;
  }
  log.warn('cannot write the certificate', { secret: secretName, error: written.error.message });
  // A certificate that still works is better than none while the API server refuses the next one.
  return problems.length === 0 ? found : undefined;
}

/** A set without the CA's key was issued by somebody else, who renews it. */
function needsRenewal(set: CertificateSet, now: Date): boolean {
  return set.caPrivateKey !== undefined && isDueForRenewal(set.certificate, now);
}

/** Under the CA that API servers already trust when it can still sign; otherwise under a new one. */
async function issue(
  found: CertificateSet | undefined,
  dnsNames: readonly string[],
  now: Date,
): Promise<Required<CertificateSet>> {
  const existing = found === undefined ? undefined : authorityOf(found);
  const authority = existing !== undefined && canSign(existing, now) ? existing : await issueAuthority(now);
  const serving = await issueServing(authority, dnsNames, now);
  return { caCertificate: authority.certificate, caPrivateKey: authority.privateKey, ...serving };
}

function authorityOf(set: CertificateSet): CertificateAuthority | undefined {
  if (set.caPrivateKey === undefined) return undefined;
  return { certificate: set.caCertificate, privateKey: set.caPrivateKey };
}

function readSet(secret: unknown): CertificateSet | undefined {
  const data = recordAt(secret, 'data');
  const read = (key: string): string | undefined => {
    const value = stringAt(data, key);
    return value === undefined || value === '' ? undefined : Buffer.from(value, 'base64').toString('utf8');
  };
  const [caCertificate, caPrivateKey] = [read(keys.caCertificate), read(keys.caPrivateKey)];
  const [certificate, privateKey] = [read(keys.certificate), read(keys.privateKey)];
  if (caCertificate === undefined || certificate === undefined || privateKey === undefined) return undefined;
  return { caCertificate, certificate, privateKey, ...(caPrivateKey === undefined ? {} : { caPrivateKey }) };
}

/** A merge patch leaves the labels of the chart alone; with a resourceVersion it is refused (409) on any other one. */
function writeSet(
  { api, namespace, secretName, signal }: CertificateStoreOptions,
  resourceVersion: string,
  set: Required<CertificateSet>,
): Promise<ApiResult> {
  const base64 = (pem: string): string => Buffer.from(pem).toString('base64');
  return api.request({
    method: 'PATCH',
    path: objectPath({ apiVersion: 'v1', plural: 'secrets', namespace, name: secretName }),
    contentType: 'application/merge-patch+json',
    body: {
      metadata: { resourceVersion },
      data: {
        [keys.caCertificate]: base64(set.caCertificate),
        [keys.caPrivateKey]: base64(set.caPrivateKey),
        [keys.certificate]: base64(set.certificate),
        [keys.privateKey]: base64(set.privateKey),
      },
    },
    signal,
  });
}

function isSame(a: CertificateSet, b: CertificateSet): boolean {
  return a.caCertificate === b.caCertificate && a.certificate === b.certificate && a.privateKey === b.privateKey;
}
