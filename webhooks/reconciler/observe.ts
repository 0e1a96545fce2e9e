import { API } from '../core/mcpserver/api.ts';
import { defaultResources } from '../core/defaults/resources.ts';
import { APPLIED_HASH_ANNOTATION, CONTAINER_NAME, TEMPLATE_HASH_ANNOTATION } from '../core/mcpserver/names.ts';
import { claimedAmong, findForeign, hasStrategyOfOthers, ownerOf } from '../core/plan/foreign/claim.ts';
import { ourFields } from '../core/plan/foreign/our-entry.ts';
import { weaknessesOf } from '../core/plan/foreign/weaknesses.ts';
import type { WeakField } from '../core/plan/foreign/weaknesses.ts';
import type { DeploymentStatus, ObservedChild } from '../core/plan/observed.ts';
import type { OwnerReference } from '../core/resources/expanded-kind.ts';
import { expandedKinds } from '../core/resources/index.gen.ts';
import { oneLine } from '../core/engine/text.ts';
import { digest } from '../platform/digest.ts';
import { KeptOnce } from './kept-once.ts';
import { isRecord, listAt, metaOf, numberAt, recordAt, stringAt } from '../platform/kube/object.ts';

/**
 * Of texts that are remembered of an object, in characters: anybody may give one our label, and an annotation of 256 KiB or
 * an owner with a name of 1 MiB. Names and digests of ours are shorter, conditions that a controller writes mostly.
 */
const limits = { identity: 253, reason: 256, message: 1_024, conditions: 20, trouble: 300, time: 40 };

/** How the Deployment controller counts templates, on Deployments and ReplicaSets. */
export const REVISION_ANNOTATION = 'deployment.kubernetes.io/revision';

/** What is the same in nearly every object, and kept once for all of them: each text that is read is a copy of its own. */
const words = new Map(
  [
    ...API.versions.map((version) => `${API.group}/${version}`),
    ...expandedKinds.flatMap(({ apiVersion, kind }) => [apiVersion, kind]),
    ...[API.kind, 'Available', 'True', 'Progressing', 'NewReplicaSetAvailable'],
    ...['MinimumReplicasAvailable', 'Deployment has minimum availability.'],
  ].map((word) => [word, word]),
);

/** Of more servers at a time than one installation is measured with. */
const owners = new KeptOnce<OwnerReference>(
  5_000,
  (a, b) => a.uid === b.uid && a.name === b.name && a.kind === b.kind && a.apiVersion === b.apiVersion,
);

/** Most Deployments are in one of a few states, and those differ by the words of one condition. */
const conditions = new KeptOnce<Condition>(
  500,
  (a, b) => a.type === b.type && a.status === b.status && a.reason === b.reason && a.message === b.message,
);

/** The kinds whose objects have pods. */
const withPods = new Set(expandedKinds.filter(({ hasPods }) => hasPods === true).map(({ kind }) => kind));

/** The kinds whose objects register a server somewhere. */
const registering = new Map(
  expandedKinds.filter(({ registration }) => registration !== undefined).map((of) => [of.kind, of]),
);

/** What decisions need of an existing object; undefined for what is no object. */
export function observeChild(raw: unknown): ObservedChild | undefined {
  const apiVersion = stringAt(raw, 'apiVersion');
  const kind = stringAt(raw, 'kind');
  if (apiVersion === undefined || kind === undefined) return undefined;
  const metadata = recordAt(raw, 'metadata');
  const controller = controllerOf(metadata);
  const ownedFields = ownedFieldsOf(raw);
  const foreign = findForeign(raw);
  const weak = withPods.has(kind) ? weaknessesOf(raw).map((one) => withManager(one, raw)) : [];
  const weaknesses = foreign === undefined ? weak : unclaimed(weak, raw);
  const { name, uid, resourceVersion, isDeleting } = metaOf(raw);
  return {
    apiVersion: once(apiVersion) ?? '',
    kind: once(kind) ?? '',
    name: shared(name, controller),
    uid,
    resourceVersion,
    isDeleting,
    ...(controller === undefined ? {} : { controller }),
    ...digestsOf(metadata),
    ...(ownedFields === undefined ? {} : { ownedFields }),
    ...(foreign === undefined ? {} : { foreign }),
    ...strategyOf(kind, raw),
    ...resourcesOf(kind, raw),
    ...(weaknesses.length === 0 ? {} : { weaknesses }),
    ...troubleIn(kind, raw),
    ...registrationOf(kind, raw),
  };
}

