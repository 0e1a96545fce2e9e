import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Severity } from '../core/engine/finding.ts';
import { metricPrefix } from '../platform/metrics.ts';
import type { CertificateLife } from '../platform/tls/certificates.ts';
import { foreignChanges, type ForeignChange } from '../platform/tls/foreign-changes.ts';
import { webhookConfigurationTypes, type WebhookConfigurationType } from '../platform/tls/webhook-configuration.ts';
import { rotationPhases, type RotationPhase } from '../platform/tls/certificate-secret.ts';
import type { AnswerDecision, Operation } from './admission-review.ts';
import { endpoints, type Endpoint } from './handler.ts';
import { lookUpResults, type LookUpResult } from './look-ups.ts';
import type { SkipReason } from './scope.ts';

/** Why a body was refused before it was a request: each is a 4xx. */
export type BodyRefusal = 'content type' | 'compressed' | 'bytes' | 'values' | 'depth' | 'json' | 'review' | 'slow';

/**
 * Why load was turned away: the waiting line was full, waiting took all of the time, too many connections, or a client
 * without the certificate that is asked for.
 */
export const shedReasons = ['full', 'waited', 'connections', 'client certificate'] as const;
export type ShedReason = (typeof shedReasons)[number];

/** Seconds. From what a decision costs (under 1 ms) to the longest timeout that makes sense for a webhook. */
const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface AdmissionMetrics {
  answered(answer: {
    readonly webhook: Endpoint;
    readonly operation: Operation;
    readonly decision: AnswerDecision;
    readonly seconds: number;
  }): void;
  denied(ruleIds: readonly string[]): void;
  /** Each rule once, however much it found in the request. */
  found(findings: readonly FoundInRequest[]): void;
  skipped(reason: SkipReason): void;
  internalError(webhook: Endpoint): void;
  bodyRefused(reason: BodyRefusal): void;
  shed(reason: ShedReason): void;
  aborted(): void;
  lookedUp(result: LookUpResult): void;
  foreignChange(configuration: WebhookConfigurationType, change: ForeignChange): void;
}

/** What one rule found in one request. `tolerated`: it would be refused if it were new. */
export interface FoundInRequest {
  readonly rule: string;
  readonly action: Severity | 'tolerated';
}

/** What we serve, and by what API servers trust it. */
export type CertificateRole = 'serving' | 'ca';

/** Asked at each scrape. */
export interface AdmissionGauges {
  readonly isReady: () => boolean;
  /** Of what is known yet. */
  readonly certificateLives: () => Readonly<Partial<Record<CertificateRole, CertificateLife>>>;
  readonly rotationPhase: () => RotationPhase;
  readonly now: () => Date;
}

/** Every label value comes from a closed set; users' names never become labels. */
export function createAdmissionMetrics(registry: Registry, gauges: AdmissionGauges): AdmissionMetrics {
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]): Counter<Label> =>
    new Counter({ name: `${metricPrefix}${name}`, help, labelNames, registers });
  const duration = new Histogram({
    name: `${metricPrefix}admission_duration_seconds`,
    help: 'Time from the arrival of an admission request to its answer.',
    labelNames: ['webhook', 'operation', 'decision'],
    buckets: durationBuckets,
    registers,
  });
  const denials = countDenials(registry);
  const finds = countFindings(registry);
  const skips = counter('admission_skipped_total', 'Requests that are none of our business.', 'reason');
  const bugs = counter('admission_internal_errors_total', 'Requests that ran into a bug of ours.', 'webhook');
  const bodies = counter('admission_bodies_refused_total', 'Bodies that are no admission request.', 'reason');
  const sheds = counter('admission_shed_total', 'Requests that were turned away for load.', 'reason');
  const aborts = counter('admission_aborted_total', 'Requests whose caller hung up before the answer.');
  const lookUps = counter(
    'admission_look_ups_total',
    'Objects that were looked up because a server names them, by what is known of them then: all but found and missing are not checked.',
    'result',
  );
  const foreign = counter(
    'webhook_configuration_foreign_changes_total',
    'Changes of our webhook configurations by somebody else: another CA bundle than ours, or deleted.',
    ...(['configuration', 'change'] as const),
  );
  // A series that begins with its first event has no increase for who looks later.
  for (const result of lookUpResults) lookUps.inc({ result }, 0);
  for (const configuration of webhookConfigurationTypes) {
    for (const change of foreignChanges) foreign.inc({ configuration, change }, 0);
  }
  for (const reason of shedReasons) sheds.inc({ reason }, 0);
  for (const webhook of endpoints) bugs.inc({ webhook }, 0);
  registerGauges(registry, gauges);

  return {
    answered: ({ webhook, operation, decision, seconds }) => {
      duration.observe({ webhook, operation, decision }, seconds);
    },
    denied: (ruleIds) => {
      for (const rule of ruleIds) denials.set(rule, (denials.get(rule) ?? 0) + 1);
    },
    found: (found) => {
      for (const { rule, action } of found) {
        const counts = finds.get(rule) ?? new Map<FoundInRequest['action'], number>();
        finds.set(rule, counts.set(action, (counts.get(action) ?? 0) + 1));
      }
    },
    skipped: (reason) => {
      skips.inc({ reason });
    },
    internalError: (webhook) => {
      bugs.inc({ webhook });
    },
    bodyRefused: (reason) => {
      bodies.inc({ reason });
    },
    shed: (reason) => {
      sheds.inc({ reason });
    },
    aborted: () => {
      aborts.inc();
    },
    lookedUp: (result) => {
      lookUps.inc({ result });
    },
    foreignChange: (configuration, change) => {
      foreign.inc({ configuration, change });
    },
  };
}

