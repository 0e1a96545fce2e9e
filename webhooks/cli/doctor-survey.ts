import type { ApiState, ApiStates } from '../core/engine/installation.ts';
import { API } from '../core/mcpserver/api.ts';
import { expandedKinds } from '../core/resources/index.gen.ts';
import type { OptionalApi } from '../core/resources/expanded-kind.ts';
import { isOptional } from '../core/resources/optional-kind.ts';
import type { OptionalKind } from '../core/resources/optional-kind.ts';
import { LONGEST_OBJECT_BYTES, objectPath, type ApiError, type ApiResult, type KubeApi } from '../platform/kube/api.ts';
import { isForWantOfRights } from '../platform/kube/api-error.ts';
import type { ConnectedContext } from '../platform/kube/connect.ts';
import { listAt, metaOf, recordAt, stringAt } from '../platform/kube/object.ts';
import { webhookConfigurationApi, webhookConfigurations } from '../platform/tls/webhook-configuration.ts';
import { askPolicy, type ClusterPolicy } from './cluster-policy.ts';
import { readComposites, type ReadComposites } from './composite-read.ts';
import {
  admissionPolicyName,
  chartLabel,
  configurationName,
  deploymentsOf,
  environmentOf,
  ownContainers,
  serviceIn,
  type AskedService,
} from './installation.ts';
import { readStates, type ReadStates } from './status-read.ts';

/** An object, or a list of them, as far as it may be read. */
export type Look = { readonly state: 'found'; readonly object: unknown } | { readonly state: 'missing' } | NotSeen;

/** What could not be looked at. */
export interface NotSeen {
  readonly state: 'unknown';
  /** A clause. */
  readonly because: string;
  /** Not for want of a right; the API server failed, or did not answer in time. */
  readonly isFailure?: boolean;
}

/** Of an optional kind. */
interface UnseenApi {
  readonly seen: NotSeen;
  /** That it takes. */
  readonly right: string;
}

/** All that is looked at in one cluster; nothing is written. */
export interface Survey {
  readonly context: string;
  /** Of this program. */
  readonly version: string;
  readonly now: Date;
  readonly kubernetes: Look;
  readonly crd: Look;
  readonly mutating: Look;
  readonly validating: Look;
  /** What API servers refuse by themselves, and what makes them. */
  readonly admissionPolicy: Look;
  readonly admissionBinding: Look;
  /** Absent where no configuration names one, or it could not be read. */
  readonly service?: AskedService;
  readonly installation: InstallationLook;
  readonly policy: ClusterPolicy;
  /** Of the optional kinds that are switched on; `off`: the others. */
  readonly apis: ApiStates;
  /** In which version they are served, by kind. */
  readonly apiVersions: ReadonlyMap<string, string>;
  /** Kinds of which that could not be looked up, although everybody may, or whoever may list what shows that somebody obeys them. */
  readonly failedApis: ReadonlyMap<string, UnseenApi>;
  readonly servers: ReadStates;
  readonly composites: ReadComposites;
  /** What is switched on in the installation; absent where that is not known. */
  readonly features?: readonly string[];
}

/** What is in the namespace of the release. */
export interface InstallationLook {
  /** Of the Service, by its environment. */
  readonly deployment: Look;
  readonly endpoints: Look;
  readonly pods: Look;
  readonly lease: Look;
  /** `tls.crt` of the Secret, in PEM: nothing else of it is kept. */
  readonly certificate: Look;
  readonly logging: Look;
  /** What keeps whether NetworkPolicies are enforced; absent where nobody asks. */
  readonly network?: Look;
}

export interface SurveyOptions {
  readonly version: string;
  readonly now: Date;
}

export type Surveyed =
  | (Survey & { readonly type: 'surveyed' })
  /** Why nobody answers there. */
  | { readonly type: 'lost'; readonly because: string };

