import { SHIM_CONTAINER_NAME } from '../../mcpserver/names.ts';
import { isStdio } from '../../mcpserver/stdio.ts';
import type { PodContainer } from './pod-container.ts';
import { nothingSaid, ownContainer, ownSecurityContext, shimPath, shimVolume } from './stdio-parts.ts';

/** Where the volume is while the shim is copied into it: at its own place the image has the file that is copied. */
const target = '/target';

/** Copies the program that starts a process for each session into the pod: the image of the server has neither it nor, often, a `cp`. */
export const stdioShim: PodContainer = {
  name: SHIM_CONTAINER_NAME,
  list: 'initContainers',
  isOf: isStdio,
  securityContext: ownSecurityContext,
  ...nothingSaid,
  build: (input) => ({
    ...ownContainer(input),
    command: [shimPath, 'install', target],
    volumeMounts: [{ name: shimVolume, mountPath: target }],
  }),
  volumes: () => [{ name: shimVolume, emptyDir: { sizeLimit: '8Mi' } }],
};
