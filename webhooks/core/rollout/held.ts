import { canonicalJson } from '../engine/canonical-json.ts';
import type { Digest } from '../engine/ratchet.ts';
import { TEMPLATE_HASH_ANNOTATION } from '../mcpserver/names.ts';
import { isRecord } from '../mcpserver/record.ts';
import type { Fields } from '../mcpserver/record.ts';
import { ourFields } from '../plan/foreign/our-entry.ts';
import type { KubernetesObject } from '../resources/expanded-kind.ts';
import { ownedPart } from './owned-part.ts';

/**
 * The Deployment as the spec wants it, with the pod template that stands in the live one: so replicas and labels follow the
 * spec while no pod is replaced. Undefined when somebody has changed that template: then what was applied is not known from
 * there any more.
 */
export function heldDeployment(wanted: KubernetesObject, live: unknown, digest: Digest): KubernetesObject | undefined {
  const applied = appliedTemplate(live);
  if (applied === undefined) return undefined;
  const { part, hash } = applied;
  const isWhole = hash === undefined || digest(canonicalJson(part)) === hash;
  return isWhole ? withTemplate(wanted, part, hash ?? '') : undefined;
}

/**
 * The same with what is ours of the live template, whoever has changed the rest: where nothing else tells what served. A
 * template that was put back is never the one that was applied under its digest, because the API server has completed it.
 */
export function standingDeployment(wanted: KubernetesObject, live: unknown): KubernetesObject | undefined {
  const applied = appliedTemplate(live);
  return applied === undefined ? undefined : withTemplate(wanted, applied.part, applied.hash ?? '');
}

/** Undefined: nothing of it is ours. `hash`: the digest that it was applied with. */
function appliedTemplate(live: unknown): { readonly part: unknown; readonly hash: string | undefined } | undefined {
  const fields = fieldsAt(ourFields(live), 'f:spec', 'f:template');
  const template = fieldsAt(live, 'spec', 'template');
  if (fields === undefined || template === undefined) return undefined;
  const hash = fieldsAt(live, 'metadata', 'annotations')?.[TEMPLATE_HASH_ANNOTATION];
  return { part: ownedPart(template, fields), hash: typeof hash === 'string' ? hash : undefined };
}

/** The same with the template of a ReplicaSet, as `kubectl rollout undo` does it. `hash`: the digest that it was applied with. */
export function deploymentOfReplicaSet(
  wanted: KubernetesObject,
  replicaSet: unknown,
  hash: string,
): KubernetesObject | undefined {
  const template = fieldsAt(replicaSet, 'spec', 'template');
  if (template === undefined) return undefined;
  const metadata = fieldsAt(template, 'metadata') ?? {};
  // Of the ReplicaSet, and no part of what was applied.
  const labels = Object.fromEntries(
    Object.entries(fieldsAt(metadata, 'labels') ?? {}).filter(([key]) => key !== 'pod-template-hash'),
  );
  // The API server writes a null there, which an apply would own.
  const rest = Object.fromEntries(Object.entries(metadata).filter(([key]) => key !== 'creationTimestamp'));
  return withTemplate(wanted, { ...template, metadata: { ...rest, labels } }, hash);
}

function withTemplate(wanted: KubernetesObject, template: unknown, hash: string): KubernetesObject {
  const annotations = { ...wanted.metadata.annotations, [TEMPLATE_HASH_ANNOTATION]: hash };
  const spec = isRecord(wanted['spec']) ? wanted['spec'] : {};
  return { ...wanted, metadata: { ...wanted.metadata, annotations }, spec: { ...spec, template } };
}

function fieldsAt(value: unknown, ...path: readonly string[]): Fields | undefined {
  let at = value;
  for (const name of path) at = isRecord(at) ? at[name] : undefined;
  return isRecord(at) ? at : undefined;
}
