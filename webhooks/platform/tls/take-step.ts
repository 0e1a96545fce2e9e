import type { ApiResult } from '../kube/api.ts';
import { type SecretChanges, writeCertificateSecret } from './certificate-secret.ts';
import { type CertificateAuthority, isAuthority, issueAuthority, issueServing } from './certificates.ts';
import type { LogOnChange } from './change-log.ts';
import type { FollowOptions } from './follow-object.ts';
import type { CertificateStep, CertificateView } from './next-step.ts';
import { type AskAddress, askOtherReplicas } from './serving-replicas.ts';
import { webhookConfigurations, type WebhookConfigurationType, writeCaBundle } from './webhook-configuration.ts';

/** Where certificates are kept, and for whom. */
export interface StepOptions extends Pick<FollowOptions, 'api' | 'clock' | 'log' | 'signal'> {
  readonly namespace: string;
  readonly secretName: string;
  readonly configurationNames: Readonly<Record<WebhookConfigurationType, string>>;
  /** The Service whose endpoints are our replicas. */
  readonly serviceName: string;
  /** Names that the certificate must be for. */
  readonly dnsNames: readonly string[];
  readonly ask: AskAddress;
}

/** What came of a step. */
export type Taken =
  | { readonly type: 'done'; readonly step: CertificateStep['type'] }
  /** Nothing to do for so long, in milliseconds, unless something changes. */
  | { readonly type: 'rest'; readonly ms: number }
  /** It could not be done: look again, later each time. */
  | { readonly type: 'again' };

/** Between two questions whether every replica serves the new certificate, in milliseconds. */
const confirmPeriodMs = 10_000;

/** Statuses that mean "somebody else was first": look again and decide anew. */
const lostRace = new Set([409, 422]);

type Step<Type extends CertificateStep['type']> = CertificateStep & { readonly type: Type };

/** Does one step on the versions that it was decided on. Never writes when somebody else wrote since. */
export function createTakeStep(
  options: StepOptions,
  logOnChange: LogOnChange,
): (view: CertificateView, step: CertificateStep) => Promise<Taken> {
  const { api, clock, log, signal, namespace, dnsNames } = options;
  const secret = options.secretName;

  const takenBy = (result: ApiResult, step: CertificateStep['type']): Taken => {
    if (result.ok) return { type: 'done', step };
    if (signal.aborted) return { type: 'again' };
    if (lostRace.has(result.error.status)) log.info('another replica was first, looking again', { step });
    else logOnChange('warn', 'a step of keeping certificates was refused', { step, error: result.error.message });
    return { type: 'again' };
  };
  const write = async (
    view: CertificateView,
    step: CertificateStep['type'],
    changes: SecretChanges,
  ): Promise<Taken> => {
    const target = { namespace, name: secret };
    return takenBy(await writeCertificateSecret(api, target, { secret: view.secret, changes, signal }), step);
  };

  const bootstrap = async (view: CertificateView, step: Step<'bootstrap'>, now: Date): Promise<Taken> => {
    log.info('issuing a CA and a serving certificate', { secret, why: step.why });
    const authority = await issueAuthority(now);
    const serving = await issueServing(authority, dnsNames, now);
    const rest = { next: null, previousCa: null, stepSince: null, isRequestServed: true } as const;
    return write(view, step.type, { authority, serving, ...rest });
  };
  const renew = async (view: CertificateView, step: Step<'renew'>, now: Date): Promise<Taken> => {
    log.info('issuing a serving certificate', { secret, why: step.why });
    return write(view, step.type, { serving: await issueServing(step.authority, dnsNames, now) });
  };
  const begin = async (view: CertificateView, step: Step<'begin'>, now: Date): Promise<Taken> => {
    log.info('introducing the next CA', { secret, why: step.why });
    const next = await issueAuthority(now);
    return write(view, step.type, { next, stepSince: null, isRequestServed: true });
  };
  const trust = async (view: CertificateView, step: Step<'trust'>): Promise<Taken> => {
    let taken: Taken = { type: 'done', step: step.type };
    for (const type of step.wrong) {
      const configuration = view.configurations[type];
      if (configuration === undefined) continue;
      const target = { type, name: options.configurationNames[type] };
      const written = await writeCaBundle(api, target, { configuration, caBundle: step.caBundle, signal });
      if (written.ok) log.info('wrote the CA bundle', { kind: webhookConfigurations[type].kind, name: target.name });
      else taken = takenBy(written, step.type);
    }
    return taken;
  };
  const switchTo = async (view: CertificateView, step: Step<'switch'>, now: Date): Promise<Taken> => {
    log.info('serving under the next CA', { secret, why: step.why });
    const serving = await issueServing(step.authority, dnsNames, now);
    const previousCa = trustedStill(view.secret.authority);
    return write(view, step.type, { authority: step.authority, serving, next: null, previousCa, stepSince: now });
  };
  const confirm = async (view: CertificateView, step: Step<'confirm'>): Promise<Taken> => {
    const { serviceName, ask } = options;
    const replicas = { api, namespace, serviceName, signal, ask };
    const found = step.askReplicas ? await askOtherReplicas(step.certificate, replicas) : undefined;
    if (found?.ok === false) return takenBy(found, step.type);
    if (found !== undefined && found.others.length > 0) {
      const why = found.others.join('; ');
      logOnChange('info', 'the previous CA stays until every replica serves under the new one', { why });
      return { type: 'rest', ms: confirmPeriodMs };
    }
    log.info('dropping the previous CA', { secret });
    return write(view, step.type, { previousCa: null, stepSince: null });
  };

  return (view, step) => {
    const now = clock.now();
    switch (step.type) {
      case 'rest':
        return Promise.resolve({ type: 'rest', ms: step.until - now.getTime() });
      case 'bootstrap':
        return bootstrap(view, step, now);
      case 'renew':
        return renew(view, step, now);
      case 'begin':
        return begin(view, step, now);
      case 'trust':
        return trust(view, step);
      case 'stamp':
        return write(view, step.type, { stepSince: now });
      case 'unstamp':
        log.warn('the next CA was taken out of a webhook configuration, its minute begins anew', { secret });
        return write(view, step.type, { stepSince: null });
      case 'switch':
        return switchTo(view, step, now);
      case 'confirm':
        return confirm(view, step);
    }
  };
}

/** Null for what was no CA to begin with. */
function trustedStill({ certificate }: Partial<CertificateAuthority>): string | null {
  return certificate !== undefined && isAuthority(certificate) ? certificate : null;
}
