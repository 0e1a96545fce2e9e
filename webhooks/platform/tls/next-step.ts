import { type CertificateSecret, trustBundleOf } from './certificate-secret.ts';
import {
  canSign,
  type CertificateAuthority,
  expiryOf,
  isAuthority,
  isSignedBy,
  replacementTimeOf,
  type ServingCertificate,
  servingProblems,
} from './certificates.ts';
import {
  isInPlace,
  webhookConfigurationTypes,
  type WebhookConfiguration,
  type WebhookConfigurationType,
} from './webhook-configuration.ts';

/** Everything that the next step depends on; the configurations were read before the Secret. */
export interface CertificateView {
  readonly secret: CertificateSecret;
  /** Undefined while there is no such configuration: then nobody calls, and nobody has to trust us. */
  readonly configurations: Readonly<Record<WebhookConfigurationType, WebhookConfiguration | undefined>>;
  readonly dnsNames: readonly string[];
}

/**
 * One write at most, so that a replica may end before and after each of them; but for `trust`, which patches up to two
 * webhook configurations. It may end between those two as well: whoever looks next finds the other one still wrong.
 * `why` is a clause for the log.
 *
 *     begin → trust → stamp → (a minute) → switch → (a minute) → confirm
 */
export type CertificateStep =
  /** A new CA and what it signs: nothing that is there can be used. The only step that API servers may notice. */
  | { readonly type: 'bootstrap'; readonly why: string }
  /** A new serving certificate under the CA that API servers trust. */
  | { readonly type: 'renew'; readonly authority: CertificateAuthority; readonly why: string }
  /** Put the next CA beside the one in use. */
  | { readonly type: 'begin'; readonly why: string }
  /** Tell API servers whom to trust. */
  | { readonly type: 'trust'; readonly caBundle: string; readonly wrong: readonly WebhookConfigurationType[] }
  /** Note that the step which the Secret tells of holds from now on. */
  | { readonly type: 'stamp' }
  /** The note is not true any more. */
  | { readonly type: 'unstamp' }
  /** Serve under the next CA; the one in use becomes the previous one. */
  | { readonly type: 'switch'; readonly authority: CertificateAuthority; readonly why: string }
  /** Drop the previous CA, once every replica serves under the new one if `askReplicas`. */
  | { readonly type: 'confirm'; readonly certificate: string; readonly askReplicas: boolean }
  /** Nothing to do before this moment, in milliseconds since 1970, unless something changes. */
  | { readonly type: 'rest'; readonly until: number };

/**
 * How long both webhook configurations have to trust the next CA before it is used, and how long the previous one is kept
 * at least, in milliseconds. Nothing tells when API servers have seen a change of a webhook configuration. Their watches
 * are a second behind at most as long as all is well; a minute bridges a watch that was cut and is opened again.
 */
export const trustDelayMs = 60_000;

/** What can be served now, or undefined. */
export function servableOf({ secret, dnsNames }: CertificateView, now: Date): ServingCertificate | undefined {
  const serving = servingPair(secret);
  return serving !== undefined && problemsOf({ secret, dnsNames }, now).length === 0 ? serving : undefined;
}

/** The one decision about certificates. Pure: two replicas that see the same decide the same. */
export function nextStep(view: CertificateView, now: Date): CertificateStep {
  const problems = problemsOf(view, now);
  if (problems.length > 0) return repair(view.secret, now, problems.join('; '));
  // Renewing comes before trusting, so that somebody who lets us write the Secret only still gets certificates.
  return renewal(view.secret, now) ?? beginning(view.secret, now) ?? trusting(view) ?? rotation(view, now);
}

/** Why what the Secret holds cannot be served. A CA without its key serves on: see {@link beginning}. */
function problemsOf({ secret, dnsNames }: Pick<CertificateView, 'secret' | 'dnsNames'>, now: Date): readonly string[] {
  const serving = servingPair(secret);
  const ca = secret.authority.certificate;
  if (serving === undefined || ca === undefined) return ['the Secret lacks ca.crt, tls.crt or tls.key'];
  const own = servingProblems(serving, dnsNames, now);
  if (!isAuthority(ca)) return [...own, 'ca.crt is not a CA certificate'];
  return [
    ...own,
    ...(expiryOf(ca) <= now.getTime() ? ['ca.crt has expired'] : []),
    ...(isSignedBy(serving.certificate, ca) ? [] : ['tls.crt is not signed by ca.crt']),
  ];
}

