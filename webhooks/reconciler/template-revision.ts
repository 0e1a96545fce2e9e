import type { TemplateRevision } from '../core/plan/serving.ts';
import { objectPath } from '../platform/kube/api.ts';
import { recordAt, splitKey, stringAt } from '../platform/kube/object.ts';
import { REVISION_ANNOTATION } from './observe.ts';
import type { World } from './world.ts';

/** A ReplicaSet holds the whole template besides. */
const metadataOnly = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

/**
 * What the ReplicaSet of one template of a server's pods says of it. Undefined where we may not read it: then the Deployment
 * is believed.
 */
export async function readTemplateRevision(
  key: string,
  template: string,
  { api }: Pick<World, 'api'>,
  signal: AbortSignal,
): Promise<TemplateRevision | undefined> {
  const { namespace, name } = splitKey(key);
  // As the Deployment controller names them.
  const path = objectPath({ apiVersion: 'apps/v1', plural: 'replicasets', namespace, name: `${name}-${template}` });
  const read = await api.request({ method: 'GET', path, accept: metadataOnly, signal });
  if (!read.ok) {
    const { status } = read.error;
    if (status === 403) return undefined;
    return { state: status === 404 ? 'gone' : 'unread' };
  }
  const annotations = recordAt(recordAt(read.body, 'metadata'), 'annotations');
  return { state: 'read', revision: stringAt(annotations, REVISION_ANNOTATION) ?? '' };
}
