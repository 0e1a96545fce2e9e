import type { Clock } from '../clock.ts';
import type { ApiResult, KubeApi } from '../kube/api.ts';
import type { Logger } from '../log.ts';
import { type SecretChanges, writeCertificateSecret } from './certificate-secret.ts';
import { type CertificateAuthority, isAuthority, issueAuthority, issueServing } from './certificates.ts';
import type { LogOnChange } from './change-log.ts';
import type { CertificateStep, CertificateView } from './next-step.ts';
import { type AskAddress, askOtherReplicas } from './serving-replicas.ts';
import { webhookConfigurations, type WebhookConfigurationType, writeCaBundle } from './webhook-configuration.ts';

/** Where certificates are kept, and for whom. */
export interface StepOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
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

/** What a step is taken on. */
interface Ground extends StepOptions {
  /** As it was when the step was decided. */
  readonly view: CertificateView;
  readonly now: Date;
  readonly logOnChange: LogOnChange;
}

/** Between two questions whether every replica serves the new certificate, in milliseconds. */
const confirmPeriodMs = 10_000;

/** Statuses that mean "somebody else was first": look again and decide anew. */
const lostRace = new Set([409, 422]);

type Steps = { readonly [Type in CertificateStep['type']]: CertificateStep & { readonly type: Type } };

type TakeStep<Type extends CertificateStep['type']> = (step: Steps[Type], on: Ground) => Promise<Taken>;

/** How each step is taken. */
const steps: { readonly [Type in CertificateStep['type']]: TakeStep<Type> } = {
  bootstrap: async ({ type, why }, on) => {
    on.log.info('issuing a CA and a serving certificate', { secret: on.secretName, why });
    const authority = await issueAuthority(on.now);
    const serving = await issueServing(authority, on.dnsNames, on.now);
    const rest = { next: null, previousCa: null, stepSince: null, isRequestServed: true } as const;
    return write(on, type, { authority, serving, ...rest });
  },
  renew: async ({ type, authority, why }, on) => {
    on.log.info('issuing a serving certificate', { secret: on.secretName, why });
    return write(on, type, { serving: await issueServing(authority, on.dnsNames, on.now) });
  },
  begin: async ({ type, why }, on) => {
    on.log.info('introducing the next CA', { secret: on.secretName, why });
    return write(on, type, { next: await issueAuthority(on.now), stepSince: null, isRequestServed: true });
  },
  trust: async ({ type, wrong, caBundle }, on) => {
    let taken: Taken = { type: 'done', step: type };
    for (const which of wrong) {
      const written = await writeBundle(on, which, caBundle);
      if (!written.ok) taken = takenBy(on, type, written);
    }
    return taken;
  },
  stamp: ({ type }, on) => write(on, type, { stepSince: on.now }),
  unstamp: ({ type }, on) => {
    const secret = on.secretName;
    on.log.warn('the next CA was taken out of a webhook configuration, its minute begins anew', { secret });
    return write(on, type, { stepSince: null });
  },
  switch: async ({ type, authority, why }, on) => {
    on.log.info('serving under the next CA', { secret: on.secretName, why });
    const serving = await issueServing(authority, on.dnsNames, on.now);
    const previousCa = trustedStill(on.view.secret.authority);
    return write(on, type, { authority, serving, next: null, previousCa, stepSince: on.now });
  },
  confirm: async ({ type, certificate, askReplicas }, on) => {
    const found = askReplicas ? await askOtherReplicas(certificate, on) : undefined;
    if (found?.ok === false) return takenBy(on, type, found);
    if (found !== undefined && found.others.length > 0) {
      const why = found.others.join('; ');
      on.logOnChange('info', 'the previous CA stays until every replica serves under the new one', { why });
      return { type: 'rest', ms: confirmPeriodMs };
    }
    on.log.info('dropping the previous CA', { secret: on.secretName });
    return write(on, type, { previousCa: null, stepSince: null });
  },
  rest: ({ until }, { now }) => Promise.resolve({ type: 'rest', ms: until - now.getTime() }),
};

/** Does one step on the versions that it was decided on. Never writes when somebody else wrote since. */
export function createTakeStep(
  options: StepOptions,
  logOnChange: LogOnChange,
): (view: CertificateView, step: CertificateStep) => Promise<Taken> {
  return (view, step) => takeStep(step.type, step, { ...options, view, logOnChange, now: options.clock.now() });
}

function takeStep<Type extends CertificateStep['type']>(type: Type, step: Steps[Type], on: Ground): Promise<Taken> {
  return steps[type](step, on);
}

async function write(on: Ground, step: CertificateStep['type'], changes: SecretChanges): Promise<Taken> {
  const { api, namespace, secretName, signal, view } = on;
  const target = { namespace, name: secretName };
  return takenBy(on, step, await writeCertificateSecret(api, target, { secret: view.secret, changes, signal }));
}

/** Fine, too, where there is no such configuration: then nobody calls. */
async function writeBundle(on: Ground, type: WebhookConfigurationType, caBundle: string): Promise<ApiResult> {
  const { api, log, signal, view } = on;
  const configuration = view.configurations[type];
  if (configuration === undefined) return { ok: true, body: undefined };
  const target = { type, name: on.configurationNames[type] };
  const written = await writeCaBundle(api, target, { configuration, caBundle, signal });
  if (written.ok) log.info('wrote the CA bundle', { kind: webhookConfigurations[type].kind, name: target.name });
  return written;
}

function takenBy({ log, logOnChange, signal }: Ground, step: CertificateStep['type'], result: ApiResult): Taken {
  if (result.ok) return { type: 'done', step };
  if (signal.aborted) return { type: 'again' };
  if (lostRace.has(result.error.status)) log.info('another replica was first, looking again', { step });
  else logOnChange('warn', 'a step of keeping certificates was refused', { step, error: result.error.message });
  return { type: 'again' };
}

/** Null for what was no CA to begin with. */
function trustedStill({ certificate }: Partial<CertificateAuthority>): string | null {
  return certificate !== undefined && isAuthority(certificate) ? certificate : null;
}
