import { referableKinds } from '../core/mcpserver/references.ts';
import { LONGEST_OBJECT_BYTES, objectPath, type ApiError, type KubeApi } from '../platform/kube/api.ts';
import type { InputProblem } from '../platform/manifests/manifest.ts';
import { stateOf } from './input-facts.ts';
import { toClusterFacts, type ClusterFacts, type KnownObject, type NamedObject } from './known-facts.ts';

export interface AskedCluster {
  readonly facts: ClusterFacts;
  /** That the cluster could not be asked at all; what it knows is unknown then. */
  readonly problem?: InputProblem;
}

export interface AskOptions {
  /** Of the kubeconfig. */
  readonly context: string;
  readonly objects: readonly NamedObject[];
  /** Whether the servers are of that cluster, too, so that there is nobody else to know of the objects. */
  readonly isInput?: boolean;
}

/** Objects that are read at the same time. */
const parallelReads = 8;

/**
 * Reads each object once and keeps the names of its keys; nothing is ever written. An object that may not be read is
 * unknown; a cluster that does not answer, or does not know us, is asked no more.
 */
export async function askCluster(
  api: KubeApi,
  { context, objects, isInput = false }: AskOptions,
): Promise<AskedCluster> {
  const source = isInput ? context : `it is not in the input, and ${context}`;
  const known: KnownObject[] = [];
  const waiting = objects[Symbol.iterator]();
  const cluster: { lost?: ApiError } = {};
  const read = async (): Promise<void> => {
    for (const object of waiting) {
      const { kind, namespace, name } = object;
      const { apiVersion, plural, isOfCluster } = referableKinds[kind];
      const path = objectPath({ apiVersion, plural, name, ...(isOfCluster ? {} : { namespace }) });
      const asked = cluster.lost ?? (await api.request({ method: 'GET', path, maxBytes: LONGEST_OBJECT_BYTES }));
      if (!('ok' in asked)) known.push({ ...object, state: unknown(source, asked) });
      else if (asked.ok) known.push({ ...object, state: stateOf(kind, asked.body) });
      else if (asked.error.status === 404) known.push({ ...object, state: { state: 'missing' } });
      else {
        known.push({ ...object, state: unknown(source, asked.error) });
        if (isAboutCluster(asked.error)) cluster.lost ??= asked.error;
      }
    }
  };
  await Promise.all(Array.from({ length: parallelReads }, read));
  const facts = toClusterFacts(context, known);
  const { lost } = cluster;
  return lost === undefined ? { facts } : { facts, problem: { file: `context ${context}`, message: lost.message } };
}

function unknown(source: string, error: ApiError): KnownObject['state'] {
  return {
    state: 'unknown',
    reason: `${source} says ${error.reason}`,
    cause: error.reason,
  };
}

/** No answer, or none to anything that we may ask. */
export function isAboutCluster({ status, reason }: ApiError): boolean {
  return status === 401 || (status === 0 && reason !== 'TooLarge');
}
