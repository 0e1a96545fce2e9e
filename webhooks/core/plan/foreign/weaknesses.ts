import { CONTAINER_NAME } from '../../mcpserver/names.ts';
import { isHarmlessVolume } from './places.ts';
import { fieldsAt, listAt, textAt, viewPod } from './pod-view.ts';
import type { Fields, PodView } from './pod-view.ts';

/** A field that weakens a pod by the value that it has. */
interface Weakness {
  readonly field: string;
  readonly isWeak: (of: Fields) => boolean;
}

/**
 * The fields of a Deployment's pods whose values make them weaker than pods can be, as paths; the account's name stands
 * beside its path. What is more in the stored object than in the applied one, and nobody's, was written by mutating
 * admission into our own request: nobody owns that, so it is known by its value only.
 */
export function weaknessesOf(deployment: unknown): readonly string[] {
  const pod = viewPod(deployment);
  const container = pod.containers.find(({ list, name }) => list === 'containers' && name === CONTAINER_NAME);
  const found = [
    ...weakFields(pod.spec, podWeaknesses),
    ...accountOf(pod.spec),
    ...weakVolumes(pod),
    ...(container === undefined ? [] : weakFields(container.fields, containerWeaknesses)),
  ];
  return found.slice(0, maxWeaknesses);
}

/** Somebody may write thousands of volumes. */
const maxWeaknesses = 20;

const ofPod = 'spec.template.spec';
const ofContainer = `${ofPod}.containers[${CONTAINER_NAME}]`;
/** Whole paths, once for all: a thousand servers keep the same few texts. */
const under = (path: string, weaknesses: readonly Weakness[]): readonly Weakness[] =>
  weaknesses.map(({ field, isWeak }) => ({ field: `${path}.${field}`, isWeak }));

const isTrue =
  (field: string): Weakness['isWeak'] =>
  (of) =>
    of[field] === true;
const isSet =
  (field: string): Weakness['isWeak'] =>
  (of) =>
    of[field] !== undefined && of[field] !== null;
const security = (of: Fields): Fields => fieldsAt(of, 'securityContext');
const capabilities = (of: Fields): Fields => fieldsAt(security(of), 'capabilities');
const itemsOf = (of: Fields, field: string): readonly unknown[] => {
  const value = of[field];
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
};

/** Of the security context of a pod and of a container alike. */
const securityWeaknesses: readonly Weakness[] = [
  { field: 'securityContext.runAsUser', isWeak: (of) => security(of)['runAsUser'] === 0 },
  { field: 'securityContext.runAsNonRoot', isWeak: (of) => security(of)['runAsNonRoot'] === false },
  {
    field: 'securityContext.seccompProfile',
    isWeak: (of) => textAt(fieldsAt(security(of), 'seccompProfile'), 'type') === 'Unconfined',
  },
  {
    field: 'securityContext.appArmorProfile',
    isWeak: (of) => textAt(fieldsAt(security(of), 'appArmorProfile'), 'type') === 'Unconfined',
  },
  {
    field: 'securityContext.windowsOptions.hostProcess',
    isWeak: (of) => fieldsAt(security(of), 'windowsOptions')['hostProcess'] === true,
  },
];

const podWeaknesses = under(ofPod, [
  ...['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace'].map((field) => ({ field, isWeak: isTrue(field) })),
  ...['hostAliases', 'dnsConfig'].map((field) => ({ field, isWeak: isSet(field) })),
  { field: 'automountServiceAccountToken', isWeak: (of) => of['automountServiceAccountToken'] !== false },
  { field: 'securityContext.sysctls', isWeak: (of) => itemsOf(security(of), 'sysctls').length > 0 },
  ...securityWeaknesses,
]);

const containerWeaknesses = under(ofContainer, [
  ...['command', 'lifecycle', 'volumeDevices'].map((field) => ({ field, isWeak: isSet(field) })),
  { field: 'ports[].hostPort', isWeak: (of) => listAt(of, 'ports').some((port) => Number(port['hostPort'] ?? 0) > 0) },
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
]);

function weakFields(of: Fields, weaknesses: readonly Weakness[]): readonly string[] {
  return weaknesses.filter(({ isWeak }) => isWeak(of)).map(({ field }) => field);
}

/** Which account is strong and which weak cannot be told; another one than was applied is worth a word. */
function accountOf(spec: Fields): readonly string[] {
  const name = textAt(spec, 'serviceAccountName');
  return name === '' ? [] : [`${ofPod}.serviceAccountName: ${name}`];
}

function weakVolumes({ volumes }: PodView): readonly string[] {
  return volumes.filter((volume) => !isHarmlessVolume(volume)).map(({ name }) => `${ofPod}.volumes[${name}]`);
}