/**
 * By rule; the counter takes them over when somebody scrapes. Counting one takes the library longer than most rules take,
 * and who is refused for ten reasons has ten.
 */
function countDenials(registry: Registry): Map<string, number> {
  const denials = new Map<string, number>();
  new Counter({
    name: `${metricPrefix}admission_denials_total`,
    help: 'Requests that a rule refused, by rule.',
    labelNames: ['rule'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [rule, count] of denials) this.inc({ rule }, count);
    },
  });
  return denials;
}

/** By rule, then by action. */
function countFindings(registry: Registry): Map<string, Map<FoundInRequest['action'], number>> {
  const findings = new Map<string, Map<FoundInRequest['action'], number>>();
  new Counter({
    name: `${metricPrefix}admission_findings_total`,
    help: 'Requests in which a rule found something, by rule and by what became of it.',
    labelNames: ['rule', 'action'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [rule, counts] of findings) for (const [action, count] of counts) this.inc({ rule, action }, count);
    },
  });
  return findings;
}

function registerGauges(registry: Registry, gauges: AdmissionGauges): void {
  const gauge = <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    read: () => readonly (readonly [labels: Partial<Record<Label, string>>, value: number])[],
  ): void => {
    new Gauge({
      name: `${metricPrefix}${name}`,
      help,
      labelNames,
      registers: [registry],
      collect() {
        for (const [labels, value] of read()) this.set(labels, value);
      },
    });
  };

  gauge('webhook_ready', 'Whether the webhook is ready: 1 or 0.', [], () => [[{}, gauges.isReady() ? 1 : 0]]);
  gauge(
    'certificate_expiry_timestamp_seconds',
    'When a certificate ends, in seconds since 1970.',
    ['certificate'],
    () => Object.entries(gauges.certificateLives()).map(([certificate, { to }]) => [{ certificate }, to / 1000]),
  );
  gauge('certificate_remaining_seconds', 'How long a certificate is still valid.', ['certificate'], () =>
    Object.entries(gauges.certificateLives()).map(([certificate, { to }]) => [
      { certificate },
      (to - gauges.now().getTime()) / 1000,
    ]),
  );
  gauge(
    'certificate_remaining_ratio',
    'Part of its life that a certificate has still before it: 1 at first, 0 when it ends.',
    ['certificate'],
    () =>
      Object.entries(gauges.certificateLives()).map(([certificate, { from, to }]) => [
        { certificate },
        (to - gauges.now().getTime()) / (to - from),
      ]),
  );
  gauge('ca_rotation_phase', 'How far the replacement of the CA is: 1 for one of the phases.', ['phase'], () =>
    rotationPhases.map((phase) => [{ phase }, phase === gauges.rotationPhase() ? 1 : 0]),
  );
}
