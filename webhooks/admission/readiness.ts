import type { Readiness } from '../platform/http/health.ts';
import type { WebhookConfigurationType } from '../platform/tls/ca-bundle.ts';

/** What the webhook's readiness depends on, as it becomes known. */
export interface WebhookReadiness {
  certificateChanged(expiry: number): void;
  caBundleInPlace(type: WebhookConfigurationType): void;
  stopping(): void;
  read(): Readiness;
  /** Milliseconds since 1970; undefined while there is no certificate. */
  certificateExpiry(): number | undefined;
}

/**
 * Ready with a certificate that is valid now, and after API servers have once been told to trust it. Once: a bundle
 * that somebody wipes is written again, and taking every replica out of the Service meanwhile would only make it worse.
 */
export function createReadiness(now: () => Date): WebhookReadiness {
  const waitingFor = new Set<WebhookConfigurationType>(['mutating', 'validating']);
  let expiry: number | undefined;
  let isStopping = false;
  return {
    certificateChanged: (at) => {
      expiry = at;
    },
    caBundleInPlace: (type) => {
      waitingFor.delete(type);
    },
    stopping: () => {
      isStopping = true;
    },
    certificateExpiry: () => expiry,
    read() {
      const reasons = [
        ...(isStopping ? ['stopping'] : []),
        ...(expiry === undefined ? ['certificate: none yet'] : []),
        ...(expiry !== undefined && expiry <= now().getTime() ? ['certificate: expired'] : []),
        ...Array.from(waitingFor, (type) => `${type} webhook configuration: our CA is not in place yet`),
      ];
      return reasons.length === 0 ? { ready: true } : { ready: false, reasons };
    },
  };
}
