import { API, APP, LABELS } from '../core/mcpserver/api.ts';
import { CONTAINER_NAME } from '../core/mcpserver/names.ts';
import { parseQuantity } from '../core/rules/parts/quantity.ts';
import { objectPath, type KubeApi } from '../platform/kube/api.ts';
import { listObjects } from '../platform/kube/list-objects.ts';
import { keyOf, listAt, metaOf, numberAt, recordAt, stringAt } from '../platform/kube/object.ts';
import type { Amounts, Resources } from './cost-suggestion.ts';

/** Most pods that are looked at; who has more names a namespace. */
const maxPods = 50_000;

/** What the pods of one server have, and use at this moment. */
export interface PodsOfServer {
  readonly names: string[];
  /** Of each. */
  readonly resources: Resources[];
  used?: Amounts;
}

export interface ReadPods {
  /** By key of the server. */
  readonly servers: ReadonlyMap<string, PodsOfServer>;
  /** Why something of it is not known: clauses. */
  readonly problems: readonly string[];
}

const labelSelector = `${LABELS.app}=${APP},${LABELS.server}`;

/** `isMeasured`: whether what they use now is of interest. Nothing is ever written. */
export async function readPods(
  api: KubeApi,
  { namespace, isMeasured }: { readonly namespace: string; readonly isMeasured: boolean },
): Promise<ReadPods> {
  const servers = new Map<string, PodsOfServer>();
  const podsOf = new Map<string, PodsOfServer>();
  const where = namespace === '' ? {} : { namespace };
  const error = await listObjects(api, {
    path: objectPath({ apiVersion: 'v1', plural: 'pods', ...where }),
    labelSelector,
    onObject: (pod) => {
      const key = serverOf(pod);
      if (key === undefined || !isRunning(pod)) return true;
      const known = servers.get(key) ?? { names: [], resources: [] };
      servers.set(key, known);
      const { name, namespace: of } = metaOf(pod);
      known.names.push(name);
      podsOf.set(`${of}/${name}`, known);
      const resources = recordAt(ownContainer(listAt(recordAt(pod, 'spec'), 'containers')), 'resources');
      known.resources.push(resourcesIn(resources));
      return podsOf.size < maxPods;
    },
  });
  if (error !== undefined) return { servers, problems: [`pods could not be read: ${error.message}`] };
  const left = podsOf.size < maxPods ? [] : [`more than ${maxPods} pods: name a namespace with --namespace`];
  const unmeasured = isMeasured ? await readUsage(api, where, podsOf) : [];
  return { servers, problems: [...left, ...unmeasured] };
}

/** What metrics-server says, which knows of this moment only. */
async function readUsage(
  api: KubeApi,
  where: { readonly namespace?: string },
  podsOf: ReadonlyMap<string, PodsOfServer>,
): Promise<readonly string[]> {
  const error = await listObjects(api, {
    path: objectPath({ apiVersion: 'metrics.k8s.io/v1beta1', plural: 'pods', ...where }),
    labelSelector,
    onObject: (metrics) => {
      const { name, namespace } = metaOf(metrics);
      const known = podsOf.get(`${namespace}/${name}`);
      const usage = amountsIn(recordAt(ownContainer(listAt(metrics, 'containers')), 'usage'));
      if (known !== undefined) known.used = most(known.used ?? {}, usage);
      return true;
    },
  });
  if (error === undefined) return [];
  const why = error.status === 404 ? 'there is no metrics-server (metrics.k8s.io)' : error.message;
  return [`what pods use is not known: ${why}`];
}

/** The larger one of each. */
export function most(a: Amounts, b: Amounts): Amounts {
  return { ...a, ...b, ...largerOf('cpu', a, b), ...largerOf('memory', a, b) };
}

function largerOf(what: keyof Amounts, a: Amounts, b: Amounts): Amounts {
  const amounts = [a[what], b[what]].filter((amount) => amount !== undefined);
  return amounts.length === 0 ? {} : { [what]: Math.max(...amounts) };
}

function serverOf(pod: unknown): string | undefined {
  const name = stringAt(recordAt(recordAt(pod, 'metadata'), 'labels'), LABELS.server);
  return name === undefined ? undefined : keyOf({ kind: API.kind, namespace: metaOf(pod).namespace, name });
}

/** One that has ended requests nothing any more. */
function isRunning(pod: unknown): boolean {
  const phase = stringAt(recordAt(pod, 'status'), 'phase');
  return phase !== 'Succeeded' && phase !== 'Failed' && !metaOf(pod).isDeleting;
}

function ownContainer(containers: readonly unknown[]): unknown {
  return containers.find((container) => stringAt(container, 'name') === CONTAINER_NAME);
}

/** What a container, or a spec, says of them. */
export function resourcesIn(resources: unknown): Resources {
  return { requests: amountsIn(recordAt(resources, 'requests')), limits: amountsIn(recordAt(resources, 'limits')) };
}

function amountsIn(resources: unknown): Amounts {
  return { ...amountIn(resources, 'cpu', 1e6), ...amountIn(resources, 'memory', 1e9) };
}

/** `nanoIn`: billionths in one of what it is counted in here. */
function amountIn(resources: unknown, what: keyof Amounts, nanoIn: number): Amounts {
  const quantity = stringAt(resources, what) ?? numberAt(resources, what);
  const parsed = quantity === undefined ? undefined : parseQuantity(quantity);
  return parsed === undefined ? {} : { [what]: Math.ceil(Number(parsed.nano) / nanoIn) };
}
