/**
 * @alone it installs the Gateway API and a controller of it, and the chart with routes.
 * @installs it with routes, before there is a Gateway API.
 * @slow streams last more than five minutes, in which others would be ended; the first time Traefik is built, which takes minutes.
 */
import { beforeAll, describe, it } from '@jest/globals';
import { itIsCounted } from '../../harness/counted.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get } from '../../harness/kubectl.ts';
import { itOutlivesItsController, itServesAt, itStreamsForMinutes, publishedServer } from '../../harness/published.ts';
import { settingsFor, useGateway } from '../../harness/real-gateway.ts';
import { traefik, traefikMetrics } from '../../harness/traefik.ts';

describe('an MCPServer that is published at a Gateway of a real Traefik, for minutes', () => {
  const edge = useGateway(traefik);
  const { namespace } = edge;

  beforeAll(async () => {
    await apply(namespace, settingsFor(edge, 'nowhere', { 'gateway-name': 'nowhere' }));
    const nowhere = { gateway: { provider: 'httproute', configRef: 'nowhere' }, runtime: { replicas: 0 } };
    await apply(namespace, publishedServer('nowhere', nowhere));
  });

  itServesAt(traefik, edge);

  it('is told that there is no such Gateway', async () => {
    await eventually('nobody has looked at its route', async () => {
      const told = conditionOf(await get(namespace, 'mcpservers', 'nowhere'), 'GatewayRegistered');
      return told?.status === 'False' && told.message.includes('No gateway controller has looked');
    });
  });

  itIsCounted(edge, traefikMetrics);

  itStreamsForMinutes(edge, { endsSilence: false });

  itOutlivesItsController(edge, { servesMeanwhile: false });
});
