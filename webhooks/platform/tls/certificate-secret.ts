import { present } from '../../core/mcpserver/record.ts';
import { objectPath, type ApiResult, type KubeApi } from '../kube/api.ts';
import { metaOf, recordAt, stringAt } from '../kube/object.ts';
import { isAuthority, type CertificateAuthority, type ServingCertificate } from './certificates.ts';
import { joinPem } from './pem.ts';

/** Which Secret. */
export interface SecretName {
  readonly namespace: string;
  readonly name: string;
}

/**
 * What the Secret holds, as PEM texts that nobody has judged yet. Besides the CA in use and the serving certificate it
 * holds, while the CA is being replaced, first the next one and then the certificate of the previous one:
 *
 *     ca.* tls.*  →  ca.* tls.* next-ca.*  →  ca.* tls.* previous-ca.crt  →  ca.* tls.*
 */
export interface CertificateSecret {
  readonly resourceVersion: string;
  readonly authority: Partial<CertificateAuthority>;
  readonly serving: Partial<ServingCertificate>;
  readonly next: Partial<CertificateAuthority>;
  readonly previousCa: string | undefined;
  /**
   * Milliseconds since 1970. With a next CA: since when both webhook configurations are known to trust it. With a previous
   * one: when the serving certificate of its successor was written.
   */
  readonly stepSince: number | undefined;
  /** Somebody asked for a new CA by an annotation. */
  readonly isRotationRequested: boolean;
}

/** How far the replacement of the CA is: its successor is being made known, or its last users are awaited. */
export const rotationPhases = ['none', 'trusting', 'confirming'] as const;

export type RotationPhase = (typeof rotationPhases)[number];

/** Keys of the Secret. `tls.crt` and `tls.key` are those of the type `kubernetes.io/tls`, `ca.crt` is cert-manager's; the others are ours. */
const keys = {
  caCertificate: 'ca.crt',
  caPrivateKey: 'ca.key',
  certificate: 'tls.crt',
  privateKey: 'tls.key',
  nextCaCertificate: 'next-ca.crt',
  nextCaPrivateKey: 'next-ca.key',
  previousCa: 'previous-ca.crt',
} as const;

/** Asks for a new CA, whatever its value: `kubectl annotate secret … mcp-lifecycle/rotate-ca=now`. */
export const rotationRequest = 'mcp-lifecycle/rotate-ca';

/** The time of {@link CertificateSecret.stepSince}, in RFC 3339. */
const stepSinceAnnotation = 'mcp-lifecycle/ca-step-since';

/** Never fails: what is absent or no text is undefined. */
export function parseCertificateSecret(secret: unknown): CertificateSecret {
  const data = recordAt(secret, 'data');
  const read = (key: string): string | undefined => {
    const value = stringAt(data, key);
    return value === undefined || value === '' ? undefined : Buffer.from(value, 'base64').toString('utf8');
  };
  const annotations = recordAt(recordAt(secret, 'metadata'), 'annotations');
  const since = Date.parse(stringAt(annotations, stepSinceAnnotation) ?? '');
  return {
    resourceVersion: metaOf(secret).resourceVersion,
    authority: present({ certificate: read(keys.caCertificate), privateKey: read(keys.caPrivateKey) }),
    serving: present({ certificate: read(keys.certificate), privateKey: read(keys.privateKey) }),
    next: present({ certificate: read(keys.nextCaCertificate), privateKey: read(keys.nextCaPrivateKey) }),
    previousCa: read(keys.previousCa),
    stepSince: Number.isNaN(since) ? undefined : since,
    isRotationRequested: stringAt(annotations, rotationRequest) !== undefined,
  };
}

/**
 * What API servers shall trust, oldest first. It depends on the Secret alone and not on the time, so that two replicas
 * whose clocks differ never write different bundles.
 */
export function trustBundleOf(secret: CertificateSecret): string {
  const wanted = [secret.previousCa, secret.authority.certificate, secret.next.certificate];
  return joinPem(wanted.filter((certificate) => certificate !== undefined && isAuthority(certificate)) as string[]);
}

export function rotationPhaseOf({ next, previousCa }: CertificateSecret): RotationPhase {
  if (next.certificate !== undefined) return 'trusting';
  return previousCa === undefined ? 'none' : 'confirming';
}

/** What to write; null removes, what is absent stays as it is. */
export interface SecretChanges {
  readonly authority?: CertificateAuthority;
  readonly serving?: ServingCertificate;
  readonly next?: CertificateAuthority | null;
  readonly previousCa?: string | null;
  readonly stepSince?: Date | null;
  /** The request for a new CA is being served. */
  readonly isRequestServed?: true;
}

/**
 * A merge patch leaves the chart's labels alone; with a resourceVersion it is refused (409) when anybody else wrote since
 * `secret` was read.
 */
export function writeCertificateSecret(
  api: KubeApi,
  { namespace, name }: SecretName,
  write: { readonly secret: CertificateSecret; readonly changes: SecretChanges; readonly signal: AbortSignal },
): Promise<ApiResult> {
  const { changes } = write;
  return api.request({
    method: 'PATCH',
    path: objectPath({ apiVersion: 'v1', plural: 'secrets', namespace, name }),
    contentType: 'application/merge-patch+json',
    body: {
      metadata: { resourceVersion: write.secret.resourceVersion, annotations: toAnnotations(changes) },
      data: toData(changes),
    },
    signal: write.signal,
  });
}

function toAnnotations(changes: SecretChanges): Record<string, string | null> {
  const { stepSince, isRequestServed } = changes;
  return present({
    [stepSinceAnnotation]: stepSince === undefined ? undefined : (stepSince?.toISOString() ?? null),
    [rotationRequest]: isRequestServed === undefined ? undefined : null,
  });
}

function toData(changes: SecretChanges): Record<string, string | null> {
  const { authority, serving, next, previousCa } = changes;
  return {
    ...(authority === undefined ? {} : pair(keys.caCertificate, keys.caPrivateKey, authority)),
    ...(serving === undefined ? {} : pair(keys.certificate, keys.privateKey, serving)),
    ...(next === undefined ? {} : pair(keys.nextCaCertificate, keys.nextCaPrivateKey, next)),
    ...(previousCa === undefined ? {} : { [keys.previousCa]: base64(previousCa) }),
  };
}

function pair(
  certificateKey: string,
  privateKeyKey: string,
  value: ServingCertificate | null,
): Record<string, string | null> {
  return { [certificateKey]: base64(value?.certificate ?? null), [privateKeyKey]: base64(value?.privateKey ?? null) };
}

function base64(pem: string | null): string | null {
  return pem === null ? null : Buffer.from(pem).toString('base64');
}
