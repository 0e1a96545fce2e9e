import { metaOf, recordAt, stringAt } from '../platform/kube/object.ts';

/** Label that the Deployment controller gives the pods of each template. */
const TEMPLATE_LABEL = 'pod-template-hash';

/** Longest hash that is remembered, in characters; Kubernetes' have ten. */
const maxLength = 63;

/** Undefined for a pod that no ReplicaSet has made. */
export function templateOf(pod: unknown): string | undefined {
  return stringAt(recordAt(recordAt(pod, 'metadata'), 'labels'), TEMPLATE_LABEL)?.slice(0, maxLength);
}

/**
 * Of which template the youngest pod of each server is, which is the one that is rolled out: old ones get no new pods but in
 * the place of one that was drained. Unknown again when that pod is gone.
 */
export class NewestTemplates {
  readonly #youngest = new Map<string, Youngest>();

  of(server: string): string | undefined {
    return this.#youngest.get(server)?.template;
  }

  /** Returns whether it is another one now. */
  put(server: string, raw: unknown): boolean {
    const template = templateOf(raw);
    const { name, isDeleting } = metaOf(raw);
    if (isDeleting) return this.remove(server, raw);
    const createdAt = stringAt(recordAt(raw, 'metadata'), 'creationTimestamp') ?? '';
    const known = this.#youngest.get(server);
    // RFC 3339 in UTC, so texts are in the order of time.
    if (template === undefined || (known !== undefined && createdAt <= known.createdAt)) return false;
    this.#youngest.set(server, { pod: name, template, createdAt });
    return template !== known?.template;
  }

  /** Returns whether it was that one. */
  remove(server: string, raw: unknown): boolean {
    return this.#youngest.get(server)?.pod === metaOf(raw).name && this.#youngest.delete(server);
  }

  forget(server: string): void {
    this.#youngest.delete(server);
  }

  /** Drops the pods that do not exist; says of which servers. */
  keepOnly(exists: (server: string, pod: string) => boolean): readonly string[] {
    const gone = [...this.#youngest].flatMap(([server, { pod }]) => (exists(server, pod) ? [] : [server]));
    for (const server of gone) this.#youngest.delete(server);
    return gone;
  }
}

interface Youngest {
  readonly pod: string;
  readonly template: string;
  readonly createdAt: string;
}
