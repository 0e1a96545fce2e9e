import type { LabelsOf, Policy } from '../core/engine/policy.ts';
import { LONGEST_OBJECT_BYTES, objectPath, type ApiError, type KubeApi } from '../platform/kube/api.ts';
import { isAboutCluster } from './ask-cluster.ts';
import { labelsIn } from './input-namespaces.ts';

export interface AskedNamespaces {
  readonly labelsOf: LabelsOf;
  /** The same, of those that could be read. */
  readonly known: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Those whose labels nobody could tell, with the reason of each; in no particular order. */
  readonly unknown: ReadonlyMap<string, string>;
  /** That the cluster could not be asked at all. */
  readonly lost?: ApiError;
}

/** Namespaces that are read at the same time. */
const parallelReads = 8;

/**
 * The labels of those namespaces in which the policy asks for them: none, where it does not choose by labels. Each is read
 * by its name, which takes less rights than a list. What may not be read is unknown, and then the strictest counts; a
 * cluster that does not answer, or does not know us, is asked no more.
 */
export async function askNamespaces(
  api: KubeApi,
  policy: Policy,
  namespaces: Iterable<string>,
): Promise<AskedNamespaces> {
  const known = new Map<string, Readonly<Record<string, string>>>();
  const unknown = new Map<string, string>();
  const cluster: { lost?: ApiError } = {};
  const waiting = namespacesAskedFor(policy, namespaces).values();
  const read = async (): Promise<void> => {
    for (const name of waiting) {
      const path = objectPath({ apiVersion: 'v1', plural: 'namespaces', name });
      const asked = cluster.lost ?? (await api.request({ method: 'GET', path, maxBytes: LONGEST_OBJECT_BYTES }));
      if (!('ok' in asked)) unknown.set(name, asked.reason);
      else if (asked.ok) known.set(name, labelsIn(asked.body));
      else {
        unknown.set(name, asked.error.reason);
        if (isAboutCluster(asked.error)) cluster.lost ??= asked.error;
      }
    }
  };
  await Promise.all(Array.from({ length: parallelReads }, read));
  return {
    labelsOf: (name) => known.get(name),
    known,
    unknown,
    ...(cluster.lost === undefined ? {} : { lost: cluster.lost }),
  };
}

function namespacesAskedFor(policy: Policy, namespaces: Iterable<string>): ReadonlySet<string> {
  const asked = new Set<string>();
  for (const namespace of new Set(namespaces)) {
    policy.entriesFor(namespace, (name) => {
      asked.add(name);
      return undefined;
    });
  }
  return asked;
}
