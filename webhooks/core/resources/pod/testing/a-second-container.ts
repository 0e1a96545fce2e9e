import { placeOf } from '../../../mcpserver/place.ts';
import type { Health, Probe, SecurityContext } from '../../../mcpserver/types.gen.ts';
import type { PodContainer } from '../pod-container.ts';

/** As little as the restricted Pod Security Standard lets a container say. */
const restricted: SecurityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };

/**
 * A container `second` beside the server's own, of our image, as if `spec.extensions.second` described it. For tests: no
 * release has one.
 */
export function aSecondContainer({
  securityContext = {},
  health,
  startupProbe,
  ...changes
}: Partial<Omit<PodContainer, 'securityContext' | 'health' | 'startupProbe'>> & {
  /** Over what the restricted standard demands. */
  readonly securityContext?: SecurityContext;
  readonly health?: Health;
  readonly startupProbe?: Probe;
} = {}): PodContainer {
  return {
    name: 'second',
    list: 'containers',
    isOf: () => true,
    securityContext: {
      place: placeOf('spec', 'extensions', 'second', 'securityContext'),
      of: () => ({ ...restricted, ...securityContext }),
    },
    health: { place: placeOf('spec', 'extensions', 'second', 'health'), of: () => health },
    startupProbe: { place: placeOf('spec', 'extensions', 'second', 'startupProbe'), of: () => startupProbe },
    build: ({ installation }) => ({
      image: installation?.image ?? 'example.com/second:1',
      env: [{ name: 'DOMAIN', value: installation?.clusterDomain ?? '' }],
      volumeMounts: [{ name: 'second', mountPath: '/run' }],
    }),
    volumes: () => [{ name: 'second', emptyDir: {} }],
    ...changes,
  };
}
