import { candidateLabels, selectorLabels } from '../mcpserver/names.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import { asCandidate, templateOfCandidate } from './candidate.ts';
import { childMetadata } from './child-metadata.ts';
import { compact } from './compact.ts';
import type { ExpandedKind, KubernetesObject } from './expanded-kind.ts';
import { asAnnouncedDeployment } from './gateway-announcement.ts';
import { buildPodTemplate } from './pod/pod-template.ts';
import { buildStrategy } from './strategy.ts';

export const deployment: ExpandedKind = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  plural: 'deployments',
  summary: 'Runs the pods of the server.',
  requirement: 'required',
  wanted: 'sometimes',
  hasPods: true,
  unavailable: { reason: 'DeploymentUnavailable', order: 1, eventAction: 'DeploymentReconcileFailed' },
  build: (input) => {
    const { server } = input;
    const template = buildPodTemplate(input);
    const serving: KubernetesObject = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: childMetadata(server),
      spec: {
        replicas: replicasOf(server),
        ...compact({ strategy: buildStrategy(input) }),
        ...compact({ minReadySeconds: server.spec.extensions?.rollout?.minReadySeconds }),
        selector: { matchLabels: selectorLabels(server) },
        template,
      },
    };
    const candidate = asCandidate(input, serving, () => ({
      replicas: 1,
      // The one before it is of a template that nobody wants any more.
      strategy: { type: 'Recreate' },
      revisionHistoryLimit: 0,
      selector: { matchLabels: candidateLabels(server) },
      template: templateOfCandidate(input, template),
    }));
    return [asAnnouncedDeployment(serving, input), ...candidate];
  },
};

function replicasOf({ spec }: MCPServer): number {
  return spec.runtime?.replicas ?? 1;
}
