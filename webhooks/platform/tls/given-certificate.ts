import type { LogOnChange } from './change-log.ts';
import { isSameServing, type ServingCertificate, servingProblems } from './certificates.ts';
import { type CertificateView, trustDelayMs } from './next-step.ts';
import { findTrust, type Trust, webhookConfigurationTypes } from './webhook-configuration.ts';

/** What to serve, if anything, and after how many milliseconds to choose again, even if nothing changes. */
export interface Given {
  readonly serving: ServingCertificate | undefined;
  readonly forMs: number;
}

export type ChooseGiven = (view: CertificateView, now: Date) => Given;

/**
 * Which certificate of somebody else to serve: what the Secret holds, unless API servers may know only the CA of the one
 * before it. Then that one is served as long as it is good: who exchanges a CA does not write Secret and bundle at once,
 * and nothing tells when API servers have seen the bundle.
 */
export function createChooseGiven(logOnChange: LogOnChange): ChooseGiven {
  let chosen: ServingCertificate | undefined;
  let awaited: { readonly serving: ServingCertificate; readonly since: number } | undefined;
  return (view, now) => {
    const found = usableOf(view, now, logOnChange);
    if (found === undefined) return { serving: undefined, forMs: Infinity };
    const current = chosen;
    const known = current === undefined || isSameServing(found, current) ? undefined : goodTrust(view, current, now);
    if (current === undefined || known === undefined) {
      chosen = found;
      return { serving: found, forMs: Infinity };
    }
    const trust = trustOf(view, found);
    if (trust === undefined) {
      awaited = undefined;
      const why = 'the webhook configurations trust only the one before it: add its CA to their caBundle';
      logOnChange('warn', 'the new certificate is not served yet', { why });
      return { serving: current, forMs: Infinity };
    }
    if (awaited === undefined || !isSameServing(awaited.serving, found)) {
      awaited = { serving: found, since: now.getTime() };
    }
    const waitMs = isSameTrust(trust, known) ? 0 : awaited.since + trustDelayMs - now.getTime();
    if (waitMs <= 0) {
      chosen = found;
      return { serving: found, forMs: Infinity };
    }
    const why = 'API servers get a minute to learn of its CA';
    logOnChange('info', 'the new certificate is not served yet', { why });
    return { serving: current, forMs: waitMs };
  };
}

function usableOf(view: CertificateView, now: Date, logOnChange: LogOnChange): ServingCertificate | undefined {
  const { certificate, privateKey } = view.secret.serving;
  const isComplete = certificate !== undefined && privateKey !== undefined;
  const problems = isComplete
    ? servingProblems({ certificate, privateKey }, view.dnsNames, now)
    : ['it lacks tls.crt or tls.key'];
  if (isComplete && problems.length === 0) return { certificate, privateKey };
  logOnChange('warn', 'the Secret for the certificate cannot be used', { why: problems.join('; ') });
  return undefined;
}

/** By what API servers trust it; undefined when they do not, or when it is over. */
function goodTrust(view: CertificateView, serving: ServingCertificate, now: Date): readonly Trust[] | undefined {
  return servingProblems(serving, view.dnsNames, now).length === 0 ? trustOf(view, serving) : undefined;
}

/** One for each configuration that there is; undefined when one of them does not trust it. */
function trustOf(
  { configurations }: CertificateView,
  { certificate }: ServingCertificate,
): readonly Trust[] | undefined {
  const found = webhookConfigurationTypes.flatMap((type) => {
    const configuration = configurations[type];
    return configuration === undefined ? [] : [findTrust(configuration, certificate)];
  });
  const trusts = found.filter((trust) => trust !== undefined);
  return trusts.length === found.length ? trusts : undefined;
}

function isSameTrust(some: readonly Trust[], others: readonly Trust[]): boolean {
  return some.every(({ anchor }, index) => anchor?.fingerprint256 === others[index]?.anchor?.fingerprint256);
}
