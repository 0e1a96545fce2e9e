import type { JudgedContainer } from '../../engine/judged-container.ts';
import type { Fields } from '../../mcpserver/record.ts';
import type { ExpansionInput } from '../expanded-kind.ts';

/**
 * One container of the pods, all that there is to know about it: rules judge what is built, because both come from here.
 * One container = one file, listed in containers.ts.
 */
export interface PodContainer extends JudgedContainer {
  /** In which list of the pod it stands; a native sidecar is an init container. */
  readonly list: 'containers' | 'initContainers';
  /** Its fields, but for its name and what rules judge: the security context and the probes. */
  build(input: ExpansionInput): Fields;
  /** What it needs of the pod. Names are unique among those of all containers. */
  volumes(input: ExpansionInput): readonly Fields[];
}
