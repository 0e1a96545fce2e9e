import { X509Certificate } from 'node:crypto';
import type { Policy } from '../core/engine/policy.ts';
import { httpRoute } from '../core/resources/http-route.ts';
import { mcpServerRegistration } from '../core/resources/mcp-server-registration.ts';
import { expandedKinds } from '../core/resources/index.gen.ts';
import { isOptional } from '../core/resources/optional-kind.ts';
import type { Clock } from '../platform/clock.ts';
import type { WebhookConfig } from '../platform/config.ts';
import { healthRoutes } from '../platform/http/health.ts';
import { startPlainServer } from '../platform/http/plain-server.ts';
import { ApiDiscovery } from '../platform/kube/api-discovery.ts';
import { withServedVersions } from '../platform/kube/served-versions.ts';
import type { KubeApi } from '../platform/kube/api.ts';
import { countRequests } from '../platform/kube/count-requests.ts';
import { errorText } from '../platform/log.ts';
import type { Logger } from '../platform/log.ts';
import { startMetricsServer } from '../platform/metrics-server.ts';
import { createMetricsRegistry } from '../platform/metrics.ts';
import { registerPolicyMetrics } from '../platform/policy/metrics.ts';
import { openPolicySource } from '../platform/policy/open-policy-source.ts';
import { noticeOf, type PolicySource, type RunningPolicySource } from '../platform/policy/policy-source.ts';
import type { RotationPhase } from '../platform/tls/certificate-secret.ts';
import { type CertificateLife, lifeOf, serviceDnsNames } from '../platform/tls/certificates.ts';
import { keepCertificates } from '../platform/tls/keep-certificates.ts';
import { askByHandshake } from '../platform/tls/serving-replicas.ts';
import { defaultCallLimits } from './call.ts';
import { defaultConnectionLimits } from './connections.ts';
import type { Endpoint, Handler } from './handler.ts';
import { createLookUps } from './look-ups.ts';
import { createAdmissionMetrics, type AdmissionMetrics, type CertificateRole } from './metrics.ts';
import { createComposite } from './composite.ts';
import { createMutate, type MutateOptions } from './mutate.ts';
import { createReadiness, type WebhookReadiness } from './readiness.ts';
import { aboutReplicas, createScale } from './scale.ts';
import type { SkipReason } from './scope.ts';
import { startAdmissionServer, type AdmissionServer } from './server.ts';
import { createValidate, type ValidateOptions } from './validate.ts';

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
export async function startWebhook(given: WebhookOptions): Promise<void> {
  const registry = createMetricsRegistry({ program: 'webhook', process: true });
  const options = { ...given, api: countRequests(given.api, registry) };
  const { config, clock, log, host } = options;
  const at = host === undefined ? { log } : { log, host };
  const policies = await openPolicySource(options);
  const discovery = followApis(options);
  const readiness = createReadiness(() => clock.now(), {
    isPolicySettled: () => policies.isSettled,
    hasLookedForApis: () => discovery.hasLooked,
  });
  const facts: CertificateFacts = { lives: {}, phase: 'none' };
  const metrics = createAdmissionMetrics(registry, {
    isReady: () => readiness.read().ready,
    certificateLives: () => facts.lives,
    rotationPhase: () => facts.phase,
    now: () => clock.now(),
  });
  registerPolicyMetrics(registry, policies);
  const handlers = createHandlers({ ...options, discovery }, metrics, policies);
  const opened: (() => Promise<void>)[] = [];
  try {
    const routes = healthRoutes({ readiness: () => readiness.read() });
    const health = await startPlainServer({ ...at, port: config.healthPort, routes });
    opened.push(health.close);
    const scrape = await startMetricsServer({ ...options, registry });
    opened.push(scrape.close);
    const limits = { limits: defaultCallLimits, connectionLimits: defaultConnectionLimits };
    const { port, clientCa } = config;
    const server = await startAdmissionServer({ ...at, ...limits, port, clientCa, handlers, metrics, clock });
    opened.unshift(() => server.drain({ delayMs: config.shutdownDelayMs, deadlineMs: drainDeadlineMs }));
    const ports = { webhook: server.port, health: health.port, metrics: scrape.port };
    log.info('listening', { ...ports, version: options.version });
    options.onListening?.(ports);

    followPolicy(options, policies);
    await keepTrusted(options, { server, readiness, facts, metrics });
  } finally {
    // Admission first: probes and scrapers see the drain to its end. What stays open would keep the process alive.
    readiness.stopping();
    for (const close of opened) await close();
    log.info('stopped');
  }
}

