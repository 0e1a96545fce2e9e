import type { Registry } from 'prom-client';
import type { Clock } from './clock.ts';
import type { ReconcilerConfig } from './config.ts';
import { metricsRoutes } from './http/metrics.ts';
import { startPlainServer, type PlainServer, type PlainServerOptions } from './http/plain-server.ts';
import { createTlsTransport, type TlsTransport } from './http/tls-transport.ts';
import type { KubeApi } from './kube/api.ts';
import { ListWatch } from './kube/list-watch.ts';
import { metaOf } from './kube/object.ts';
import { selectByName } from './kube/read-object.ts';
import { errorText } from './log.ts';
import { parseCertificateSecret } from './tls/certificate-secret.ts';
import { servingProblems } from './tls/certificates.ts';

export interface MetricsServerOptions extends Pick<PlainServerOptions, 'log' | 'host'> {
  readonly registry: Registry;
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly config: Pick<ReconcilerConfig, 'metricsCertificate' | 'metricsPort' | 'namespace'>;
}

/** One that is not valid yet by our clock is looked at again by then, in milliseconds. */
const relistMs = 240_000;

/**
 * `/metrics` at its port. Over TLS it serves what the Secret of the webhook's certificate holds, whoever writes it, from the
 * moment at which it is there; what cannot be served leaves the one of before in place.
 */
export async function startMetricsServer(options: MetricsServerOptions): Promise<PlainServer> {
  const { config, log, registry, signal } = options;
  const plain = { ...options, port: config.metricsPort, routes: metricsRoutes(registry) };
  const { metricsCertificate } = config;
  if (metricsCertificate === undefined) return startPlainServer(plain);
  const transport = createTlsTransport();
  const server = await startPlainServer({ ...plain, transport });
  createWatch(options, metricsCertificate, transport)
    .run(signal)
    .catch((error: unknown) => {
      log.error('the certificate for metrics is not followed any more', { error: errorText(error) });
    });
  return server;
}

function createWatch(options: MetricsServerOptions, name: string, transport: TlsTransport): ListWatch {
  const { api, clock, log, config } = options;
  const { namespace } = config;
  const secret = { apiVersion: 'v1', kind: 'Secret', plural: 'secrets', namespace, name };
  const ignore = (): void => undefined;
  const onUpsert = (raw: unknown): void => {
    const { certificate, privateKey } = parseCertificateSecret(raw).serving;
    // Nobody has filled it yet.
    if (metaOf(raw).name !== name || certificate === undefined || privateKey === undefined) return;
    const serving = { certificate, privateKey };
    // For which names it is, scrapers find out.
    const problems = servingProblems(serving, [], clock.now());
    if (problems.length === 0) transport.setCertificate(serving);
    else log.warn('the certificate for metrics cannot be used', { secret: name, why: problems.join('; ') });
  };
  return new ListWatch({
    ...{ api, clock, log, random: Math.random, kind: secret.kind, name: 'metrics-certificate', relistMs },
    ...selectByName(secret),
    handlers: { onUpsert, onDelete: ignore, onReplace: ignore },
  });
}
