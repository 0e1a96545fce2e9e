import { LABELS } from '../core/mcpserver/api.ts';
import { CONTAINER_NAME, TEMPLATE_HASH_ANNOTATION } from '../core/mcpserver/names.ts';
import { oneLine } from '../core/engine/text.ts';
import { objectPath, type ApiError } from '../platform/kube/api.ts';
import { listObjects } from '../platform/kube/list-objects.ts';
import { isRecord, listAt, numberAt, recordAt, stringAt } from '../platform/kube/object.ts';
import type { NamedServer } from './rollout-server.ts';

/** One version that has served: a ReplicaSet of the Deployment. */
export interface Revision {
  /** As `kubectl rollout history` counts. */
  readonly revision: number;
  /** Digest of the pod template as we applied it; absent where nobody of us did, or an older release. */
  readonly template: string | undefined;
  /** Of the container of the server. */
  readonly image: string | undefined;
  /** RFC 3339. */
  readonly created: string;
  /** Wanted now. */
  readonly pods: number;
  readonly readyPods: number;
}

export type ReadRevisions =
  | { readonly type: 'read'; readonly revisions: readonly Revision[] }
  | { readonly type: 'failed'; readonly error: ApiError };

/** Annotation of a ReplicaSet: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-back-a-deployment */
const REVISION_ANNOTATION = 'deployment.kubernetes.io/revision';
/** More than a Deployment keeps by itself; a `revisionHistoryLimit` of somebody else may be any. */
const maxRevisions = 100;
const maxTextLength = 512;

/** The newest {@link maxRevisions}, the newest first. API servers list by name, which is a digest, so all of them are read. */
export async function readRevisions({ api, namespace, name }: NamedServer): Promise<ReadRevisions> {
  let revisions: readonly Revision[] = [];
  const path = objectPath({ apiVersion: 'apps/v1', plural: 'replicasets', namespace });
  const error = await listObjects(api, {
    path,
    labelSelector: `${LABELS.server}=${name}`,
    onObject: (object) => {
      if (isOfDeployment(object, name)) revisions = withRevision(revisions, toRevision(object));
      return true;
    },
  });
  if (error !== undefined) return { type: 'failed', error };
  return { type: 'read', revisions };
}

function withRevision(revisions: readonly Revision[], revision: Revision): readonly Revision[] {
  return [...revisions, revision].sort((a, b) => b.revision - a.revision).slice(0, maxRevisions);
}

/** Pods are selected by the label, and so may those of others be. */
function isOfDeployment(object: unknown, name: string): boolean {
  return listAt(recordAt(object, 'metadata'), 'ownerReferences').some(
    (owner) => stringAt(owner, 'kind') === 'Deployment' && stringAt(owner, 'name') === name,
  );
}

function toRevision(object: unknown): Revision {
  const metadata = recordAt(object, 'metadata');
  const annotations = recordAt(metadata, 'annotations');
  const template = stringAt(annotations, TEMPLATE_HASH_ANNOTATION);
  const revision = Number(stringAt(annotations, REVISION_ANNOTATION) ?? '');
  const image = imageIn(object);
  return {
    revision: Number.isSafeInteger(revision) && revision >= 0 ? revision : 0,
    template: template === undefined ? undefined : oneLine(template, maxTextLength),
    image: image === undefined ? undefined : oneLine(image, maxTextLength),
    created: oneLine(stringAt(metadata, 'creationTimestamp') ?? '', maxTextLength),
    pods: numberAt(recordAt(object, 'spec'), 'replicas') ?? 0,
    readyPods: numberAt(recordAt(object, 'status'), 'readyReplicas') ?? 0,
  };
}

function imageIn(object: unknown): string | undefined {
  const pod = recordAt(recordAt(recordAt(object, 'spec'), 'template'), 'spec');
  const containers = listAt(pod, 'containers').filter(isRecord);
  const own = containers.find((container) => stringAt(container, 'name') === CONTAINER_NAME) ?? containers[0];
  return stringAt(own, 'image');
}
