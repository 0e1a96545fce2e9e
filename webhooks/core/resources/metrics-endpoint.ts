import { METRICS_PORT_NAME, PORT_NAME, serviceHost } from '../mcpserver/names.ts';
import { CA_BUNDLE_KEY } from '../mcpserver/references.ts';
import type { MCPServer, MetricsSettings } from '../mcpserver/types.gen.ts';
import { isClosed } from './callers.ts';
import { compact } from './compact.ts';
import type { ExpansionInput, OptionalApi } from './expanded-kind.ts';

type Fields = Readonly<Record<string, unknown>>;
type Monitor = NonNullable<MetricsSettings['kind']>;

/** The kind that Prometheus is told by where a spec does not say. */
const DEFAULT_MONITOR: Monitor = 'PodMonitor';

/** The author's policy is honoured as it is, and nobody would guess so from a target that is down. */
const INGRESS_CAVEAT =
  'spec.network.ingressFrom lets in only the peers that it lists: add one for the pods of Prometheus, there or in spec.extensions.metrics.from, or nothing is scraped';

const CLOSED_CAVEAT =
  'posture Restricted lets in nobody who reads metrics: name Prometheus in spec.extensions.metrics.from, at a port of their own, or nothing is scraped';

const NOBODY_CAVEAT = 'spec.extensions.metrics.from is empty, which lets in nobody: nothing is scraped';

function caveat(server: MCPServer): string | undefined {
  const { spec } = server;
  // At the port of the server who calls it reads them.
  const readers = metricsPort(server) === undefined ? undefined : spec.extensions?.metrics?.from;
  if (readers !== undefined) return readers.length === 0 ? NOBODY_CAVEAT : undefined;
  if (isClosed(server)) return CLOSED_CAVEAT;
  return (spec.network?.ingressFrom ?? []).length === 0 ? undefined : INGRESS_CAVEAT;
}

/** The Prometheus operator's API, for the kind by which the server wants to be scraped. */
export function monitoringApi(kind: Monitor): OptionalApi {
  return {
    feature: 'monitoring',
    install: 'install the Prometheus operator, or at least its CustomResourceDefinitions',
    asking: {
      condition: 'Monitored',
      path: ['spec', 'extensions', 'metrics'],
      isAskedFor: (server) => metricsOf(server, kind) !== undefined,
      caveat,
    },
  };
}

/** What is to be scraped by this kind; undefined when nothing is. */
export function metricsOf({ spec }: MCPServer, kind: Monitor): MetricsSettings | undefined {
  const metrics = spec.extensions?.metrics;
  return metrics !== undefined && (metrics.kind ?? DEFAULT_MONITOR) === kind ? metrics : undefined;
}

/** A port of its own for metrics, which the container has and the network policy opens, to the peers of the server or its own. */
export function metricsPort({ spec }: MCPServer): number | undefined {
  const port = spec.extensions?.metrics?.port;
  return typeof port === 'number' && port !== spec.config.port ? port : undefined;
}

/** Which port of the pods, by its name: names work in every version of the Prometheus operator, numbers in newer ones. */
export function metricsPortName(server: MCPServer): string {
  return metricsPort(server) === undefined ? PORT_NAME : METRICS_PORT_NAME;
}

/** What both kinds say of how to scrape. */
export function scrapeSettings(input: ExpansionInput, { path, interval }: MetricsSettings): Fields {
  return { path: path ?? DEFAULT_METRICS_PATH, ...compact({ interval }), ...tlsOf(input) };
}

/** Where metrics are when the spec does not say (the API server sets it). */
const DEFAULT_METRICS_PATH = '/metrics';

/** On the port of the server metrics are served as the server is: over TLS, with the trust that the spec names. */
function tlsOf({ server, installation }: ExpansionInput): Fields {
  const { enabled, caBundleSecret, insecureSkipVerify } = server.spec.transport?.tls ?? {};
  if (enabled !== true || metricsPort(server) !== undefined) return {};
  const ca = caBundleSecret === undefined ? undefined : { secret: { name: caBundleSecret.name, key: CA_BUNDLE_KEY } };
  const trust = insecureSkipVerify === true ? { insecureSkipVerify } : {};
  const serverName = installation === undefined ? undefined : serviceHost(server, installation.clusterDomain);
  return {
    scheme: 'https',
    // Targets are addresses of pods, for which no certificate is; the one of the server is for the host of its URL.
    tlsConfig: { ...compact({ ca, serverName }), ...trust },
  };
}
