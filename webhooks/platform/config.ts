import { compatibilityProfiles } from '../core/mcpserver/compatibility.ts';
import type { CompatibilityProfile } from '../core/mcpserver/compatibility.ts';
import type { Installation } from '../core/engine/installation.ts';
import { compositeKinds } from '../core/composites/composite-kinds.ts';
import { isRecord } from '../core/mcpserver/record.ts';
import type { ResourceRequirements } from '../core/mcpserver/types.gen.ts';
import { expandedKinds } from '../core/resources/index.gen.ts';
import { isOptional } from '../core/resources/optional-kind.ts';
import { defaultStdio } from '../core/resources/pod/stdio-parts.ts';
import { createReader, type Environment, type Parsed, type Reader } from './environment.ts';
import { logLevelWords as logLevels } from './log.ts';
import type { LogLevel } from './log.ts';
import { defaultPolicyKey, policyVariables } from './policy/policy-variables.ts';
import { certificateBlocks, parseCertificate } from './tls/pem.ts';

/** What both in-cluster programs are told by the chart. Durations in milliseconds, ports as numbers. */
interface CommonConfig {
  /** Our own namespace: POD_NAMESPACE. */
  readonly namespace: string;
  /** Our own pod: POD_NAME. */
  readonly podName: string;
  readonly healthPort: number;
  readonly metricsPort: number;
  /** The Secret whose certificate metrics are served with: METRICS_CERTIFICATE_SECRET. Absent: without TLS. */
  readonly metricsCertificate?: string;
  readonly logLevel: LogLevel;
  /** A ConfigMap in our own namespace that may say another level while we run: LOG_CONFIG_MAP. */
  readonly logConfigMap?: string;
  /** DNS domain of the cluster: for the names in the serving certificate, and for status.address.url. */
  readonly clusterDomain: string;
  /**
   * Our image and what nobody else may use: OWN_IMAGE, OWN_SERVICE_ACCOUNTS, OWN_SECRETS, OWN_POD_LABELS. The reconciler is
   * told of our containers in pods for stdio besides: OWN_IMAGE_PULL_POLICY, STDIO_RESOURCES, STDIO_IMAGE_PULL_SECRETS.
   */
  readonly installation: Installation;
  /** Optional features that are switched on (`monitoring`): FEATURES. */
  readonly features: readonly string[];
  /** The only namespaces whose MCPServers are ours; empty means every one. */
  readonly watchNamespaces: readonly string[];
  /** Where the policy is: POLICY_CONFIG_MAP, POLICY_KEY. Absent: the built-in one judges. */
  readonly policy?: PolicyLocation;
  /** What every policy of this installation has to say of it, and the built-in one does: COMPATIBILITY_PROFILE. */
  readonly compatibility: CompatibilityProfile;
}

/** A key of a ConfigMap in our own namespace. */
export interface PolicyLocation {
  readonly configMap: string;
  readonly key: string;
  /** Whether we may read namespaces, because overrides may choose them by labels: POLICY_READS_NAMESPACES. */
  readonly readsNamespaces: boolean;
}

export interface WebhookConfig extends CommonConfig {
  /** 10250 by default: private GKE control planes reach only 443 and 10250 of a node's pods. */
  readonly port: number;
  /** The Service in front of the webhooks; the serving certificate is for `<service>.<namespace>.svc`. */
  readonly serviceName: string;
  /** Who issues our certificate: we, or somebody else, who also tells API servers to trust it. */
  readonly certificateMode: 'managed' | 'given';
  /** The Secret that holds our certificate. Managed: also its CA; the chart creates it empty. */
  readonly certificateSecretName: string;
  readonly mutatingConfigurationName: string;
  readonly validatingConfigurationName: string;
  /**
   * How long requests are still served after SIGTERM, in milliseconds: until every node and API server has learned that
   * this pod is going. Together with the drain it must fit into the pod's terminationGracePeriodSeconds.
   */
  readonly shutdownDelayMs: number;
  /** When set, messages end in a link `<docsBaseUrl>/<rule id>.md`. */
  readonly docsBaseUrl?: string;
  /** PEM. When set, only clients with a certificate of one of these CAs are served. */
  readonly clientCa?: string;
}

export interface ReconcilerConfig extends CommonConfig {
  readonly leaseName: string;
  /** How many servers replace their pods at the same time: ROLLOUT_MAX_CONCURRENT. */
  readonly maxRollouts: number;
  /** Whether metrics say more of single servers: METRICS_PER_SERVER. */
  readonly metricsPerServer: boolean;
  /** A ConfigMap in our own namespace that keeps whether NetworkPolicies are enforced: NETWORK_PROBE_CONFIG_MAP. Absent: nobody asks. */
  readonly networkProbe?: string;
}

/** Each is a value of the chart: see chart/values.yaml. */
const optionalFeatures = [
  ...new Set(expandedKinds.filter(isOptional).map(({ requirement }) => requirement.feature)),
  ...compositeKinds.map(({ feature }) => feature),
];

const whoSets = 'the chart sets it, see chart/templates/deployment.yaml';

