import { METRICS_PORT_NAME, PORT_NAME } from '../core/mcpserver/names.ts';
import type { ServingPod } from '../core/plan/serving.ts';
import { listAt, metaOf, numberAt, recordAt, stringAt } from '../platform/kube/object.ts';
import { FairStore } from './fair-store.ts';

/** In bytes. A pod takes about 80: room for a server of 64 with the longest names and labels, and for 13,000 pods in all. */
const limits = { largest: 24 * 1024, inAll: 1024 * 1024 };

/** Of one server: somebody may give our labels to any number of pods. Those beyond are not asked themselves. */
const maxPods = 64;

/** Those that serve; or those on their way out, which answer for a while whoever has not heard of it. */
export type KeptPods = 'serving' | 'leaving';

/**
 * The pods that serve, of each server, and as little of each as it takes to ask it. One text for each server, because of
 * a thousand healthy ones that is all that is kept. Where there is no room, the namespace that has the most goes without,
 * and its servers are asked through their Services only.
 */
export class ServingPods {
  readonly #texts = new FairStore<string>(limits);
  /** Those of which pods are kept. */
  readonly #servers = new Set<string>();
  readonly #templateLabel: string;
  readonly #which: KeptPods;

  /** By the label of a pod that tells one template from another. */
  constructor(templateLabel = 'pod-template-hash', which: KeptPods = 'serving') {
    this.#templateLabel = templateLabel;
    this.#which = which;
  }

  /** In the order of their names. */
  of(server: string): readonly ServingPod[] {
    return parsePods(this.#texts.get(server));
  }

  /** Returns whether other pods serve than before, or more of them, or fewer. */
  put(server: string, raw: unknown): boolean {
    const pod = toServingPod(raw, this.#templateLabel, this.#which);
    const others = this.of(server).filter(({ name }) => name !== metaOf(raw).name);
    return this.#keep(server, pod === undefined ? others : [...others, pod]);
  }

  remove(server: string, raw: unknown): boolean {
    const { name } = metaOf(raw);
    return this.#keep(
      server,
      this.of(server).filter((pod) => pod.name !== name),
    );
  }

  /** The server of a pod whose labels do not say it any more. Asked for each event of a pod that is nobody's. */
  ownerOf(raw: unknown): string | undefined {
    const { name, namespace } = metaOf(raw);
    return this.#texts.findKey(namespace, (text) => text.startsWith(`${name} `) || text.includes(`\n${name} `));
  }

  /** Drops the pods that do not exist; says of which servers. */
  keepOnly(exists: (server: string, pod: string) => boolean): readonly string[] {
    return [...this.#servers].filter((server) =>
      this.#keep(
        server,
        this.of(server).filter(({ name }) => exists(server, name)),
      ),
    );
  }

  forget(server: string): void {
    this.#keep(server, []);
  }

  #keep(server: string, pods: readonly ServingPod[]): boolean {
    const before = this.#texts.get(server) ?? '';
    const text = renderPods(pods);
    if (text === '') {
      this.#texts.drop(server);
      this.#servers.delete(server);
    } else if (text !== before) {
      this.#texts.put(server, { value: text, bytes: text.length });
      this.#servers.add(server);
    }
    return text !== before;
  }
}

/**
 * Undefined for a pod that is none of those, and for one that no ReplicaSet has made: of what template it is nobody says. The
 * Service passes by a pod without a port of its name, too.
 */
function toServingPod(raw: unknown, templateLabel: string, which: KeptPods): ServingPod | undefined {
  const status = recordAt(raw, 'status');
  const { name, isDeleting } = metaOf(raw);
  const template = stringAt(recordAt(recordAt(raw, 'metadata'), 'labels'), templateLabel);
  const address = stringAt(status, 'podIP');
  const port = portOf(raw, PORT_NAME);
  const metricsPort = portOf(raw, METRICS_PORT_NAME);
  if (template === undefined || address === undefined || port === undefined) return undefined;
  if (which === 'leaving' ? !isDeleting : isDeleting || !isReady(status)) return undefined;
  const restarts = listAt(status, 'containerStatuses').reduce<number>(
    (sum, container) => sum + (numberAt(container, 'restartCount') ?? 0),
    0,
  );
  return { name, template, address, port, restarts, ...(metricsPort === undefined ? {} : { metricsPort }) };
}

/** As the Service sees it: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-conditions */
function isReady(status: unknown): boolean {
  return listAt(status, 'conditions').some(
    (condition) => stringAt(condition, 'type') === 'Ready' && stringAt(condition, 'status') === 'True',
  );
}

function portOf(raw: unknown, name: string): number | undefined {
  const ports = listAt(recordAt(raw, 'spec'), 'containers').flatMap((container) => listAt(container, 'ports'));
  return numberAt(
    ports.find((port) => stringAt(port, 'name') === name),
    'containerPort',
  );
}

/** A line for each; none of the parts can hold a space. */
function renderPods(pods: readonly ServingPod[]): string {
  return pods
    .map(({ name, template, address, port, restarts, metricsPort }) =>
      [name, template, address, port, restarts, metricsPort ?? []].flat().join(' '),
    )
    .sort()
    .slice(0, maxPods)
    .join('\n');
}

function parsePods(text: string | undefined): readonly ServingPod[] {
  return (text ?? '').split('\n').flatMap((line) => {
    const [name, template, address, port, restarts, metricsPort] = line.split(' ');
    if (name === undefined || template === undefined || address === undefined) return [];
    const ofMetrics = metricsPort === undefined ? {} : { metricsPort: Number(metricsPort) };
    return [{ name, template, address, port: Number(port), restarts: Number(restarts), ...ofMetrics }];
  });
}
