import type { Rule } from '../engine/rule.ts';

export const gatewayImplemented: Rule = {
  id: 'gateway-implemented',
  severity: 'warn',
  summary: 'spec.gateway has no effect in this version: the server is not registered at a gateway.',
  rationale:
    'The server itself runs and can be reached inside the cluster; only the registration does not happen, and status ' +
    'says so with `GatewayRegistered=False`. Manifests that ask for a gateway can therefore be applied today and take ' +
    'effect with the version that brings it.',
  remedy: 'Remove spec.gateway, or expose the Service through your gateway yourself.',
  examples: {
    accepts: [{ title: 'a server without a gateway' }],
    rejects: [{ title: 'a server that asks for a gateway', spec: { gateway: { provider: 'httproute' } } }],
  },
  check: ({ server }) =>
    server.spec.gateway === undefined
      ? []
      : [
          {
            path: ['spec', 'gateway'],
            headline: 'gateway registration is not implemented in this version',
            detail: `found provider: ${server.spec.gateway.provider}`,
          },
        ],
};
