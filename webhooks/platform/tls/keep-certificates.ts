import type { ApiError } from '../kube/api.ts';
import { backoffDelay } from '../kube/backoff.ts';
import { errorText } from '../log.ts';
import { createAlarm } from './alarm.ts';
import { readCertificateSecret, type RotationPhase, rotationPhaseOf } from './certificate-secret.ts';
import { type ServingCertificate, servingProblems } from './certificates.ts';
import { createChangeLog, type LogOnChange } from './change-log.ts';
import { followObject, readObject, type FollowedObject } from './follow-object.ts';
import { type CertificateView, nextStep, servableOf } from './next-step.ts';
import { createTakeStep, type StepOptions, type Taken } from './take-step.ts';
import { findTrustAnchor } from './trust-bundle.ts';
import {
  readWebhookConfiguration,
  webhookConfigurationApi,
  webhookConfigurations,
  webhookConfigurationTypes,
  type WebhookConfigurationType,
} from './webhook-configuration.ts';

/** What the rest of the program learns. Each is called when it is news, and perhaps when it is not. */
export interface CertificateObserver {
  /** Serve this from now on. */
  readonly onServing: (serving: ServingCertificate) => void;
  /** API servers that call by this configuration are told to trust what we serve, by a CA that ends then. */
  readonly onTrusted: (type: WebhookConfigurationType, caExpiry: number | undefined) => void;
  readonly onRotation: (phase: RotationPhase) => void;
}

export interface KeepCertificatesOptions extends StepOptions, CertificateObserver {
  /** `given`: somebody else writes the Secret and the CA bundles; we read. */
  readonly mode: 'managed' | 'given';
}

/** Waits after failures, in milliseconds: quick at first, because a new pod is not ready before it has its certificate. */
const backoff = { initialMs: 200, maxMs: 30_000 } as const;

/** Longest rest, in milliseconds: timers know 24 days. In fact each end of a watch, some minutes, ends a rest. */
const longestRestMs = 20 * 86_400_000;

/** A step that is due again within this time is fought over with somebody: it is done later each time. */
const repeatedMs = 60_000;

/**
 * Keeps the certificate in one Secret, which the chart creates empty, and its CA in both webhook configurations, until the
 * signal aborts. Every replica does all of it: each write names the version that it was decided on, so of two that act at
 * once one is refused and looks again. What is half done is in the Secret, so that any replica goes on with it.
 */
export async function keepCertificates(options: KeepCertificatesOptions): Promise<void> {
  const { clock, log, signal } = options;
  const alarm = createAlarm(clock, signal);
  const objects = [
    secretObject(options),
    ...webhookConfigurationTypes.map((type) => configurationObject(options, type)),
  ];
  const followers = objects.map((object) =>
    followObject({
      ...options,
      object,
      onObject: () => {
        alarm.ring();
        return Promise.resolve('done');
      },
    }),
  );
  const round = createRound(options);
  const repeats = createRepeats();
  let failures = 0;
  while (!signal.aborted) {
    const taken = await round().catch((error: unknown): Taken => {
      log.error('keeping certificates failed', { error: errorText(error) });
      return { type: 'again' };
    });
    failures = taken.type === 'again' ? failures + 1 : 0;
    const pauses = taken.type === 'done' ? repeats.next(taken.step, clock.now().getTime()) : failures;
    if (taken.type === 'rest') await alarm.wait(Math.min(taken.ms, longestRestMs));
    else if (pauses > 0) await clock.sleep(backoffDelay(pauses, backoff, Math.random), signal);
  }
  await Promise.all(followers);
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

/** Gather, tell, decide, act. */
function createRound(options: KeepCertificatesOptions): () => Promise<Taken> {
  const { clock, mode } = options;
  const tell = createTeller(options);
  const logOnChange = createChangeLog(options.log);
  const takeStep = createTakeStep(options, logOnChange);
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
    const now = clock.now();
    const serving = mode === 'managed' ? servableOf(view, now) : givenServing(view, now, logOnChange);
    tell(view, serving);
    return mode === 'managed' ? takeStep(view, nextStep(view, now)) : { type: 'rest', ms: longestRestMs };
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
    mutating: readWebhookConfiguration(mutating.body),
    validating: readWebhookConfiguration(validating.body),
  };
  return { ok: true, view: { secret: readCertificateSecret(secret.body), configurations, dnsNames: options.dnsNames } };
}

/** What somebody else put into the Secret, if it can be served. */
function givenServing(view: CertificateView, now: Date, logOnChange: LogOnChange): ServingCertificate | undefined {
  const { certificate, privateKey } = view.secret.serving;
  const isComplete = certificate !== undefined && privateKey !== undefined;
  const problems = isComplete
    ? servingProblems({ certificate, privateKey }, view.dnsNames, now)
    : ['it lacks tls.crt or tls.key'];
  if (isComplete && problems.length === 0) return { certificate, privateKey };
  logOnChange('warn', 'the Secret for the certificate cannot be used', { why: problems.join('; ') });
  return undefined;
}

/** Tells the observer what is news to it. */
function createTeller(options: KeepCertificatesOptions): (view: CertificateView, serving?: ServingCertificate) => void {
  let served: ServingCertificate | undefined;
  return ({ secret, configurations }, serving) => {
    if (serving !== undefined && !isSame(serving, served)) {
      served = serving;
      options.onServing(serving);
    }
    options.onRotation(rotationPhaseOf(secret));
    if (serving === undefined) return;
    for (const type of webhookConfigurationTypes) {
      const anchors = configurations[type]?.caBundles.map((bundle) => findTrustAnchor(serving.certificate, bundle));
      const [first] = anchors ?? [];
      // A configuration without webhooks has nobody who must trust us.
      if (anchors?.length === 0) options.onTrusted(type, undefined);
      if (first !== undefined && anchors?.every((anchor) => anchor !== undefined) === true) {
        options.onTrusted(type, Date.parse(first.validTo));
      }
    }
  };
}

function isSame(a: ServingCertificate, b: ServingCertificate | undefined): boolean {
  return a.certificate === b?.certificate && a.privateKey === b.privateKey;
}

function secretObject({ namespace, secretName }: KeepCertificatesOptions): FollowedObject {
  return { apiVersion: 'v1', kind: 'Secret', plural: 'secrets', namespace, name: secretName };
}

function configurationObject(options: KeepCertificatesOptions, type: WebhookConfigurationType): FollowedObject {
  return {
    apiVersion: webhookConfigurationApi,
    ...webhookConfigurations[type],
    name: options.configurationNames[type],
  };
}