/** Reads the environment of the webhook container (chart/templates/deployment.yaml). */
export function parseWebhookConfig(environment: Environment): Parsed<WebhookConfig> {
  const read = createReader(environment, whoSets);
  const docsBaseUrl = environment['DOCS_BASE_URL'];
  // One that cannot be read would be passed over, and whom it was for refused without a reason.
  const clientCa = read.checked(
    'WEBHOOK_CLIENT_CA',
    holdsCertificates,
    'has something that is no PEM certificate: put the CA there, as in ca.crt.',
  );
  return read.result({
    ...common(read, { healthPort: 8081, metricsPort: 8080 }),
    port: read.port('WEBHOOK_PORT', 10250),
    serviceName: read.required(policyVariables.service),
    certificateMode: read.oneOf('CERTIFICATE_MODE', ['managed', 'given']),
    certificateSecretName: read.required('CERTIFICATE_SECRET'),
    mutatingConfigurationName: read.required('MUTATING_CONFIGURATION'),
    validatingConfigurationName: read.required('VALIDATING_CONFIGURATION'),
    shutdownDelayMs: read.seconds('SHUTDOWN_DELAY_SECONDS', 10) * 1000,
    ...(docsBaseUrl === undefined || docsBaseUrl === '' ? {} : { docsBaseUrl }),
    ...(clientCa === undefined ? {} : { clientCa }),
  });
}

/** What the chart's hook Job is told (chart/templates/admission-check.yaml). */
export interface AwaitAdmissionConfig extends Pick<CommonConfig, 'logLevel' | 'compatibility'> {
  /** Where it asks: CHECK_NAMESPACE, or our own namespace if that is one of those that the webhooks serve. */
  readonly namespace: string;
}

/** Reads the environment of the hook Job. */
export function parseAwaitAdmissionConfig(environment: Environment): Parsed<AwaitAdmissionConfig> {
  const read = createReader(environment, whoSets);
  const namespace = read.optional('CHECK_NAMESPACE', read.required('POD_NAMESPACE'));
  const compatibility = read.oneOf(policyVariables.compatibility, compatibilityProfiles);
  return read.result({ namespace, compatibility, logLevel: read.oneOf('LOG_LEVEL', logLevels) });
}

/** Reads the environment of the reconciler container (chart/templates/deployment.yaml). */
export function parseReconcilerConfig(environment: Environment): Parsed<ReconcilerConfig> {
  const read = createReader(environment, whoSets);
  const { installation, ...shared } = common(read, { healthPort: 8083, metricsPort: 8082 });
  const isResources = (text: string): boolean => parseResources(text) !== undefined;
  const networkProbe = read.optional('NETWORK_PROBE_CONFIG_MAP', '');
  const resources = read.checked('STDIO_RESOURCES', isResources, 'is no JSON with requests and limits of a container.');
  return read.result({
    ...shared,
    installation: {
      ...installation,
      imagePullPolicy: read.oneOf('OWN_IMAGE_PULL_POLICY', ['IfNotPresent', 'Always', 'Never']),
      stdio: {
        resources: parseResources(resources ?? '') ?? defaultStdio.resources,
        imagePullSecrets: read.list('STDIO_IMAGE_PULL_SECRETS'),
      },
    },
    leaseName: read.required('LEASE_NAME'),
    maxRollouts: read.count('ROLLOUT_MAX_CONCURRENT', 10),
    metricsPerServer: read.oneOf('METRICS_PER_SERVER', ['false', 'true']) === 'true',
    ...(networkProbe === '' ? {} : { networkProbe }),
  });
}

function common(read: Reader, ports: { readonly healthPort: number; readonly metricsPort: number }): CommonConfig {
  const namespace = read.required('POD_NAMESPACE');
  const clusterDomain = read.optional('CLUSTER_DOMAIN', 'cluster.local');
  const configMap = read.optional(policyVariables.configMap, '');
  const logConfigMap = read.optional('LOG_CONFIG_MAP', '');
  const metricsCertificate = read.optional('METRICS_CERTIFICATE_SECRET', '');
  return {
    namespace,
    clusterDomain,
    podName: read.required('POD_NAME'),
    healthPort: read.port('HEALTH_PORT', ports.healthPort),
    metricsPort: read.port('METRICS_PORT', ports.metricsPort),
    ...(metricsCertificate === '' ? {} : { metricsCertificate }),
    logLevel: read.oneOf('LOG_LEVEL', logLevels),
    ...(logConfigMap === '' ? {} : { logConfigMap }),
    features: read.someOf('FEATURES', optionalFeatures),
    watchNamespaces: read.list('WATCH_NAMESPACES'),
    ...(configMap === '' ? {} : { policy: policyLocation(read, configMap) }),
    compatibility: read.oneOf(policyVariables.compatibility, compatibilityProfiles),
    installation: {
      namespace,
      clusterDomain,
      image: read.required('OWN_IMAGE'),
      serviceAccounts: read.names('OWN_SERVICE_ACCOUNTS'),
      secrets: read.names('OWN_SECRETS'),
      podLabels: read.pairs('OWN_POD_LABELS'),
    },
  };
}

function policyLocation(read: Reader, configMap: string): PolicyLocation {
  const readsNamespaces = read.oneOf('POLICY_READS_NAMESPACES', ['false', 'true']) === 'true';
  return { configMap, key: read.optional(policyVariables.key, defaultPolicyKey), readsNamespaces };
}

/** Undefined for what is none. */
function parseResources(text: string): ResourceRequirements | undefined {
  try {
    const parsed = JSON.parse(text) as unknown;
    if (!isRecord(parsed)) return undefined;
    const { requests = {}, limits = {}, ...others } = parsed;
    const isRight = isAmounts(requests) && isAmounts(limits) && Object.keys(others).length === 0;
    return isRight ? { requests, limits } : undefined;
  } catch {
    return undefined;
  }
}

function isAmounts(value: unknown): value is Readonly<Record<string, string | number>> {
  return isRecord(value) && Object.values(value).every((one) => typeof one === 'string' || typeof one === 'number');
}

function holdsCertificates(text: string): boolean {
  const blocks = certificateBlocks(text);
  return blocks.length > 0 && blocks.every((block) => parseCertificate(block) !== undefined);
}
