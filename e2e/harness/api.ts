import type { KubeObject } from './kubectl.ts';

/**
 * The kinds that cases look at all the time, by the names that kubectl has for them. They are read through the `kubectl
 * proxy` of scripts/e2e: a kubectl for each look costs 60 ms of CPU, which is taken from what is tested.
 */
const kinds: Readonly<Record<string, { readonly apiVersion: string; readonly kind: string }>> = {
  configmaps: { apiVersion: 'v1', kind: 'ConfigMap' },
  deployments: { apiVersion: 'apps/v1', kind: 'Deployment' },
  endpointslices: { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' },
  'events.events.k8s.io': { apiVersion: 'events.k8s.io/v1', kind: 'Event' },
  leases: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
  mcpservers: { apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer' },
  networkpolicies: { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
  pods: { apiVersion: 'v1', kind: 'Pod' },
  replicasets: { apiVersion: 'apps/v1', kind: 'ReplicaSet' },
  secrets: { apiVersion: 'v1', kind: 'Secret' },
  serviceaccounts: { apiVersion: 'v1', kind: 'ServiceAccount' },
  services: { apiVersion: 'v1', kind: 'Service' },
};

/** An answer takes milliseconds; this ends a look at an API server that has stopped in the middle of one. */
const timeoutMs = 30_000;

/** Whether `names` (`deployments,services`) can be read here. */
export function isReadable(names: string): boolean {
  return names.split(',').every((name) => Object.hasOwn(kinds, name));
}

/** Undefined when it does not exist. */
export async function readObject(namespace: string, plural: string, name: string): Promise<KubeObject | undefined> {
  const object = await read(pathOf(plural, namespace, name));
  return object === undefined ? undefined : asKubectlPrints(object as KubeObject);
}

/** Of each kind in the order of the names; `namespace` undefined: everywhere. */
export async function readObjects(
  namespace: string | undefined,
  names: string,
  selector: string | undefined,
): Promise<readonly KubeObject[]> {
  const query = selector === undefined ? '' : `?labelSelector=${encodeURIComponent(selector)}`;
  const lists = await Promise.all(
    names.split(',').map(async (plural) => {
      const list = await read(`${pathOf(plural, namespace)}${query}`);
      const { items = [] } = (list ?? {}) as { readonly items?: readonly KubeObject[] };
      // The items of a list do not say what they are.
      return items.map((item) => asKubectlPrints({ ...item, ...kinds[plural] }));
    }),
  );
  return lists.flat();
}

/** Where the API server is reached without credentials, as long as the cases run. */
export function proxyUrl(): string {
  const url = process.env['E2E_PROXY_URL'];
  if (url === undefined) throw new Error('run the cases with `npm run test:e2e`, which starts a proxy for them');
  return url;
}

function pathOf(plural: string, namespace: string | undefined, name?: string): string {
  const { apiVersion } = kinds[plural] ?? { apiVersion: '' };
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const where = namespace === undefined ? '' : `/namespaces/${namespace}`;
  const one = name === undefined ? '' : `/${name}`;
  return `${root}${where}/${plural.split('.')[0] ?? ''}${one}`;
}

async function read(path: string): Promise<unknown> {
  const answer = await fetch(`${proxyUrl()}${path}`, { signal: AbortSignal.timeout(timeoutMs) }).catch(
    (cause: unknown) => {
      throw new Error(`GET ${path}: no answer`, { cause });
    },
  );
  if (answer.status === 404) {
    await answer.body?.cancel();
    return undefined;
  }
  if (!answer.ok) throw new Error(`GET ${path}: ${answer.status}: ${(await answer.text()).slice(0, 500)}`);
  return answer.json();
}

/** Without what nobody reads and what fills every failure. */
function asKubectlPrints(object: KubeObject): KubeObject {
  return { ...object, metadata: { ...object.metadata, managedFields: undefined } } as KubeObject;
}
