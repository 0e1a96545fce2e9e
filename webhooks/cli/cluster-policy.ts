import { printable, shortenEnd } from '../core/engine/text.ts';
import { compatibilityProfiles, type CompatibilityProfile } from '../core/mcpserver/compatibility.ts';
import { builtInPolicy } from '../core/rules/built-in-policy.ts';
import { LONGEST_OBJECT_BYTES, objectPath, type ApiError, type KubeApi } from '../platform/kube/api.ts';
import { recordAt, stringAt } from '../platform/kube/object.ts';
import type { InputProblem } from '../platform/manifests/manifest.ts';
import { profileProblem } from '../platform/policy/compatible-policy.ts';
import { defaultPolicyKey, policyVariables } from '../platform/policy/policy-variables.ts';
import { builtInUnder } from '../platform/policy/read-policy-value.ts';
import { toChosen, type Chosen } from './chosen-policy.ts';
import {
  chartLabel,
  configurationName,
  deploymentsOf,
  environmentOf,
  maxInstallationBytes as maxBytes,
  serviceIn,
  type AskedService,
} from './installation.ts';
import { byBuiltInOf } from './judged-by.ts';
import { renderProblem } from './outputs/text.ts';
import { readPolicyText } from './policy-file.ts';

/** What judges in a cluster. */
export interface ClusterPolicy {
  readonly chosen: Chosen;
  /** What the ConfigMap holds; absent where that could not be told, and the built-in profile stands in. */
  readonly written?: WrittenPolicy;
  /** That the cluster has one that cannot be used: it may refuse by an earlier one what the built-in profile lets pass. */
  readonly problem?: InputProblem;
  /** The right without which it cannot be told, behind "who may". */
  readonly lacks?: string;
}

export interface WrittenPolicy {
  /** Namespace/name. */
  readonly configMap: string;
  readonly text: string;
}

/**
 * The policy that is in force in a cluster, as far as the account that asks may see it: the Deployment that the API server
 * asks says which ConfigMap holds it, of the chart or of the user. Where it cannot be told, the built-in profile, with the reason.
 */
export async function askPolicy(api: KubeApi, context: string): Promise<ClusterPolicy> {
  const located = await locatePolicy(api);
  if ('because' in located) {
    const { because, isLost, installed } = located;
    const policy = (isLost === true ? unusable : builtIn)(context, because, installed);
    return located.lacks === undefined ? policy : { ...policy, lacks: located.lacks };
  }
  const { namespace, name, key, installed } = located;
  const configMap = `${namespace}/${name}`;
  const path = objectPath({ apiVersion: 'v1', plural: 'configmaps', namespace, name });
  const read = await api.request({ method: 'GET', path, maxBytes: LONGEST_OBJECT_BYTES });
  if (!read.ok) {
    const because = `ConfigMap ${configMap}, which holds its policy, ${explain(read.error)}`;
    if (!isForbidden(read.error)) return unusable(context, because, installed);
    return { ...builtIn(context, because, installed), lacks: `get configmaps in ${namespace}` };
  }
  const text = stringAt(recordAt(read.body, 'data'), key);
  if (text === undefined) return unusable(context, `ConfigMap ${configMap} has no key ${key} with a policy`, installed);
  const written = { configMap, text };
  const found = readWritten(context, written, installed);
  const problem = profileProblem(found.chosen.policy.compatibility, installed);
  return problem === undefined || found.problem !== undefined
    ? found
    : { ...unusable(context, problem, installed), written };
}

/** The same of what was read earlier. */
export function readWritten(
  context: string,
  written: WrittenPolicy,
  installed: CompatibilityProfile = 'default',
): ClusterPolicy {
  const { configMap, text } = written;
  const file = readPolicyText({ file: `ConfigMap ${configMap}`, text });
  const chosen = toChosen(file, { context, configMap });
  if (chosen.type === 'chosen') return { chosen, written };
  const [first] = chosen.problems;
  const problem = first === undefined ? 'it means nothing' : renderProblem(first);
  const because = `its policy cannot be used, so the cluster judges by an earlier one or by this: ${problem}`;
  return { ...unusable(context, because, installed), written };
}

/** Longest sentence about a policy that cannot be used, in characters. */
const maxProblemLength = 600;