export async function surveyCluster(cluster: ConnectedContext, { version, now }: SurveyOptions): Promise<Surveyed> {
  const { api, context } = cluster;
  const answer = await api.request({ method: 'GET', path: '/version' });
  // Every account may ask that, unless somebody took the right away.
  if (!answer.ok && ![403, 404].includes(answer.error.status)) return { type: 'lost', because: answer.error.message };
  const [crd, mutating, validating, admissionPolicy, admissionBinding] = await Promise.all([
    look(api, objectPath({ ...crds, name: `${API.plural}.${API.group}` })),
    look(api, objectPath({ ...configurations, plural: webhookConfigurations.mutating.plural })),
    look(api, objectPath({ ...configurations, plural: webhookConfigurations.validating.plural })),
    look(api, objectPath({ ...admissionPolicies, plural: 'validatingadmissionpolicies' })),
    look(api, objectPath({ ...admissionPolicies, plural: 'validatingadmissionpolicybindings' })),
  ]);
  const service = validating.state === 'found' ? serviceIn(validating.object) : undefined;
  const installation = service === undefined ? nowhere(validating) : await lookAround(api, service);
  const { deployment } = installation;
  const env = deployment.state === 'found' ? environmentOf(deployment.object) : undefined;
  const features = (env?.get('FEATURES') ?? '').split(',');
  return {
    type: 'surveyed',
    ...{ context, version, now, kubernetes: toLook(answer), crd, installation },
    ...{ mutating, validating, admissionPolicy, admissionBinding },
    ...(service === undefined ? {} : { service }),
    policy: await askPolicy(api, context),
    ...(env === undefined ? nothingLookedUp : await lookForApis(api, features)),
    ...(env === undefined ? {} : { features }),
    servers: await readStates(cluster, { ...everywhere, isWholeCluster: true }),
    composites: await readComposites(cluster, everywhere),
  };
}

const everywhere = { namespace: '', names: [] };
const crds = { apiVersion: 'apiextensions.k8s.io/v1', plural: 'customresourcedefinitions' };
const admissionPolicies = { apiVersion: webhookConfigurationApi, name: admissionPolicyName };
const configurations = { apiVersion: webhookConfigurationApi, name: configurationName };

async function look(api: KubeApi, path: string, query?: Readonly<Record<string, string>>): Promise<Look> {
  const read = await api.request({
    ...{ method: 'GET', path, maxBytes: LONGEST_OBJECT_BYTES },
    ...(query === undefined ? {} : { query }),
  });
  return toLook(read);
}

function toLook(read: ApiResult): Look {
  if (read.ok) return { state: 'found', object: read.body };
  const { error } = read;
  if (error.status === 404) return { state: 'missing' };
  const because = explain(error);
  return isForWantOfRights(error) ? { state: 'unknown', because } : { state: 'unknown', because, isFailure: true };
}

function explain({ status, reason, message }: ApiError): string {
  return status === 403 ? `you may not read it (${reason})` : message;
}

/** Nobody can tell where to look. */
function nowhere(validating: Look): InstallationLook {
  const unknown: Look =
    validating.state === 'found'
      ? { state: 'unknown', because: 'the webhook configuration names no Service' }
      : { ...validating };
  return {
    deployment: unknown,
    endpoints: unknown,
    pods: unknown,
    lease: unknown,
    certificate: unknown,
    logging: unknown,
  };
}

async function lookAround(api: KubeApi, { namespace, service }: AskedService): Promise<InstallationLook> {
  const at = (apiVersion: string, plural: string, name?: string): string =>
    objectPath({ apiVersion, plural, namespace, ...(name === undefined ? {} : { name }) });
  const [listed, endpoints, pods] = await Promise.all([
    look(api, at('apps/v1', 'deployments'), { labelSelector: chartLabel }),
    look(api, at('discovery.k8s.io/v1', 'endpointslices'), { labelSelector: `kubernetes.io/service-name=${service}` }),
    look(api, at('v1', 'pods'), { labelSelector: chartLabel }),
  ]);
  const deployment = theOneOf(listed, service);
  const named = deployment.state === 'found' ? deployment.object : undefined;
  const byName = (container: string, variable: string, ...of: readonly [string, string]): Promise<Look> => {
    const name = environmentOf(named, container)?.get(variable) ?? '';
    return name === '' ? Promise.resolve(notNamed(deployment)) : look(api, at(...of, name));
  };
  const [lease, secret, logging] = await Promise.all([
    byName(ownContainers.reconciler, 'LEASE_NAME', 'coordination.k8s.io/v1', 'leases'),
    byName(ownContainers.webhook, 'CERTIFICATE_SECRET', 'v1', 'secrets'),
    byName(ownContainers.webhook, 'LOG_CONFIG_MAP', 'v1', 'configmaps'),
  ]);
  const asks = (environmentOf(named, ownContainers.reconciler)?.get('NETWORK_PROBE_CONFIG_MAP') ?? '') !== '';
  const network = asks
    ? await byName(ownContainers.reconciler, 'NETWORK_PROBE_CONFIG_MAP', 'v1', 'configmaps')
    : undefined;
  const certificate = certificateIn(secret);
  return {
    ...{ deployment, endpoints, pods, lease, certificate, logging },
    ...(network === undefined ? {} : { network }),
  };
}