function followPolicy({ log, signal }: WebhookOptions, policies: RunningPolicySource): void {
  policies.run(signal).catch((error: unknown) => {
    log.error('the policy is not followed any more', { error: errorText(error) });
  });
}

/** Follows which optional APIs the cluster has, for warnings about what a server asks for in vain. */
function followApis({ api, config, clock, log, signal }: WebhookOptions): ApiDiscovery {
  const { features } = config;
  const kinds = expandedKinds.filter(isOptional);
  const discovery = new ApiDiscovery({ api, clock, log, kinds, features, random: Math.random });
  if (discovery.isNeeded) {
    discovery.run(signal).catch((error: unknown) => {
      log.error('optional APIs are not looked for any more', { error: errorText(error) });
    });
  }
  return discovery;
}

function createHandlers(
  options: WebhookOptions & { readonly discovery: ApiDiscovery },
  metrics: AdmissionMetrics,
  policies: PolicySource,
): Record<Endpoint, Handler> {
  const onSkipped = (reason: SkipReason): void => {
    metrics.skipped(reason);
  };
  const { api, config, clock, discovery } = options;
  const links = config.docsBaseUrl === undefined ? {} : { docsBaseUrl: config.docsBaseUrl };
  const installation = { ...config.installation, apis: discovery.states };
  const isServed = (kind: string): boolean => discovery.states.get(kind) === 'served';
  const versioned = withServedVersions(api, expandedKinds.filter(isOptional), (kind) => discovery.versionOf(kind));
  const gatherFacts = createLookUps(versioned, clock, {
    onResult: (result) => {
      metrics.lookedUp(result);
    },
    atGateways: {
      isRouting: () => isServed(httpRoute.kind),
      isRegistering: () => isServed(mcpServerRegistration.kind),
      seesAll: config.watchNamespaces.length === 0,
    },
  });
  const validating = (select: (policy: Policy) => Policy): ValidateOptions => ({
    ...links,
    get policy() {
      return select(policies.current().policy);
    },
    labelsOf: policies.labelsOf,
    get notice() {
      return noticeOf(policies.current());
    },
    gatherFacts,
    installation,
    now: () => clock.now().toISOString(),
    onSkipped,
  });
  const mutating: MutateOptions = {
    get policy() {
      return policies.current().policy;
    },
    onSkipped,
  };
  return {
    mutate: createMutate(mutating),
    validate: createValidate(validating((policy) => policy)),
    scale: createScale(validating(aboutReplicas)),
    composite: createComposite(validating((policy) => policy)),
  };
}

/** What the metrics say about certificates. */
interface CertificateFacts {
  readonly lives: Partial<Record<CertificateRole, CertificateLife>>;
  phase: RotationPhase;
}

/** Our certificate in the server, its CA in both webhook configurations, until the signal aborts. */
function keepTrusted(
  { api, config, clock, log, signal }: WebhookOptions,
  tell: {
    readonly server: AdmissionServer;
    readonly readiness: WebhookReadiness;
    readonly facts: CertificateFacts;
    readonly metrics: AdmissionMetrics;
  },
): Promise<void> {
  const { facts, readiness } = tell;
  const [calledName = '', ...otherNames] = serviceDnsNames(config.serviceName, config.namespace, config.clusterDomain);
  return keepCertificates({
    api,
    clock,
    log,
    signal,
    mode: config.certificateMode,
    namespace: config.namespace,
    secretName: config.certificateSecretName,
    configurationNames: { mutating: config.mutatingConfigurationName, validating: config.validatingConfigurationName },
    serviceName: config.serviceName,
    // API servers use the first one; a certificate of somebody else need not have the others.
    dnsNames: config.certificateMode === 'managed' ? [calledName, ...otherNames] : [calledName],
    ask: askByHandshake(calledName),
    onServing: (serving) => {
      tell.server.setCertificate(serving);
      const life = lifeOf(new X509Certificate(serving.certificate));
      facts.lives.serving = life;
      readiness.certificateChanged(life.to);
      log.info('serving a certificate', { validTo: new Date(life.to).toISOString() });
    },
    onTrusted: (type, ca) => {
      readiness.trusted(type);
      if (ca !== undefined) facts.lives.ca = ca;
    },
    onForeignChange: (type, change) => {
      tell.metrics.foreignChange(type, change);
    },
    onRotation: (phase) => {
      facts.phase = phase;
    },
  });
}
