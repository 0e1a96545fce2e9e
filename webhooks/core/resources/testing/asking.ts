import type { GatewaySettings } from '../../mcpserver/gateway.ts';
import type { Option } from '../../testing/builders.ts';
import { withRawSpec } from '../../testing/builders.ts';

/** How a server asks for each optional kind: one line for each. For tests. */
const specs: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  HTTPRoute: { gateway: { provider: 'httproute', configRef: 'search-gateway' } },
  MCPGatewayBinding: { gateway: { provider: 'example.com/edge' } },
  CiliumNetworkPolicy: { extensions: { network: { egressHosts: [{ host: 'api.example.com' }] } } },
  MCPServerRegistration: { gateway: { provider: 'kuadrant', configRef: 'search-gateway' } },
  PodMonitor: { extensions: { metrics: { port: 'mcp' } } },
  Ingress: { extensions: { ingress: { host: 'mcp.example.com' } } },
  HorizontalPodAutoscaler: { extensions: { autoscaling: { maxReplicas: 3 } } },
  PodDisruptionBudget: { extensions: { scheduling: { disruptionBudget: {} } } },
  ServiceMonitor: { extensions: { metrics: { port: 'mcp', kind: 'ServiceMonitor' } } },
};

/** What the ConfigMap has that is named there. */
export const askedGateway: GatewaySettings = new Map([
  ['gateway-name', 'public'],
  ['gateway-namespace', 'gateways'],
]);

/** Changes nothing for a kind that every server has. */
export function askingFor(kind: string): Option {
  return withRawSpec(specs[kind] ?? {});
}
