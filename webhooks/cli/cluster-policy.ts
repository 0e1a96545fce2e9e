import { builtInPolicy } from '../core/rules/built-in-policy.ts';
import { LONGEST_OBJECT_BYTES, objectPath, type ApiError, type KubeApi } from '../platform/kube/api.ts';
import { listAt, metaOf, recordAt, stringAt } from '../platform/kube/object.ts';
import { toChosen, type Chosen } from './chosen-policy.ts';
import { byBuiltInOf } from './judged-by.ts';
import { renderProblem } from './outputs/text.ts';
import { readPolicyText } from './policy-file.ts';

/** What the chart gives to every object of a release, unless `nameOverride` says otherwise (chart/templates/_helpers.tpl). */
const ofChart = 'app.kubernetes.io/name=mcp-lifecycle';

/** Containers of a Deployment that is ours; both of them know where the policy is. */
const ownContainer = 'webhook';

/** Most bytes of the Deployments with that label: there is one of a few KiB. */
const maxListBytes = 2 * 1024 * 1024;

/** What judges in a cluster. */
export interface ClusterPolicy {
  readonly chosen: Chosen;
  /** What the ConfigMap holds; absent where that could not be told, and the built-in profile stands in. */
  readonly written?: WrittenPolicy;
}

export interface WrittenPolicy {
  /** Namespace/name. */
  readonly configMap: string;
  readonly text: string;
}

/**
 * The policy that is in force in a cluster, as far as the account that asks may see it: the Deployment says which ConfigMap
 * holds it, of the chart or of the user. Where it cannot be told, the built-in profile, with the reason.
 */
export async function askPolicy(api: KubeApi, context: string): Promise<ClusterPolicy> {
  const located = await locatePolicy(api);
  if ('because' in located) return builtIn(context, located.because);
  const { namespace, name, key } = located;
  const configMap = `${namespace}/${name}`;
  const path = objectPath({ apiVersion: 'v1', plural: 'configmaps', namespace, name });
  const read = await api.request({ method: 'GET', path, maxBytes: LONGEST_OBJECT_BYTES });
  if (!read.ok) return builtIn(context, `ConfigMap ${configMap}, which holds its policy, ${explain(read.error)}`);
  const text = stringAt(recordAt(read.body, 'data'), key);
  if (text === undefined) return builtIn(context, `ConfigMap ${configMap} has no key ${key} with a policy`);
  return readWritten(context, { configMap, text });
}

/** The same of what was read earlier. */
export function readWritten(context: string, written: WrittenPolicy): ClusterPolicy {
  const { configMap, text } = written;
  const file = readPolicyText({ file: `ConfigMap ${configMap}`, text });
  const chosen = toChosen(file, { context, configMap });
  if (chosen.type === 'chosen') return { chosen, written };
  const [first] = chosen.problems;
  const problem = first === undefined ? 'it means nothing' : renderProblem(first);
  const because = `its policy cannot be used, so the cluster judges by an earlier one or by this: ${problem}`;
  return { ...builtIn(context, because), written };
}

export function builtIn(context: string, because: string): ClusterPolicy {
  return { chosen: { type: 'chosen', policy: builtInPolicy, ignored: [], by: byBuiltInOf(context, because) } };
}

type Located =
  | { readonly namespace: string; readonly name: string; readonly key: string }
  /** A clause. */
  | { readonly because: string };

async function locatePolicy(api: KubeApi): Promise<Located> {
  const path = objectPath({ apiVersion: 'apps/v1', plural: 'deployments' });
  const query = { labelSelector: ofChart };
  const listed = await api.request({ method: 'GET', path, query, maxBytes: maxListBytes });
  if (!listed.ok)
    return { because: `where its policy is ${explain(listed.error)}: it is in the Deployment of mcp-lifecycle` };
  const own = listAt(listed.body, 'items').flatMap((deployment) => {
    const env = environmentOf(deployment);
    return env === undefined ? [] : [{ namespace: metaOf(deployment).namespace, env }];
  });
  const [first] = own;
  if (first === undefined) return { because: `no Deployment ${ofChart} was found in the cluster` };
  const { namespace, env } = own.find((one) => one.env.has(nameVariable)) ?? first;
  const name = env.get(nameVariable) ?? '';
  if (name === '') return { because: 'the cluster has no policy of its own' };
  return { namespace, name, key: env.get(keyVariable) ?? 'policy.yaml' };
}

/** As platform/config.ts reads them. */
const nameVariable = 'POLICY_CONFIG_MAP';
const keyVariable = 'POLICY_KEY';

function environmentOf(deployment: unknown): ReadonlyMap<string, string> | undefined {
  const spec = recordAt(recordAt(recordAt(deployment, 'spec'), 'template'), 'spec');
  const container = listAt(spec, 'containers').find((one) => stringAt(one, 'name') === ownContainer);
  if (container === undefined) return undefined;
  const env = listAt(container, 'env').map(
    (one) => [stringAt(one, 'name') ?? '', stringAt(one, 'value') ?? ''] as const,
  );
  return new Map(env);
}

function explain({ status, reason, message }: ApiError): string {
  if (status === 403) return `may not be read (${reason})`;
  if (status === 404) return 'does not exist';
  return `could not be read (${message})`;
}
