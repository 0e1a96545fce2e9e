import { isRecord, type Fields } from '../../mcpserver/record.ts';

/** What a Deployment says of its pods, as far as its fields are judged. Nothing of it is trusted to have a type. */
export interface PodView {
  /** The pod's own fields. */
  readonly spec: Fields;
  readonly containers: readonly ContainerView[];
  readonly volumes: readonly VolumeView[];
}

export interface ContainerView {
  readonly list: 'containers' | 'initContainers';
  readonly name: string;
  readonly portNames: readonly string[];
  readonly mounts: readonly { readonly name: string; readonly path: string }[];
  /** Names of the volumes that it uses as block devices. */
  readonly devices: readonly string[];
  readonly fields: Fields;
}

export interface VolumeView {
  readonly name: string;
  /** The member of the one-of: `hostPath`, `emptyDir`, … More than one is possible in no stored object. */
  readonly types: readonly string[];
}

/** Of an object without a pod template everything is empty. */
export function viewPod(object: unknown): PodView {
  const spec = fieldsAt(fieldsAt(fieldsAt(object, 'spec'), 'template'), 'spec');
  return {
    spec,
    containers: (['containers', 'initContainers'] as const).flatMap((list) =>
      objectsIn(spec, list).map((container) => viewContainer(list, container)),
    ),
    volumes: objectsIn(spec, 'volumes').map((volume) => ({
      name: textAt(volume, 'name'),
      types: Object.keys(volume).filter((key) => key !== 'name'),
    })),
  };
}

function viewContainer(list: ContainerView['list'], fields: Fields): ContainerView {
  return {
    ...{ list, fields },
    name: textAt(fields, 'name'),
    portNames: objectsIn(fields, 'ports').map((port) => textAt(port, 'name')),
    mounts: objectsIn(fields, 'volumeMounts').map((mount) => ({
      name: textAt(mount, 'name'),
      path: textAt(mount, 'mountPath'),
    })),
    devices: objectsIn(fields, 'volumeDevices').map((device) => textAt(device, 'name')),
  };
}

/** Empty when there is none. */
export function fieldsAt(object: unknown, field: string): Fields {
  const value = isRecord(object) ? object[field] : undefined;
  return isRecord(value) ? value : {};
}

/** The objects of a list; empty when there is none. */
export function objectsIn(object: unknown, field: string): readonly Fields[] {
  const value = isRecord(object) ? object[field] : undefined;
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** Empty when there is none. */
export function textAt(object: unknown, field: string): string {
  const value = isRecord(object) ? object[field] : undefined;
  return typeof value === 'string' ? value : '';
}
