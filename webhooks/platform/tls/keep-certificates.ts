import type { ApiError } from '../kube/api.ts';
import { backoffDelay } from '../kube/backoff.ts';
import { ListWatch } from '../kube/list-watch.ts';
import { readObject, selectByName, type NamedObject } from '../kube/read-object.ts';
import { errorText } from '../log.ts';
import { createAlarm } from './alarm.ts';
import { parseCertificateSecret, type RotationPhase, rotationPhaseOf, trustBundleOf } from './certificate-secret.ts';
import { type CertificateLife, isSameServing, lifeOf, type ServingCertificate } from './certificates.ts';
import { createChangeLog, type LogOnChange } from './change-log.ts';
import { createForeignChanges, type ForeignChange } from './foreign-changes.ts';
import { createChooseGiven } from './given-certificate.ts';
import { type CertificateView, nextStep, servableOf } from './next-step.ts';
import { createTakeStep, type StepOptions, type Taken } from './take-step.ts';
import {
  findTrust,
  parseWebhookConfiguration,
  webhookConfigurationApi,
  webhookConfigurations,
  webhookConfigurationTypes,
  type WebhookConfigurationType,
} from './webhook-configuration.ts';

/** What the rest of the program learns. Each is called when it is news, and perhaps when it is not. */
export interface CertificateObserver {
  /** Serve this from now on. */
  readonly onServing: (serving: ServingCertificate) => void;
  /** API servers that call by this configuration are told to trust what we serve, by this CA. */
  readonly onTrusted: (type: WebhookConfigurationType, ca: CertificateLife | undefined) => void;
  /** Somebody else changed a configuration. */
  readonly onForeignChange: (type: WebhookConfigurationType, change: ForeignChange) => void;
  readonly onRotation: (phase: RotationPhase) => void;
}

export interface KeepCertificatesOptions extends StepOptions, CertificateObserver {
  /** `given`: somebody else writes the Secret and the CA bundles; we read. */
  readonly mode: 'managed' | 'given';
}

/** Waits after failures, in milliseconds: quick at first, because a new pod is not ready before it has its certificate. */
const backoff = { initialMs: 200, maxMs: 30_000 } as const;

/** Longest rest, in milliseconds: timers know 24 days. In fact each list anew, after some minutes, ends a rest. */
const longestRestMs = 20 * 86_400_000;

/**
 * The objects are listed again when their watch ends next after this time, in milliseconds. It is shorter than nearly every
 * watch (five to ten minutes), so each end of one is followed by a list, and everything is looked at anew: a clock that was
 * set, or an event that was missed, is made good soon. A list of one name costs next to nothing.
 */
const relistMs = 240_000;

/** A step that is due again within this time is fought over with somebody: it is done later each time. */
const repeatedMs = 60_000;

/**
 * Follows the certificate in one Secret and the CA bundles of both webhook configurations, and tells what to serve, until
 * the signal aborts.
 *
 * `managed`: we keep them. The chart creates the Secret empty, and every replica does all of the rest: each write names
 * the version that it was decided on, so of two that act at once one is refused and looks again. What is half done is in
 * the Secret, so that any replica goes on with it.
 *
 * `given`: somebody else does, and we write nothing. Every replica chooses for itself what to serve of what it finds.
 */
export async function keepCertificates(options: KeepCertificatesOptions): Promise<void> {
  const { clock, log, signal } = options;
  const alarm = createAlarm(clock, signal);
  const objects = [
    secretObject(options),
    ...webhookConfigurationTypes.map((type) => configurationObject(options, type)),
  ];
  const look = (): void => {
    alarm.ring();
  };
  const following = objects.map((object) => createWatch(options, object, look).run(signal));
  const round = createRound(options);
  const repeats = createRepeats();
  let failures = 0;
  while (!signal.aborted) {
    const taken = await round().catch((error: unknown): Taken => {
      log.error('keeping certificates failed', { error: errorText(error) });
      return { type: 'again' };
    });
    failures = taken.type === 'again' ? failures + 1 : 0;
    const pauses = taken.type === 'done' ? repeats.next(taken.step, clock.monotonicMs()) : failures;
    if (taken.type === 'rest') await alarm.wait(Math.min(taken.ms, longestRestMs));
    else if (pauses > 0) await clock.sleep(backoffDelay(pauses, backoff, Math.random), signal);
  }
  await Promise.all(following);
}

/** Whatever is told of the object, and each list of it, is a reason to look. */
function createWatch({ api, clock, log }: KeepCertificatesOptions, object: NamedObject, look: () => void): ListWatch {
  const { kind, plural } = object;
  const name = `${plural}/${object.name}`;
  const handlers = { onUpsert: look, onDelete: look, onReplace: look };
  return new ListWatch({
    api,
    clock,
    log,
    random: Math.random,
    kind,
    name,
    ...selectByName(object),
    relistMs,
    handlers,
  });
}

/** Counts how often a step had to be done again soon after it was done. */
function createRepeats(): { next(step: string, now: number): number } {
  const last = new Map<string, { readonly at: number; readonly repeats: number }>();
  return {
    next(step, now) {
      const before = last.get(step);
      const repeats = before !== undefined && now - before.at < repeatedMs ? before.repeats + 1 : 0;
      last.set(step, { at: now, repeats });
      return repeats;
    },
  };
}

