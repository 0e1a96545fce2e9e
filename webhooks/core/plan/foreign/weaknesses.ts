import { podContainers } from '../../resources/pod/containers.ts';
import type { PodContainer } from '../../resources/pod/pod-container.ts';
import { isRecord } from '../../mcpserver/record.ts';
import type { Fields } from '../../mcpserver/record.ts';
import type { OwnedPath } from './field-tree.ts';
import { isHarmlessVolume, nameKey, podSpec } from './places.ts';
import { listIn, textIn } from '../../resources/raw-fields.ts';
import { fieldsAt, viewPod } from './pod-view.ts';
import type { ContainerView, PodView } from './pod-view.ts';

/** A field that makes a pod weaker than pods can be. */
export interface WeakField {
  /** As people write it; the account's name stands beside its path. */
  readonly path: string;
  /** As `managedFields` do. */
  readonly at: OwnedPath;
  /** Of a container that is not ours: whoever wrote it may have it there, and it stays. */
  readonly isBeside?: true;
  /** Who owns such a field, in the word of `managedFields`; absent: nobody, so it came with our own request. */
  readonly manager?: string;
}

/** A field that weakens a pod by the value that it has. */
interface Weakness {
  readonly weak: WeakField;
  readonly isWeak: (of: Fields) => boolean;
}

/**
 * The fields of a Deployment's pods whose values make them weaker than pods can be. What is more in the stored object than in the applied one, and nobody's, was written by mutating
 * admission into our own request: nobody owns that, so it is known by its value only.
 */
export function weaknessesOf(
  deployment: unknown,
  ours: readonly WatchedContainer[] = ourContainers,
): readonly WeakField[] {
  const pod = viewPod(deployment);
  const watchedAs = (of: ContainerView): WatchedContainer | undefined =>
    ours.find(({ list, name }) => list === of.list && name === of.name);
  const found = [
    ...weakFields(pod.spec, podWeaknesses),
    ...accountOf(pod.spec),
    ...weakVolumes(pod),
    ...pod.containers.flatMap((container) => weakWithin(container, watchedAs(container))),
    ...pod.containers.filter((container) => watchedAs(container) === undefined).flatMap(weakBeside),
  ];
  return found.slice(0, maxWeaknesses);
}

/** Somebody may write thousands of volumes. */
const maxWeaknesses = 20;

const ofPod = 'spec.template.spec';
/** A container, as people write it and as `managedFields` do. */
type Where = Pick<WeakField, 'path' | 'at'>;

/** A field of the pod or of a container. */
interface Part {
  readonly field: string;
  readonly isWeak: (of: Fields) => boolean;
}
/** Once for all: a thousand servers keep the same few. */
const under = (path: string, at: OwnedPath, parts: readonly Part[]): readonly Weakness[] =>
  parts.map(({ field, isWeak }) => ({
    weak: { path: `${path}.${field}`, at: [...at, ...field.split('.').map((name) => `f:${name}`)] },
    isWeak,
  }));

const isTrue =
  (field: string): Part['isWeak'] =>
  (of) =>
    of[field] === true;
const isSet =
  (field: string): Part['isWeak'] =>
  (of) =>
    of[field] !== undefined && of[field] !== null;
const security = (of: Fields): Fields => fieldsAt(of, 'securityContext');
const capabilities = (of: Fields): Fields => fieldsAt(security(of), 'capabilities');
const itemsOf = (of: Fields, field: string): readonly unknown[] => {
  const value = of[field];
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
};

/** A hook that does more than sleep, as ours do. */
const runsAnything = (of: Fields): boolean => {
  const { preStop, ...others } = fieldsAt(of, 'lifecycle');
  return Object.keys(others).length > 0 || Object.keys(isRecord(preStop) ? preStop : {}).some((how) => how !== 'sleep');
};

/** Of the security context of a pod and of a container alike. */
const securityWeaknesses: readonly Part[] = [
  { field: 'securityContext.runAsUser', isWeak: (of) => security(of)['runAsUser'] === 0 },
  { field: 'securityContext.runAsNonRoot', isWeak: (of) => security(of)['runAsNonRoot'] === false },
  {
    field: 'securityContext.seccompProfile',
    isWeak: (of) => textIn(fieldsAt(security(of), 'seccompProfile'), 'type') === 'Unconfined',
  },
  {
    field: 'securityContext.appArmorProfile',
    isWeak: (of) => textIn(fieldsAt(security(of), 'appArmorProfile'), 'type') === 'Unconfined',
  },
  {
    field: 'securityContext.windowsOptions.hostProcess',
    isWeak: (of) => fieldsAt(security(of), 'windowsOptions')['hostProcess'] === true,
  },
];

const podWeaknesses = under(ofPod, podSpec, [
  ...['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace'].map((field) => ({ field, isWeak: isTrue(field) })),
  ...['hostAliases', 'dnsConfig'].map((field) => ({ field, isWeak: isSet(field) })),
  { field: 'automountServiceAccountToken', isWeak: (of) => of['automountServiceAccountToken'] !== false },
  { field: 'securityContext.sysctls', isWeak: (of) => itemsOf(security(of), 'sysctls').length > 0 },
  ...securityWeaknesses,
]);

