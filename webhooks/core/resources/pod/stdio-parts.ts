import type { StdioContainers } from '../../engine/installation.ts';
import type { ContainerPart, JudgedContainer } from '../../engine/judged-container.ts';
import { inside, placeOf } from '../../mcpserver/place.ts';
import type { Place } from '../../mcpserver/place.ts';
import type { Fields } from '../../mcpserver/record.ts';
import type { SecurityContext } from '../../mcpserver/types.gen.ts';
import { compact } from '../compact.ts';
import type { ExpansionInput } from '../expanded-kind.ts';

/** Volume of the pod with the shim and its socket. Only we have volumes whose names begin so (core/plan/foreign/places.ts). */
export const shimVolume = 'mcp-lifecycle';

/** Where the volume is in the container of the server, and the shim in our image. */
export const shimFolder = '/mcp-lifecycle';
/** In the volume: the one part of it that the server may write to, for its socket. */
export const runSubPath = 'run';
export const runFolder = `${shimFolder}/${runSubPath}`;
export const shimPath = `${shimFolder}/shim`;
export const socketPath = `${runFolder}/stdio.sock`;

/** What the chart says by default (chart/values.yaml, stdio.resources): for the command line, which has no chart. */
export const defaultStdio: StdioContainers = {
  resources: { requests: { cpu: '10m', memory: '48Mi' }, limits: { cpu: '1', memory: '128Mi' } },
  imagePullSecrets: [],
};

/** What the restricted Pod Security Standard demands. The user is that of the pod, or else of our image. */
const restricted: SecurityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};
/** Where the pod says root, which only a policy lets it do: our containers are no part of that. */
const notAsPod: SecurityContext = { ...restricted, runAsUser: 65532 };

/** No author writes what is inside. */
const place: Place = { ...placeOf('spec', 'extensions', 'stdio'), isEnd: true };

export const ownSecurityContext: ContainerPart<SecurityContext> = {
  place: inside(place, 'securityContext'),
  of: ({ spec }) => (spec.runtime?.security?.podSecurityContext?.runAsUser === 0 ? notAsPod : restricted),
};

/**
 * Rules judge what authors say, and of probes of ours nobody can change anything: what a policy allows (`probe-budget`) is
 * not asked of them. Our containers build their own.
 */
export const nothingSaid: Pick<JudgedContainer, 'health' | 'startupProbe'> = {
  health: { place, of: () => undefined },
  startupProbe: { place, of: () => undefined },
};

/** Our image, as the installation has it, and what its containers may use. */
export function ownContainer({ installation, ownImage = 'mcp-lifecycle' }: ExpansionInput): Fields {
  const { resources } = installation?.stdio ?? defaultStdio;
  return compact({
    image: installation?.image ?? ownImage,
    imagePullPolicy: installation?.imagePullPolicy,
    resources,
  });
}
