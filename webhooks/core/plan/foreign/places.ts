import { CONTAINER_NAME, PORT_NAME } from '../../mcpserver/names.ts';
import { podContainers } from '../../resources/pod/containers.ts';
import { keyFieldsOf, nodeAt, partsOf } from './field-tree.ts';
import type { OwnedPath, FieldTree } from './field-tree.ts';
import type { PodView } from './pod-view.ts';

/** A place in a child where nobody but the MCPServer has a say: what another manager owns there is taken away. */
export interface OwnPlace {
  readonly kind: string;
  /** As the documentation says it. */
  readonly field: string;
  readonly why: string;
  /** Where in another manager's fields it is. */
  readonly select: (fields: FieldTree, child: JudgedChild) => readonly OwnedPath[];
}

/** What a place may look at besides the fields of one manager. */
export interface JudgedChild {
  /** The object as it stands. */
  readonly pod: PodView;
  /** Whether some manager owns a mount, ours among them; {@link mountId}. */
  readonly isOwnedMount: (id: string) => boolean;
  /** Whether a field is ours. */
  readonly isApplied: (path: OwnedPath) => boolean;
}

export const podSpec: OwnedPath = ['f:spec', 'f:template', 'f:spec'];

/** Types of volumes that the `restricted` Pod Security Standard lets pods have; each other type is a way to the node. */
const harmlessVolumes = new Set([
  ...['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'image', 'persistentVolumeClaim', 'projected'],
  'secret',
]);

/** Whether a pod of the `restricted` standard could have it. */
export function isHarmlessVolume({ types }: PodView['volumes'][number]): boolean {
  return types.every((type) => harmlessVolumes.has(type));
}

/** The names that our volumes have: see resources/pod, mcp-server.ts, claims.ts, stdio-parts.ts and package-launcher.ts. */
const ourVolume = /^(?:vol-(?:claim-)?\d+|mcp-lifecycle.*)$/;

/** Addresses belong to the cluster; the others say how traffic is spread, which is for the platform to say. */
const servicesOfThePlatform = new Set([
  ...['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'],
  ...['internalTrafficPolicy', 'trafficDistribution', 'sessionAffinityConfig'],
]);

const usesHost = 'The pod would be part of its node.';
const isAccount = 'Its rights are those of `runtime.security.serviceAccountName`, and of no other account.';
const isResolved = 'Whom the server talks to under a name is for the cluster to say.';

/** One table: docs/reference/foreign-fields.md shows it, and each row has its test. */
export const ownPlaces: readonly OwnPlace[] = [
  ...podContainers.map(({ list, name }) => ({
    kind: 'Deployment',
    field: `spec.template.spec.${list}[${name}]`,
    why: 'What runs is what the MCPServer says: command, env, mounts, ports, probes, security context, all of it.',
    select: (fields: FieldTree) => containers(fields, list, new Set([name])),
  })),
  {
    kind: 'Deployment',
    field: 'spec.template.spec.containers[*] with a port named mcp',
    why: 'It would get the requests of the server: our container under another name, mostly.',
    select: (fields, { pod }) => containers(fields, 'containers', namesOf(pod, hasOurPort)),
  },
  {
    kind: 'Deployment',
    field: 'spec.template.spec.initContainers[mcp-server]',
    why: 'The name is taken: two containers of one name are refused.',
    select: (fields) => containers(fields, 'initContainers', new Set([CONTAINER_NAME])),
  },
  {
    kind: 'Deployment',
    field: 'spec.template.spec.volumes[vol-N], and mounts of it',
    why: 'Our names, vol-claim-N and what begins with mcp-lifecycle too: the volumes of `config.storage`, `extensions.storage` and `extensions.stdio`. Sidecars may go on mounting one that we apply.',
    select: (fields, { pod, isApplied }) => {
      const names = pod.volumes.map(({ name }) => name).filter((name) => ourVolume.test(name));
      // A sidecar may mount what we apply: that volume stays.
      const additional = names.filter((name) => !isApplied([...podSpec, 'f:volumes', nameKey(name)]));
      return [...volumes(fields, new Set(names)), ...mountsOf(fields, pod, new Set(additional))];
    },
  },
  {
    kind: 'Deployment',
    field:
      'spec.template.spec.volumes[*] that are hostPath, nfs or another type that the restricted standard refuses, and mounts of it',
    why: 'A way to the files of the node, or past the limits of the namespace.',
    select: (fields, child) => {
      const weak = child.pod.volumes.filter((volume) => !isHarmlessVolume(volume)).map(({ name }) => name);
      if (weak.length === 0) return [];
      const staying = usedForGood(child);
      const names = new Set(weak.filter((name) => !staying.has(name)));
      return [...volumes(fields, names), ...mountsOf(fields, child.pod, names)];
    },
  },
  ...['hostNetwork', 'hostPID', 'hostIPC'].map((name) => ofPod(name, usesHost)),
  ofPod('shareProcessNamespace', 'Every container of the pod could read the memory and the environment of the server.'),
  ofPod('securityContext', 'It holds for our container too: users, groups, sysctls, seccomp.'),
  ...['serviceAccountName', 'serviceAccount', 'automountServiceAccountToken'].map((name) => ofPod(name, isAccount)),
  ...['hostAliases', 'dnsConfig', 'dnsPolicy'].map((name) => ofPod(name, isResolved)),
  {
    kind: 'Service',
    field: 'spec, but for addresses and the spreading of traffic',
    why: 'Ports, selector, type and external addresses decide who reaches the server.',
    select: (fields) => partsBelow(fields, ['f:spec'], (name) => !servicesOfThePlatform.has(name)),
  },
  {
    kind: 'NetworkPolicy',
    field: 'spec',
    why: 'Who may connect is what the MCPServer says.',
    select: (fields) => partsBelow(fields, ['f:spec'], () => true),
  },
  {
    kind: 'CiliumNetworkPolicy',
    field: 'spec',
    why: 'Whom the server reaches is what the MCPServer says.',
    select: (fields) => partsBelow(fields, ['f:spec'], () => true),
  },
];

/** What stays although others wrote it, for the same page; whatever else is not in {@link ownPlaces} stays too. */
export const placesOfOthers: readonly Pick<OwnPlace, 'kind' | 'field' | 'why'>[] = [
  {
    kind: 'Deployment',
    field: 'metadata.labels, metadata.annotations',
    why: 'Notes of people and tools. The same in a Service and a NetworkPolicy.',
  },
  {
    kind: 'Deployment',
    field: 'spec.template.metadata',
    why: '`kubectl rollout restart`, settings of injectors and scrapers.',
  },
  {
    kind: 'Deployment',
    field: 'spec.template.spec.containers[*], spec.template.spec.initContainers[*]',
    why: 'Sidecars, and the volumes that they use: configMap, csi, downwardAPI, emptyDir, ephemeral, image, persistentVolumeClaim, projected, secret.',
  },
  {
    kind: 'Deployment',
    field: 'spec.template.spec: scheduling',
    why: 'Node selectors, affinity, tolerations, priorities, spreading; a runtime class, which only an administrator can define. What `extensions.scheduling` says itself is put back, node selector and tolerations as a whole.',
  },
  {
    kind: 'Deployment',
    field: 'spec.template.spec.imagePullSecrets[*]',
    why: 'Credentials of a registry give the pod nothing.',
  },
  {
    kind: 'Deployment',
    field: 'spec: rollouts',
    why: 'Pauses, deadlines, history; the strategy as soon as somebody else has written it, until the Deployment is deleted.',
  },
  {
    kind: 'Service',
    field: 'spec.internalTrafficPolicy, spec.sessionAffinityConfig',
    why: 'How traffic is spread; trafficDistribution too.',
  },
];

function ofPod(name: string, why: string): OwnPlace {
  const path = [...podSpec, `f:${name}`];
  return {
    ...{ kind: 'Deployment', field: `spec.template.spec.${name}`, why },
    select: (fields) => existing(fields, [path]),
  };
}

function existing(fields: FieldTree, paths: readonly OwnedPath[]): readonly OwnedPath[] {
  return paths.filter((path) => nodeAt(fields, path) !== undefined);
}

function partsBelow(fields: FieldTree, path: OwnedPath, isOurs: (name: string) => boolean): readonly OwnedPath[] {
  return partsOf(nodeAt(fields, path))
    .filter((key) => isOurs(key.slice('f:'.length)))
    .map((key) => [...path, key]);
}

type PodContainer = PodView['containers'][number];

const ourNames = new Set(podContainers.map(({ name }) => name));

function hasOurPort({ list, name, portNames }: PodContainer): boolean {
  return list === 'containers' && !ourNames.has(name) && portNames.includes(PORT_NAME);
}

function namesOf(pod: PodView, is: (container: PodContainer) => boolean): ReadonlySet<string> {
  return new Set(pod.containers.filter(is).map(({ name }) => name));
}

function containers(fields: FieldTree, list: PodContainer['list'], names: ReadonlySet<string>): readonly OwnedPath[] {
  return elements(fields, [...podSpec, `f:${list}`], ({ name }) => typeof name === 'string' && names.has(name));
}

function volumes(fields: FieldTree, names: ReadonlySet<string>): readonly OwnedPath[] {
  return elements(fields, [...podSpec, 'f:volumes'], ({ name }) => typeof name === 'string' && names.has(name));
}

/** A pod that mounts what it does not have is refused, so mounts go with their volume. */
function mountsOf(fields: FieldTree, pod: PodView, names: ReadonlySet<string>): readonly OwnedPath[] {
  if (names.size === 0) return [];
  const mounts = mountsIn(fields);
  return pod.containers.flatMap((container) =>
    container.mounts
      .filter(({ name }) => names.has(name))
      .flatMap(({ path }) => {
        const found = mounts.get(mountId(container, path));
        return found === undefined ? [] : [found];
      }),
  );
}

/** An element of a list whose key is the name. */
export function nameKey(name: string): string {
  return `k:${JSON.stringify({ name })}`;
}

/** Volumes with a use that cannot be taken away: admission may have written a mount, and nobody owns that. */
function usedForGood({ pod, isOwnedMount }: JudgedChild): ReadonlySet<string> {
  return new Set(
    pod.containers.flatMap((container) => [
      ...container.devices,
      ...container.mounts.filter(({ path }) => !isOwnedMount(mountId(container, path))).map(({ name }) => name),
    ]),
  );
}

/** One mount of one container. */
function mountId({ list, name }: Pick<PodContainer, 'list' | 'name'>, path: string): string {
  return JSON.stringify([list, name, path]);
}

/** The mounts in the fields of one manager, by {@link mountId}. */
export function mountsIn(fields: FieldTree): ReadonlyMap<string, OwnedPath> {
  const found = new Map<string, OwnedPath>();
  for (const list of ['containers', 'initContainers'] as const) {
    for (const container of elements(fields, [...podSpec, `f:${list}`], () => true)) {
      const name = String(keyFieldsOf(container.at(-1) ?? '')['name']);
      for (const mount of elements(fields, [...container, 'f:volumeMounts'], () => true))
        found.set(mountId({ list, name }, String(keyFieldsOf(mount.at(-1) ?? '')['mountPath'])), mount);
    }
  }
  return found;
}

type IsWanted = (key: Readonly<Record<string, unknown>>) => boolean;

/** The elements of a keyed list whose key fields are so. */
function elements(fields: FieldTree, list: OwnedPath, isWanted: IsWanted): readonly OwnedPath[] {
  return partsOf(nodeAt(fields, list))
    .filter((key) => isWanted(keyFieldsOf(key)))
    .map((key) => [...list, key]);
}