/** Of a container of ours. */
const containerWeaknesses: readonly Part[] = [
  ...['command', 'volumeDevices'].map((field) => ({ field, isWeak: isSet(field) })),
  { field: 'lifecycle', isWeak: runsAnything },
  { field: 'securityContext.privileged', isWeak: (of) => security(of)['privileged'] === true },
  {
    field: 'securityContext.allowPrivilegeEscalation',
    isWeak: (of) => security(of)['allowPrivilegeEscalation'] !== false,
  },
  {
    field: 'securityContext.readOnlyRootFilesystem',
    isWeak: (of) => security(of)['readOnlyRootFilesystem'] !== true,
  },
  { field: 'securityContext.procMount', isWeak: (of) => security(of)['procMount'] === 'Unmasked' },
  { field: 'securityContext.capabilities.add', isWeak: (of) => itemsOf(capabilities(of), 'add').length > 0 },
  { field: 'securityContext.capabilities.drop', isWeak: (of) => !itemsOf(capabilities(of), 'drop').includes('ALL') },
  ...securityWeaknesses,
];

/** A container of ours, with all that is looked for in it. */
interface WatchedContainer extends Pick<PodContainer, 'list' | 'name'>, Where {
  readonly weaknesses: readonly Weakness[];
}

export function watchedContainer(container: Pick<PodContainer, 'list' | 'name'>): WatchedContainer {
  const { list, name } = container;
  const where = whereIs(container);
  return { list, name, ...where, weaknesses: under(where.path, where.at, containerWeaknesses) };
}

const ourContainers = podContainers.map(watchedContainer);

function weakWithin({ fields }: ContainerView, watched: WatchedContainer | undefined): readonly WeakField[] {
  return watched === undefined ? [] : [...weakFields(fields, watched.weaknesses), ...hostPorts(fields, watched)];
}

function whereIs({ list, name }: Pick<PodContainer, 'list' | 'name'>): Where {
  return { path: `${ofPod}.${list}[${name}]`, at: [...podSpec, `f:${list}`, nameKey(name)] };
}

/**
 * Of a container that others add: what somebody has to write for it to be there, and what gives it more than the
 * `restricted` Pod Security Standard allows. What it merely leaves out is the image's and the pod's to say.
 */
const besideWeaknesses: readonly Part[] = [
  { field: 'securityContext.privileged', isWeak: (of) => security(of)['privileged'] === true },
  {
    field: 'securityContext.allowPrivilegeEscalation',
    isWeak: (of) => security(of)['allowPrivilegeEscalation'] === true,
  },
  { field: 'securityContext.procMount', isWeak: (of) => security(of)['procMount'] === 'Unmasked' },
  {
    field: 'securityContext.capabilities.add',
    isWeak: (of) => itemsOf(capabilities(of), 'add').some((name) => name !== 'NET_BIND_SERVICE'),
  },
  ...securityWeaknesses,
];

function weakBeside(container: ContainerView): readonly WeakField[] {
  const { fields } = container;
  const weak = besideWeaknesses.filter(({ isWeak }) => isWeak(fields));
  if (weak.length === 0 && listIn(fields, 'ports').length === 0) return [];
  const where = whereIs(container);
  const found = [...under(where.path, where.at, weak).map((one) => one.weak), ...hostPorts(fields, where)];
  return found.map((one) => ({ ...one, isBeside: true }));
}

function weakFields(of: Fields, weaknesses: readonly Weakness[]): readonly WeakField[] {
  return weaknesses.filter(({ isWeak }) => isWeak(of)).map(({ weak }) => weak);
}

function hostPorts(of: Fields, where: Where): readonly WeakField[] {
  return listIn(of, 'ports')
    .filter((port) => Number(port['hostPort'] ?? 0) > 0)
    .map((port) => {
      const { containerPort } = port;
      const protocol = textIn(port, 'protocol') || 'TCP';
      return {
        path: `${where.path}.ports[${String(Number(containerPort))}/${protocol}].hostPort`,
        at: [...where.at, 'f:ports', `k:${JSON.stringify({ containerPort, protocol })}`, 'f:hostPort'],
      };
    });
}

/** Which account is strong and which weak cannot be told; another one than was applied is worth a word. */
function accountOf(spec: Fields): readonly WeakField[] {
  const name = textIn(spec, 'serviceAccountName');
  if (name === '') return [];
  return [{ path: `${ofPod}.serviceAccountName: ${name}`, at: [...podSpec, 'f:serviceAccountName'] }];
}

function weakVolumes({ volumes }: PodView): readonly WeakField[] {
  return volumes
    .filter((volume) => !isHarmlessVolume(volume))
    .map(({ name }) => ({
      path: `${ofPod}.volumes[${name}]`,
      at: [...podSpec, 'f:volumes', nameKey(name)],
    }));
}
