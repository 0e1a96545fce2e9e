import { rules } from '../core/rules/index.gen.ts';
import type { Clock } from '../platform/clock.ts';
import type { WebhookConfig } from '../platform/config.ts';
import { healthRoutes } from '../platform/http/health.ts';
import { metricsRoutes } from '../platform/http/metrics.ts';
import { startPlainServer } from '../platform/http/plain-server.ts';
import type { KubeApi } from '../platform/kube/api.ts';
import { gatherReferences } from '../platform/kube/references.ts';
import type { Logger } from '../platform/log.ts';
import { createMetricsRegistry } from '../platform/metrics.ts';
import { keepCaBundle } from '../platform/tls/ca-bundle.ts';
import { keepCertificate } from '../platform/tls/certificate-store.ts';
import { expiryOf, serviceDnsNames } from '../platform/tls/certificates.ts';
import { defaultCallLimits } from './call.ts';
import type { Endpoint, Handler } from './handler.ts';
import { createAdmissionMetrics, type AdmissionMetrics } from './metrics.ts';
import { createMutate } from './mutate.ts';
import { createReadiness, type WebhookReadiness } from './readiness.ts';
import type { SkipReason } from './scope.ts';
import { startAdmissionServer, type AdmissionServer } from './server.ts';
import { createValidate, type GatherFacts } from './validate.ts';

export interface WebhookOptions {
  readonly api: KubeApi;
  readonly config: WebhookConfig;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborts on SIGTERM: the beginning of the drain. */
  readonly signal: AbortSignal;
  readonly version: string;
  /** Address to listen on; absent: every address of the pod. */
  readonly host?: string;
  /** Told once, when all three ports are open; in tests they are chosen by the system. */
  readonly onListening?: (ports: {
    readonly webhook: number;
    readonly health: number;
    readonly metrics: number;
  }) => void;
}

/** For requests in flight after the shutdown delay, in milliseconds: the longest timeout of a webhook is 30 s, ours 5 s. */
const drainDeadlineMs = 10_000;

/** Serves admission until the signal aborts and everything in flight is answered. Rejects when a port is taken. */
export async function startWebhook(options: WebhookOptions): Promise<void> {
  const { api, config, clock, log, host } = options;
  const at = host === undefined ? { log } : { log, host };
  const readiness = createReadiness(() => clock.now());
  const registry = createMetricsRegistry({ program: 'webhook', process: true });
  const metrics = createAdmissionMetrics(registry, {
    isReady: () => readiness.read().ready,
    certificateExpiry: () => readiness.certificateExpiry(),
    now: () => clock.now(),
  });
  const handlers = createHandlers(api, config, metrics);
  const opened: (() => Promise<void>)[] = [];
  try {
    const routes = healthRoutes({ readiness: () => readiness.read() });
    const health = await startPlainServer({ ...at, port: config.healthPort, routes });
    opened.push(health.close);
    const scrape = await startPlainServer({ ...at, port: config.metricsPort, routes: metricsRoutes(registry) });
    opened.push(scrape.close);
    const limits = defaultCallLimits;
    const server = await startAdmissionServer({ ...at, port: config.port, handlers, metrics, clock, limits });
    opened.unshift(() => server.drain({ delayMs: config.shutdownDelayMs, deadlineMs: drainDeadlineMs }));
    const ports = { webhook: server.port, health: health.port, metrics: scrape.port };
    log.info('listening', { ...ports, version: options.version });
    options.onListening?.(ports);

    await keepTrusted(options, server, readiness);
  } finally {
    // Admission first: probes and scrapers see the drain to its end. What stays open would keep the process alive.
    readiness.stopping();
    for (const close of opened) await close();
    log.info('stopped');
  }
}

function createHandlers(api: KubeApi, config: WebhookConfig, metrics: AdmissionMetrics): Record<Endpoint, Handler> {
  const onSkipped = (reason: SkipReason): void => {
    metrics.skipped(reason);
  };
  const links = config.docsBaseUrl === undefined ? {} : { docsBaseUrl: config.docsBaseUrl };
  return {
    mutate: createMutate({ onSkipped }),
    validate: createValidate({ ...links, rules, gatherFacts: createGatherFacts(api), onSkipped }),
  };
}

/** Our certificate in the server, its CA in both webhook configurations, until the signal aborts. */
async function keepTrusted(
  { api, config, clock, log, signal }: WebhookOptions,
  server: AdmissionServer,
  readiness: WebhookReadiness,
): Promise<void> {
  let caBundle: string | undefined;
  let previous = new AbortController();
  const bundles = new Set<Promise<void>>();

  const trust = (wanted: string): void => {
    previous.abort();
    previous = new AbortController();
    const common = { api, clock, log, caBundle: wanted, signal: AbortSignal.any([signal, previous.signal]) };
    for (const type of ['mutating', 'validating'] as const) {
      const name = type === 'mutating' ? config.mutatingConfigurationName : config.validatingConfigurationName;
      const onInPlace = (): void => {
        readiness.caBundleInPlace(type);
      };
      const kept = keepCaBundle({ ...common, type, name, onInPlace });
      bundles.add(kept);
      void kept.finally(() => bundles.delete(kept));
    }
  };

  await keepCertificate({
    api,
    clock,
    log,
    signal,
    namespace: config.namespace,
    secretName: config.certificateSecretName,
    dnsNames: serviceDnsNames(config.serviceName, config.namespace, config.clusterDomain),
    onCertificate: (set) => {
      server.setCertificate(set);
      const expiry = expiryOf(set.certificate);
      readiness.certificateChanged(expiry);
      log.info('serving a certificate', { validTo: new Date(expiry).toISOString() });
      if (set.caCertificate === caBundle) return;
      caBundle = set.caCertificate;
      trust(set.caCertificate);
    },
  });
  await Promise.all(bundles);
}

/** One deadline for all of them, below the API server's own, so that a slow lookup becomes "not checked". */
function createGatherFacts(api: KubeApi): GatherFacts {
  return async (namespace, references, context) => {
    const deadlineMs = context.remainingMs();
    return (await gatherReferences(api, { namespace, references, deadlineMs, signal: context.signal() })).facts;
  };
}