function unusable(context: string, because: string, installed?: CompatibilityProfile): ClusterPolicy {
  const why = shortenEnd(printable(because), maxProblemLength);
  const message = `${why}; what the cluster goes on to judge by cannot be told, and it may refuse what passes here: mend that, or name a policy with --policy`;
  return { ...builtIn(context, because, installed), problem: { file: `context ${context}`, message } };
}

/** `installed`: the profile of the installation, as far as that is known; the cluster stands in for a policy by the same one. */
export function builtIn(context: string, because: string, installed: CompatibilityProfile = 'default'): ClusterPolicy {
  const policy = installed === 'default' ? builtInPolicy : builtInUnder(installed);
  return { chosen: { type: 'chosen', policy, ignored: [], by: byBuiltInOf(context, because) } };
}

type Located =
  | {
      readonly namespace: string;
      readonly name: string;
      readonly key: string;
      /** The profile that the policy has to say. */
      readonly installed: CompatibilityProfile;
    }
  | NotLocated;

interface NotLocated {
  /** A clause. */
  readonly because: string;
  /** Whether there may be a policy, and it is not for missing rights that nobody knows. */
  readonly isLost?: boolean;
  /** As of {@link ClusterPolicy}. */
  readonly lacks?: string;
  /** The profile of the installation; absent where that is not known either. */
  readonly installed?: CompatibilityProfile;
}

/** Only what no tenant can write decides: any namespace may hold a Deployment that looks like ours. */
async function locatePolicy(api: KubeApi): Promise<Located> {
  const asked = await askEnvironment(api);
  if ('because' in asked) return asked;
  const { namespace, env } = asked;
  const installed = compatibilityProfiles.find((one) => one === env.get(policyVariables.compatibility)) ?? 'default';
  const name = env.get(policyVariables.configMap) ?? '';
  if (name === '') return { because: 'the cluster has no policy of its own', installed };
  return { namespace, name, key: env.get(policyVariables.key) ?? defaultPolicyKey, installed };
}

interface AskedEnvironment {
  readonly namespace: string;
  readonly env: ReadonlyMap<string, string>;
}

/** What the webhook whom the API server asks was started with. */
export async function askEnvironment(api: KubeApi): Promise<AskedEnvironment | NotLocated> {
  const asked = await locateService(api);
  if ('because' in asked) return asked;
  const { namespace, service } = asked;
  const path = objectPath({ apiVersion: 'apps/v1', plural: 'deployments', namespace });
  const listed = await api.request({ method: 'GET', path, query: { labelSelector: chartLabel }, maxBytes });
  if (!listed.ok) {
    const because = `where its policy is ${explain(listed.error)}: it is in a Deployment in ${namespace}`;
    return isForbidden(listed.error)
      ? { because, lacks: `list deployments in ${namespace}` }
      : { because, isLost: true };
  }
  const [deployment, another] = deploymentsOf(listed.body, service);
  const env = environmentOf(deployment);
  if (env === undefined) return { because: `no Deployment ${chartLabel} of Service ${namespace}/${service} was found` };
  if (another !== undefined)
    return { because: `several Deployments are of Service ${namespace}/${service}`, isLost: true };
  return { namespace, env };
}

/** Whom the API server asks about MCPServers. */
async function locateService(api: KubeApi): Promise<AskedService | NotLocated> {
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const path = objectPath({ apiVersion, plural: 'validatingwebhookconfigurations', name: configurationName });
  const read = await api.request({ method: 'GET', path, maxBytes });
  const what = `ValidatingWebhookConfiguration ${configurationName}`;
  if (!read.ok) {
    const because = `${what}, which says where its policy is, ${explain(read.error)}`;
    // Where there is no such configuration, mcp-lifecycle is not there.
    return { because, isLost: !isForbidden(read.error) && read.error.status !== 404 };
  }
  return serviceIn(read.body) ?? { because: `${what} names no Service` };
}

function isForbidden({ status }: ApiError): boolean {
  return status === 403;
}

function explain({ status, reason, message }: ApiError): string {
  if (status === 403) return `may not be read (${reason})`;
  if (status === 404) return 'does not exist';
  return `could not be read (${message})`;
}
