import type { Fields } from '../../mcpserver/record.ts';
import { fieldsIn, listIn, textIn } from '../../resources/raw-fields.ts';

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
      listIn(spec, list).map((container) => viewContainer(list, container)),
    ),
    volumes: listIn(spec, 'volumes').map((volume) => ({
      name: textIn(volume, 'name'),
      types: Object.keys(volume).filter((key) => key !== 'name'),
    })),
  };
}

function viewContainer(list: ContainerView['list'], fields: Fields): ContainerView {
  return {
    ...{ list, fields },
    name: textIn(fields, 'name'),
    portNames: listIn(fields, 'ports').map((port) => textIn(port, 'name')),
    mounts: listIn(fields, 'volumeMounts').map((mount) => ({
      name: textIn(mount, 'name'),
      path: textIn(mount, 'mountPath'),
    })),
    devices: listIn(fields, 'volumeDevices').map((device) => textIn(device, 'name')),
  };
}

/** Empty when there is none. */
export function fieldsAt(object: unknown, field: string): Fields {
  return fieldsIn(object, field) ?? {};
}