/** The kinds whose objects say whether they work. */
const withTrouble = new Map(
  expandedKinds.flatMap(({ kind, trouble }) => (trouble === undefined ? [] : [[kind, trouble]])),
);

function troubleIn(kind: string, raw: unknown): Pick<ObservedChild, 'trouble'> {
  const found = withTrouble.get(kind)?.read(raw);
  if (found === undefined) return {};
  const { cause, message, since } = found;
  return {
    trouble: {
      cause: copyOf(oneLine(cause, limits.reason)),
      message: copyOf(oneLine(message, limits.trouble)),
      since: copyOf(since.slice(0, limits.time)),
    },
  };
}

/** A part of a text would keep the whole of it in memory. */
function copyOf(text: string): string {
  return Buffer.from(text).toString();
}

function registrationOf(kind: string, raw: unknown): Pick<ObservedChild, 'registration'> {
  const registration = registering.get(kind)?.registration?.(raw);
  return registration === undefined ? {} : { registration };
}

function strategyOf(kind: string, raw: unknown): Pick<ObservedChild, 'hasStrategyOfOthers'> {
  return withPods.has(kind) && hasStrategyOfOthers(raw) ? { hasStrategyOfOthers: true } : {};
}

function resourcesOf(kind: string, raw: unknown): Pick<ObservedChild, 'hasDefaultResources'> {
  if (!withPods.has(kind)) return {};
  const pod = recordAt(recordAt(recordAt(raw, 'spec'), 'template'), 'spec');
  const ours = listAt(pod, 'containers').find((container) => stringAt(container, 'name') === CONTAINER_NAME);
  const found = recordAt(ours, 'resources');
  const isDefault =
    isSame(recordAt(found, 'requests'), defaultResources.requests) &&
    isSame(recordAt(found, 'limits'), defaultResources.limits) &&
    found?.['claims'] === undefined;
  return isDefault ? { hasDefaultResources: true } : {};
}

/** Of a few quantities, each as it was written. */
function isSame(found: Readonly<Record<string, unknown>> | undefined, wanted: object | undefined): boolean {
  const entries = Object.entries(wanted ?? {});
  return (
    found !== undefined &&
    Object.keys(found).length === entries.length &&
    entries.every(([name, value]) => found[name] === value)
  );
}

/** What we have applied, as we have written beside it. */
function digestsOf(metadata: unknown): Pick<ObservedChild, 'appliedHash' | 'templateHash'> {
  const annotations = recordAt(metadata, 'annotations');
  const appliedHash = identityAt(annotations, APPLIED_HASH_ANNOTATION);
  const templateHash = identityAt(annotations, TEMPLATE_HASH_ANNOTATION);
  return {
    ...(appliedHash === undefined ? {} : { appliedHash }),
    ...(templateHash === undefined ? {} : { templateHash }),
  };
}

/** Nearly every child has the name of its owner. */
function shared(name: string, controller: OwnerReference | undefined): string {
  return name === controller?.name ? controller.name : name;
}

/** Of a container that others added, which stays: who that was. */
function withManager(weak: WeakField, raw: unknown): WeakField {
  const manager = weak.isBeside === true ? ownerOf(raw, weak.at) : undefined;
  return manager === undefined ? weak : { ...weak, manager };
}

