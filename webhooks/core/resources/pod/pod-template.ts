import { CONFIG_HASH_ANNOTATION } from '../../mcpserver/names.ts';
import type { Fields } from '../../mcpserver/record.ts';
import { isStdio } from '../../mcpserver/stdio.ts';
import type { MCPServer } from '../../mcpserver/types.gen.ts';
import { extraAnnotations, podLabels } from '../child-metadata.ts';
import { compact } from '../compact.ts';
import type { ExpansionInput } from '../expanded-kind.ts';
import { podContainers } from './containers.ts';
import type { PodContainer } from './pod-container.ts';
import { buildScheduling } from './scheduling.ts';
import { terminationOf } from './termination.ts';

/** The template of the pods of a server; `containers` other than those that there are is for tests. */
export function buildPodTemplate(input: ExpansionInput, containers: readonly PodContainer[] = podContainers): Fields {
  const { server, configHash, compatibility } = input;
  const { security } = server.spec.runtime ?? {};
  const present = containers.filter((container) => container.isOf(server));
  return {
    metadata: {
      labels: podLabels(server),
      ...compact({ annotations: { ...extraAnnotations(server), [CONFIG_HASH_ANNOTATION]: configHash } }),
    },
    spec: {
      ...listOf('initContainers', buildContainers(present, 'initContainers', input)),
      ...listOf('containers', buildContainers(present, 'containers', input)),
      ...listOf(
        'volumes',
        present.flatMap((container) => container.volumes(input)),
      ),
      ...compact({
        imagePullSecrets: pullSecretsOf(input),
        securityContext: security?.podSecurityContext,
        serviceAccountName: security?.serviceAccountName === '' ? undefined : security?.serviceAccountName,
        terminationGracePeriodSeconds: terminationOf(server, compatibility).graceSeconds,
      }),
      ...(compatibility === 'reference' ? {} : whatNobodyAskedFor(server)),
      ...buildScheduling(server),
    },
  };
}

/** Those of the author, and where the pods have our image those by which the platform says that it is pulled; each once. */
function pullSecretsOf({ server, installation }: ExpansionInput): readonly Fields[] | undefined {
  const own = server.spec.source.containerImage?.imagePullSecrets;
  const ofPlatform = isStdio(server) ? (installation?.stdio?.imagePullSecrets ?? []) : [];
  if (ofPlatform.length === 0) return own?.map(({ name }) => ({ name }));
  return [...new Set([...(own ?? []).map(({ name }) => name), ...ofPlatform])].map((name) => ({ name }));
}

/** What the API server would give pods, and we keep from them. */
function whatNobodyAskedFor({ spec }: MCPServer): Fields {
  const { serviceAccountName = '' } = spec.runtime?.security ?? {};
  return {
    // A variable for each Service of the namespace: MCP_PORT=tcp://… ends a program that reads a number from it.
    enableServiceLinks: false,
    // Who names a service account wants its token; nobody wants the token of `default` by accident.
    ...(serviceAccountName === '' ? { automountServiceAccountToken: false } : {}),
  };
}

/** An empty list is not applied (see {@link compact}, which would also take away an empty `emptyDir`). */
function listOf(field: string, items: readonly Fields[]): Fields {
  return items.length === 0 ? {} : { [field]: items };
}

function buildContainers(
  containers: readonly PodContainer[],
  list: PodContainer['list'],
  input: ExpansionInput,
): readonly Fields[] {
  return containers.filter((container) => container.list === list).map((container) => buildContainer(container, input));
}

function buildContainer(container: PodContainer, input: ExpansionInput): Fields {
  const { server } = input;
  const { livenessProbe, readinessProbe } = container.health.of(server) ?? {};
  const startupProbe = container.startupProbe.of(server);
  const securityContext = container.securityContext.of(server);
  return {
    name: container.name,
    ...container.build(input),
    ...compact({ securityContext, livenessProbe, readinessProbe, startupProbe }),
  };
}