/** From the least that API servers notice to the most. */
function repair(secret: CertificateSecret, now: Date, why: string): CertificateStep {
  const authority = signer(secret.authority, now);
  if (authority !== undefined) return { type: 'renew', authority, why };
  const next = signer(secret.next, now);
  if (next !== undefined) return { type: 'switch', authority: next, why };
  return { type: 'bootstrap', why };
}

function renewal(secret: CertificateSecret, now: Date): CertificateStep | undefined {
  const authority = signer(secret.authority, now);
  if (authority === undefined || renewalTime(secret) > now.getTime()) return undefined;
  return { type: 'renew', authority, why: 'a third of the serving certificate is left, or a little more' };
}

/** Never when the serving certificate ends with its CA: another one could not live longer. */
function renewalTime({ authority, serving }: CertificateSecret): number {
  if (authority.certificate === undefined || serving.certificate === undefined) return Infinity;
  return expiryOf(serving.certificate) < expiryOf(authority.certificate)
    ? replacementTimeOf(serving.certificate)
    : Infinity;
}

function beginning(secret: CertificateSecret, now: Date): CertificateStep | undefined {
  if (secret.previousCa !== undefined || signer(secret.next, now) !== undefined) return undefined;
  if (secret.isRotationRequested) return { type: 'begin', why: 'it was asked for by an annotation' };
  if (signer(secret.authority, now) === undefined)
    return { type: 'begin', why: 'ca.key is missing or not the one of ca.crt' };
  return rotationTime(secret) <= now.getTime()
    ? { type: 'begin', why: 'a third of the CA is left, or a little more' }
    : undefined;
}

function rotationTime({ authority }: CertificateSecret): number {
  return authority.certificate === undefined ? Infinity : replacementTimeOf(authority.certificate);
}

function trusting({ secret, configurations }: CertificateView): CertificateStep | undefined {
  const caBundle = trustBundleOf(secret);
  const wrong = webhookConfigurationTypes.filter((type) => {
    const configuration = configurations[type];
    return configuration !== undefined && !isInPlace(configuration, caBundle);
  });
  if (wrong.length === 0) return undefined;
  // Somebody took the next CA out after its minute had begun. First the note, or another replica would go by it.
  if (secret.next.certificate !== undefined && secret.stepSince !== undefined) return { type: 'unstamp' };
  return { type: 'trust', caBundle, wrong };
}

/** Both configurations trust what they should. */
function rotation({ secret }: CertificateView, now: Date): CertificateStep {
  const next = signer(secret.next, now);
  if (next === undefined && secret.previousCa === undefined) {
    return { type: 'rest', until: Math.min(renewalTime(secret), rotationTime(secret)) };
  }
  // A time in the future, from a clock that was wrong, would hold the rotation up for as long.
  if (secret.stepSince === undefined || secret.stepSince > now.getTime() + trustDelayMs) return { type: 'stamp' };
  const until = secret.stepSince + trustDelayMs;
  if (until > now.getTime()) return { type: 'rest', until };
  if (next !== undefined)
    return { type: 'switch', authority: next, why: 'API servers had a minute to trust the next CA' };
  return confirmation(secret, now);
}

function confirmation({ serving, previousCa = '' }: CertificateSecret, now: Date): CertificateStep {
  // What has expired helps nobody: it may go even when a replica does not answer.
  const isOver = !isAuthority(previousCa) || expiryOf(previousCa) <= now.getTime();
  return { type: 'confirm', certificate: serving.certificate ?? '', askReplicas: !isOver };
}

function signer(
  { certificate, privateKey }: Partial<CertificateAuthority>,
  now: Date,
): CertificateAuthority | undefined {
  if (certificate === undefined || privateKey === undefined) return undefined;
  return canSign({ certificate, privateKey }, now) ? { certificate, privateKey } : undefined;
}

function servingPair({ serving }: CertificateSecret): ServingCertificate | undefined {
  const { certificate, privateKey } = serving;
  return certificate === undefined || privateKey === undefined ? undefined : { certificate, privateKey };
}
