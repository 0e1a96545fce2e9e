import { selectorLabels } from '../mcpserver/names.ts';
import type { Fields } from '../mcpserver/record.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import { childMetadata } from './child-metadata.ts';
import { compact } from './compact.ts';
import type { ExpandedKind, ExpansionInput } from './expanded-kind.ts';
import { writesToClaim } from './pod/claims.ts';
import { buildPodTemplate } from './pod/pod-template.ts';

/**
 * A pod is told to go before the one that replaces it comes, so that the new one does not wait for a volume that the old one
 * has, which waits for the new pod. Nobody waits until it has gone: for as long as it takes to end, both may run. `Recreate`
 * would wait, but an apply cannot take away what the API server has defaulted beside RollingUpdate, and is refused for it.
 */
const oldFirst = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } };

export const deployment: ExpandedKind = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  plural: 'deployments',
  summary: 'Runs the pods of the server.',
  requirement: 'required',
  wanted: 'always',
  hasPods: true,
  unavailable: { reason: 'DeploymentUnavailable', order: 1, eventAction: 'DeploymentReconcileFailed' },
  build: (input) => [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: childMetadata(input.server),
      spec: {
        replicas: replicasOf(input.server),
        ...buildStrategy(input),
        ...compact({ minReadySeconds: input.server.spec.extensions?.rollout?.minReadySeconds }),
        selector: { matchLabels: selectorLabels(input.server) },
        template: buildPodTemplate(input),
      },
    },
  ],
};

/** The reference operator leaves it to the API server: a quarter of the pods at a time. It knows no claims. */
function buildStrategy({ server, compatibility }: ExpansionInput): Fields {
  if (writesToClaim(server)) return { strategy: oldFirst };
  return compatibility === 'reference' ? {} : { strategy: newFirst(server) };
}

/** Above so many replicas a rollout starts a quarter of them at a time: one by one, twenty would take twenty starts. */
const fewReplicas = 4;

/** No pod goes before another one is there in its place: with one replica, anything else is an outage. */
function newFirst(server: MCPServer): Fields {
  const maxSurge = replicasOf(server) > fewReplicas ? '25%' : 1;
  return { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge } };
}

function replicasOf({ spec }: MCPServer): number {
  return spec.runtime?.replicas ?? 1;
}
