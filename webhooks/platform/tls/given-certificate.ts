import type { LogOnChange } from './change-log.ts';
import { isSameServing, type ServingCertificate, servingProblems } from './certificates.ts';
import type { CertificateView } from './next-step.ts';
import { findTrust, webhookConfigurationTypes } from './webhook-configuration.ts';

export type ChooseGiven = (view: CertificateView, now: Date) => ServingCertificate | undefined;

/**
 * Which certificate of somebody else to serve: what the Secret holds, unless API servers are told to trust only the one
 * before it. Then that one is served as long as it is valid: who replaces Secret and bundle does not do both at once.
 */
export function createChooseGiven(logOnChange: LogOnChange): ChooseGiven {
  let chosen: ServingCertificate | undefined;
  return (view, now) => {
    const found = readGiven(view, now, logOnChange);
    if (found === undefined || (chosen !== undefined && isSameServing(found, chosen))) return found;
    const isChosenGood = chosen !== undefined && servingProblems(chosen, view.dnsNames, now).length === 0;
    if (chosen !== undefined && isChosenGood && isTrusted(view, chosen) && !isTrusted(view, found)) {
      const why = 'the webhook configurations trust only the one before it: add its CA to their caBundle';
      logOnChange('warn', 'the new certificate is not served yet', { why });
      return chosen;
    }
    chosen = found;
    return found;
  };
}

function readGiven(view: CertificateView, now: Date, logOnChange: LogOnChange): ServingCertificate | undefined {
  const { certificate, privateKey } = view.secret.serving;
  const isComplete = certificate !== undefined && privateKey !== undefined;
  const problems = isComplete
    ? servingProblems({ certificate, privateKey }, view.dnsNames, now)
    : ['it lacks tls.crt or tls.key'];
  if (isComplete && problems.length === 0) return { certificate, privateKey };
  logOnChange('warn', 'the Secret for the certificate cannot be used', { why: problems.join('; ') });
  return undefined;
}

function isTrusted({ configurations }: CertificateView, { certificate }: ServingCertificate): boolean {
  return webhookConfigurationTypes.every((type) => {
    const configuration = configurations[type];
    return configuration === undefined || findTrust(configuration, certificate) !== undefined;
  });
}