/** Gather, then what the mode is about. */
function createRound(options: KeepCertificatesOptions): () => Promise<Taken> {
  const { clock, mode } = options;
  const logOnChange = createChangeLog(options.log);
  const act = mode === 'managed' ? createManagedRound(options, logOnChange) : createGivenRound(options, logOnChange);
  const lookForForeignChanges = createForeignChanges((type, change) => {
    const { kind } = webhookConfigurations[type];
    options.log.warn('somebody else changed a webhook configuration', { kind, change });
    options.onForeignChange(type, change);
  });
  return async () => {
    const gathered = await gather(options);
    if (!gathered.ok) {
      logOnChange('warn', 'cannot read certificates', { error: gathered.error.message });
      return { type: 'again' };
    }
    const { view } = gathered;
    if (view === undefined) {
      logOnChange('warn', 'the Secret for the certificate does not exist', {
        secret: options.secretName,
        fix: mode === 'managed' ? 'run helm upgrade, which creates it empty' : 'create it, or wait for who does',
      });
      return { type: 'rest', ms: longestRestMs };
    }
    lookForForeignChanges(view.configurations, mode === 'managed' ? trustBundleOf(view.secret) : undefined);
    return act(view, clock.now());
  };
}

type ActOnView = (view: CertificateView, now: Date) => Promise<Taken>;

/** Tell, decide, act. */
function createManagedRound(options: KeepCertificatesOptions, logOnChange: LogOnChange): ActOnView {
  const tell = createTeller(options, logOnChange);
  const takeStep = createTakeStep(options, logOnChange);
  return (view, now) => {
    tell(view, servableOf(view, now));
    return takeStep(view, nextStep(view, now));
  };
}

/** Choose, tell. */
function createGivenRound(options: KeepCertificatesOptions, logOnChange: LogOnChange): ActOnView {
  const tell = createTeller(options, logOnChange);
  const chooseGiven = createChooseGiven(logOnChange);
  return (view, now) => {
    const { serving, forMs } = chooseGiven(view, now);
    tell(view, serving);
    return Promise.resolve({ type: 'rest', ms: forMs });
  };
}

type Gathered =
  { readonly ok: true; readonly view: CertificateView | undefined } | { readonly ok: false; readonly error: ApiError };

/**
 * Both configurations, then the Secret; the order matters. Whoever writes a bundle has read the Secret after the version of
 * the configuration that it replaces, so a bundle never falls behind the one before it.
 */
async function gather(options: KeepCertificatesOptions): Promise<Gathered> {
  const { api, signal } = options;
  const [mutating, validating] = await Promise.all([
    readObject(api, configurationObject(options, 'mutating'), signal),
    readObject(api, configurationObject(options, 'validating'), signal),
  ]);
  const secret = await readObject(api, secretObject(options), signal);
  if (!mutating.ok) return mutating;
  if (!validating.ok) return validating;
  if (!secret.ok) return secret;
  if (secret.body === undefined) return { ok: true, view: undefined };
  const configurations = {
    mutating: parseWebhookConfiguration(mutating.body),
    validating: parseWebhookConfiguration(validating.body),
  };
  return {
    ok: true,
    view: { secret: parseCertificateSecret(secret.body), configurations, dnsNames: options.dnsNames },
  };
}

/** Tells the observer what is news to it, and the log what is still missing. */
function createTeller(
  options: KeepCertificatesOptions,
  logOnChange: LogOnChange,
): (view: CertificateView, serving?: ServingCertificate) => void {
  let served: ServingCertificate | undefined;
  const waitingFor = new Set<WebhookConfigurationType>(webhookConfigurationTypes);
  return ({ secret, configurations }, serving) => {
    if (serving !== undefined && (served === undefined || !isSameServing(serving, served))) {
      served = serving;
      options.onServing(serving);
    }
    options.onRotation(rotationPhaseOf(secret));
    if (serving === undefined) return;
    for (const type of webhookConfigurationTypes) {
      const configuration = configurations[type];
      const trust = configuration === undefined ? undefined : findTrust(configuration, serving.certificate);
      if (trust === undefined) continue;
      waitingFor.delete(type);
      options.onTrusted(type, trust.anchor === undefined ? undefined : lifeOf(trust.anchor));
    }
    if (waitingFor.size === 0) return;
    const configurationsAwaited = Array.from(waitingFor, (type) => webhookConfigurations[type].kind).join(', ');
    logOnChange('info', 'waiting until the caBundle trusts our certificate', { in: configurationsAwaited });
  };
}

function secretObject({ namespace, secretName }: KeepCertificatesOptions): NamedObject {
  return { apiVersion: 'v1', kind: 'Secret', plural: 'secrets', namespace, name: secretName };
}

function configurationObject(options: KeepCertificatesOptions, type: WebhookConfigurationType): NamedObject {
  return {
    apiVersion: webhookConfigurationApi,
    ...webhookConfigurations[type],
    name: options.configurationNames[type],
  };
}