/** What a person wrote and loses again is no doing of admission. */
function unclaimed(weak: readonly WeakField[], raw: unknown): readonly WeakField[] {
  const claimed = claimedAmong(
    raw,
    weak.map(({ at }) => at),
  );
  return weak.filter(({ at }) => !claimed.has(at));
}

/** Undefined for what has no pods. */
export function observeDeployment(raw: unknown): DeploymentStatus | undefined {
  if (!withPods.has(stringAt(raw, 'kind') ?? '')) return undefined;
  const status = recordAt(raw, 'status');
  const revision = identityAt(recordAt(recordAt(raw, 'metadata'), 'annotations'), REVISION_ANNOTATION);
  const wantedReplicas = numberAt(recordAt(raw, 'spec'), 'replicas');
  return {
    generation: metaOf(raw).generation,
    observedGeneration: numberAt(status, 'observedGeneration') ?? 0,
    ...(wantedReplicas === undefined ? {} : { wantedReplicas }),
    replicas: numberAt(status, 'replicas') ?? 0,
    updatedReplicas: numberAt(status, 'updatedReplicas') ?? 0,
    readyReplicas: numberAt(status, 'readyReplicas') ?? 0,
    ...(revision === undefined ? {} : { revision }),
    ...completeSince(status),
    conditions: conditionsOf(status),
  };
}

/** The Deployment controller writes the condition when a rollout is complete, and then not before another one begins. */
function completeSince(status: unknown): Pick<DeploymentStatus, 'completeMs'> {
  const said = listAt(status, 'conditions').find((condition) => stringAt(condition, 'type') === 'Progressing');
  if (stringAt(said, 'reason') !== 'NewReplicaSetAvailable') return {};
  const completeMs = Date.parse(stringAt(said, 'lastUpdateTime') ?? '');
  return Number.isNaN(completeMs) ? {} : { completeMs };
}

/** Of a Deployment, or of a ReplicaSet. */
export function conditionsOf(status: unknown): DeploymentStatus['conditions'] {
  return listAt(status, 'conditions').slice(0, limits.conditions).map(conditionOf);
}

type Condition = DeploymentStatus['conditions'][number];

function conditionOf(found: unknown): Condition {
  const reason = once(beginningAt(found, 'reason', limits.reason));
  const message = once(beginningAt(found, 'message', limits.message));
  const condition = {
    type: once(identityAt(found, 'type')) ?? '',
    status: once(identityAt(found, 'status')) ?? '',
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
  };
  return conditions.of(`${condition.type} ${condition.status} ${reason ?? ''}`, condition);
}

export function controllerOf(metadata: unknown): OwnerReference | undefined {
  const found = listAt(metadata, 'ownerReferences').find((owner) => isRecord(owner) && owner['controller'] === true);
  if (found === undefined) return undefined;
  const uid = identityAt(found, 'uid') ?? '';
  return owners.of(uid, {
    apiVersion: once(identityAt(found, 'apiVersion')) ?? '',
    kind: once(identityAt(found, 'kind')) ?? '',
    name: identityAt(found, 'name') ?? '',
    uid,
    controller: true,
  });
}

/** Of one that is too long a digest, which is no less another one than any of ours. */
function identityAt(object: unknown, field: string): string | undefined {
  const text = stringAt(object, field);
  return text === undefined || text.length <= limits.identity ? text : digest(text);
}

/** A part of a text would keep the whole of it in memory, so it is copied. */
function beginningAt(object: unknown, field: string, limit: number): string | undefined {
  const text = stringAt(object, field);
  return text === undefined || text.length <= limit ? text : Buffer.from(text.slice(0, limit)).toString();
}

function ownedFieldsOf(raw: unknown): string | undefined {
  const fields = ourFields(raw);
  if (fields === undefined) return undefined;
  try {
    return JSON.stringify(fields);
  } catch {
    // Nested too deep to be what we applied: somebody wrote it, and the next apply replaces it.
    return '';
  }
}

function once(text: string | undefined): string | undefined {
  return text === undefined ? undefined : (words.get(text) ?? text);
}
