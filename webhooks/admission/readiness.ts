import type { Readiness } from '../platform/http/health.ts';
import { webhookConfigurationTypes, type WebhookConfigurationType } from '../platform/tls/webhook-configuration.ts';

/** What the webhook's readiness depends on, as it becomes known. */
export interface WebhookReadiness {
  certificateChanged(expiry: number): void;
  /** API servers that call by this configuration are told to trust our certificate. */
  trusted(type: WebhookConfigurationType): void;
  stopping(): void;
  read(): Readiness;
}

/** What the webhook has to know before it judges. */
interface Settled {
  readonly isPolicySettled: () => boolean;
  readonly hasLookedForApis: () => boolean;
}

/**
 * Ready with a certificate that is valid now, after API servers have once been told to trust it, and after the policy and optional
 * APIs were looked for: what is judged before would pass that is refused a moment later. Once: a bundle that somebody wipes is written again, and taking every replica out of the Service meanwhile
 * would only make it worse.
 */
export function createReadiness(now: () => Date, { isPolicySettled, hasLookedForApis }: Settled): WebhookReadiness {
  const waitingFor = new Set<WebhookConfigurationType>(webhookConfigurationTypes);
  let expiry: number | undefined;
  let isStopping = false;
  return {
    certificateChanged: (at) => {
      expiry = at;
    },
    trusted: (type) => {
      waitingFor.delete(type);
    },
    stopping: () => {
      isStopping = true;
    },
    read() {
      const reasons = [
        ...(isStopping ? ['stopping'] : []),
        ...(isPolicySettled() ? [] : ['policy: not read yet']),
        ...(hasLookedForApis() ? [] : ['optional APIs: not looked for yet']),
        ...(expiry === undefined ? ['certificate: none yet'] : []),
        ...(expiry !== undefined && expiry <= now().getTime() ? ['certificate: expired'] : []),
        ...Array.from(
          waitingFor,
          (type) => `${type} webhook configuration: its caBundle does not trust our certificate yet`,
        ),
      ];
      return reasons.length === 0 ? { ready: true } : { ready: false, reasons };
    },
  };
}
