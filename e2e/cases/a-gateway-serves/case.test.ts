/**
 * @alone it installs the Gateway API and a controller of it, and the chart with routes.
 * @installs it with routes, before there is a Gateway API.
 * @slow an API that comes is noticed within 20 seconds; an installation, and two rollouts, each until the last old pod has gone.
 */
import { describe } from '@jest/globals';
import { itServesAt } from '../../harness/published.ts';
import { useGateway } from '../../harness/real-gateway.ts';
import { itTakesSamples } from '../../harness/samples.ts';
import { traefik } from '../../harness/traefik.ts';

describe('an MCPServer that is published at a Gateway of a real Traefik', () => {
  const edge = useGateway(traefik);

  itServesAt(traefik, edge);

  itTakesSamples(
    edge.namespace,
    ['Gateway', 'HTTPRoute'].map((kind) => `${kind}.gateway.networking.k8s.io`),
  );
});
