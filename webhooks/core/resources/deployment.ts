import { selectorLabels } from '../mcpserver/names.ts';
import { childMetadata } from './child-metadata.ts';
import type { ExpandedKind } from './expanded-kind.ts';
import { buildPodTemplate } from './pod/pod-template.ts';

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
        replicas: input.server.spec.runtime?.replicas ?? 1,
        selector: { matchLabels: selectorLabels(input.server) },
        template: buildPodTemplate(input),
      },
    },
  ],
};