/** Whoever may read the Secret is given its key as well; it goes no further than here. */
function certificateIn(secret: Look): Look {
  if (secret.state !== 'found') return secret;
  const encoded = stringAt(recordAt(secret.object, 'data'), 'tls.crt') ?? '';
  return { state: 'found', object: Buffer.from(encoded, 'base64').toString('utf8') };
}

function notNamed(deployment: Look): Look {
  return deployment.state === 'found' ? { state: 'missing' } : deployment;
}

/** The Deployment whose pods are behind the Service. */
function theOneOf(listed: Look, service: string): Look {
  if (listed.state !== 'found') return listed;
  const ours = deploymentsOf(listed.object, service);
  const [only, another] = ours;
  if (only === undefined) return { state: 'missing' };
  const names = ours.map((one) => metaOf(one).name).join(', ');
  if (another !== undefined) return { state: 'unknown', because: `several are of Service ${service}: ${names}` };
  return { state: 'found', object: only };
}

type LookedUp = Pick<Survey, 'apis' | 'apiVersions' | 'failedApis'>;

const nothingLookedUp: LookedUp = { apis: new Map(), apiVersions: new Map(), failedApis: new Map() };

async function lookForApis(api: KubeApi, features: readonly string[]): Promise<LookedUp> {
  const apis = new Map<string, ApiState>();
  const apiVersions = new Map<string, string>();
  const failedApis = new Map<string, UnseenApi>();
  const looks = new Map<string, Look>();
  const lookAt = async (apiVersion: string): Promise<Look> => {
    const found = looks.get(apiVersion) ?? (await look(api, `/apis/${apiVersion}`));
    looks.set(apiVersion, found);
    return found;
  };
  for (const of of expandedKinds.filter(isOptional)) {
    const isOn = features.includes(of.requirement.feature);
    const { state, apiVersion, failed }: LookedUpKind = isOn ? await lookForKind(api, of, lookAt) : { state: 'off' };
    apis.set(of.kind, state);
    if (apiVersion !== undefined) apiVersions.set(of.kind, apiVersion);
    if (failed !== undefined) failedApis.set(of.kind, failed);
  }
  return { apis, apiVersions, failedApis };
}

interface LookedUpKind {
  readonly state: ApiState;
  /** The first of its versions that has it; absent: none does. */
  readonly apiVersion?: string;
  readonly failed?: UnseenApi;
}

/** As the programs in the cluster look for it. */
async function lookForKind(
  api: KubeApi,
  { apiVersion, plural, requirement }: OptionalKind,
  lookAt: (apiVersion: string) => Promise<Look>,
): Promise<LookedUpKind> {
  for (const version of [apiVersion, ...(requirement.olderVersions ?? [])]) {
    const found = await lookAt(version);
    if (found.state === 'unknown')
      return { state: 'unknown', ...(found.isFailure === true ? { failed: { seen: found, right: '' } } : {}) };
    if (stateIn(found, plural) !== 'served') continue;
    const evidence = await lookForEvidence(api, version, requirement);
    if (evidence === undefined) return { state: 'served', apiVersion: version };
    const right = `list ${requirement.evidence ?? ''}`;
    const failed = evidence.state === 'unknown' ? { failed: { seen: evidence, right } } : {};
    return { state: stateByEvidence(evidence), apiVersion: version, ...failed };
  }
  return { state: 'absent' };
}

/** Of a kind that is served: what shows that somebody obeys it, where that is asked. */
async function lookForEvidence(api: KubeApi, apiVersion: string, { evidence }: OptionalApi): Promise<Look | undefined> {
  return evidence === undefined ? undefined : look(api, `/apis/${apiVersion}/${evidence}`, { limit: '1' });
}

function stateByEvidence(found: Look): ApiState {
  if (found.state !== 'found') return found.state === 'missing' ? 'absent' : 'unknown';
  return listAt(found.object, 'items').length > 0 ? 'served' : 'absent';
}

function stateIn(found: Look, plural: string): ApiState {
  if (found.state !== 'found') return found.state === 'missing' ? 'absent' : 'unknown';
  return listAt(found.object, 'resources').some((one) => stringAt(one, 'name') === plural) ? 'served' : 'absent';
}
