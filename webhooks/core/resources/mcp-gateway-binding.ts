import { denialBy } from '../engine/denial-by.ts';
import { PUBLISHING_RULE } from '../mcpserver/gateway.ts';
import { API } from '../mcpserver/api.ts';
import { gatewayBindingName } from '../mcpserver/names.ts';
import { isRecord, present } from '../mcpserver/record.ts';
import { childMetadata } from './child-metadata.ts';
import type { ExpandedKind } from './expanded-kind.ts';
import { gatewayAsking } from './gateway-asking.ts';
import { providerAsRead, readBinding } from './registration.ts';

/**
 * The contract of the reference API between a server and whoever publishes it at a gateway: that controller watches the
 * bindings of its provider, makes its routes, and writes status alone.
 */
export const mcpGatewayBinding: ExpandedKind = {
  apiVersion: `${API.group}/v1alpha1`,
  kind: 'MCPGatewayBinding',
  plural: 'mcpgatewaybindings',
  summary: 'Asks a provider to publish the server at a gateway, and has its answer.',
  requirement: {
    feature: 'gateway',
    install: 'apply crds/mcpgatewaybindings.mcp.x-k8s.io.yaml',
    asking: { ...gatewayAsking, path: ['spec', 'gateway'], isAskedFor: ({ spec }) => spec.gateway !== undefined },
  },
  wanted: 'sometimes',
  writesStatus: true,
  unavailable: {
    reason: 'MCPGatewayBindingUnavailable',
    order: 4,
    eventAction: 'MCPGatewayBindingReconcileFailed',
  },
  registration: readBinding,
  // Whoever registered it before has to see that it is over, and must not be believed any more.
  isAnother: ({ spec }, { provider }) =>
    isRecord(spec) && typeof spec['provider'] === 'string' && providerAsRead(spec['provider']) !== provider,
  // A policy that comes later tolerates the server: it is published by nobody new for that, and nowhere else.
  isUndecided: ({ verdict }) => denialBy(PUBLISHING_RULE, verdict?.findings) !== undefined,
  build({ server }) {
    const { gateway } = server.spec;
    if (gateway === undefined) return [];
    const { provider, configRef } = gateway;
    return [
      {
        apiVersion: `${API.group}/v1alpha1`,
        kind: 'MCPGatewayBinding',
        metadata: { ...childMetadata(server), name: gatewayBindingName(server) },
        spec: present({
          mcpServerRef: server.metadata.name,
          provider,
          configRef: configRef === '' ? undefined : configRef,
        }),
      },
    ];
  },
};
