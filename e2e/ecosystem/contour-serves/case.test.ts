/**
 * @alone it installs the Gateway API and a controller of it, and the chart with routes.
 * @installs it with routes, before there is a Gateway API.
 * @slow streams last more than five minutes, in which others would be ended; the first time Contour is built, which takes minutes.
 */
import { describe, expect, it } from '@jest/globals';
import { serviceBeside } from '../../harness/beside.ts';
import { contour, contourMetrics } from '../../harness/contour.ts';
import { itIsCounted } from '../../harness/counted.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectlOk } from '../../harness/kubectl.ts';
import { untilCondition } from '../../harness/mcp-server.ts';
import {
  callOfficially,
  itOutlivesItsController,
  itServesAt,
  itStreamsForMinutes,
  publishedServer,
  statusOf,
  untilRegistered,
} from '../../harness/published.ts';
import { useGateway, type Edge } from '../../harness/real-gateway.ts';

describe('an MCPServer that is published at a Gateway of a real Contour with Envoy, for minutes', () => {
  const edge = useGateway(contour);
  const { namespace, gateways } = edge;

  itServesAt(contour, edge);

  it('is told that the gateway leaves out the path that the oldest server of the host has', async () => {
    const messages = async (name: string): Promise<string | undefined> =>
      conditionOf(await untilRegistered(edge, name), 'GatewayRegistered')?.message;
    const some = ['patient', 'sessions', 'everything'];
    const told = await eventually('all but one are told', async () => {
      const found = await Promise.all(some.map(messages));
      const partly = found.map((message) => message?.includes('(RuleMatchPartiallyConflict)') === true);
      return partly.filter((isTold) => !isTold).length === 1 && partly;
    });
    expect(told).toHaveLength(some.length);
  });

  it('is published by an Ingress as well, at the address that its status says', async () => {
    const host = ingressHost(edge);
    const port80 = await serviceBeside({
      name: 'ingress',
      namespace: gateways,
      port: 80,
      listensOn: contour.listensOn,
    });
    await apply(gateways, { apiVersion: 'v1', kind: 'List', items: port80 });
    await apply(namespace, behindIngress(edge, 'plain'));
    const { status } = await untilCondition(namespace, 'plain', taken);
    const url = status?.address?.url ?? '';
    expect(url).toBe(`http://${host}/plain`);
    const isServed = async (): Promise<boolean> => (await statusOf(edge, url)) === '405';
    await eventually('calls are led to it', isServed, { describe: () => statusOf(edge, url) });
    const answer = { protocolVersion: '2026-07-28', tools: ['echo'] };
    expect(await callOfficially(edge, '--stateless', url)).toMatchObject(answer);
    // It leaves an Ingress after its first path, for want of a listener with TLS at its Gateway.
    expect(await statusOf(edge, `http://${host}/.well-known/oauth-protected-resource/plain`)).toBe('404');
    expect(await statusOf(edge, `http://${host}/waits`)).toBe('404');
  });

  it('is told of another one with an Ingress of the same host and path', async () => {
    const config = { port: 8080, path: '/plain', arguments: ['8080', 'good'] };
    await apply(namespace, behindIngress(edge, 'double', { config, runtime: { replicas: 0 } }));
    for (const [name, other] of [
      ['plain', 'double'],
      ['double', 'plain'],
    ] as const)
      await eventually(`${name} is told so`, async () => {
        const told = conditionOf(await get(namespace, 'mcpservers', name), 'IngressPublished');
        return told?.status === 'True' && told.message.includes(`MCPServer '${other}' has an Ingress of this class`);
      });
    await kubectlOk(['delete', 'mcpserver', 'double', '--namespace', namespace]);
    await eventually('it is told so no more', async () => {
      const told = conditionOf(await untilCondition(namespace, 'plain', taken), 'IngressPublished');
      return told?.message.includes('double') === false;
    });
  });

  itIsCounted(edge, contourMetrics);

  itStreamsForMinutes(edge, { endsSilence: true });

  itOutlivesItsController(edge, { servesMeanwhile: true });
});

const taken = { type: 'IngressPublished', status: 'True', reason: 'Published' };
const ingressHost = ({ gateways }: Edge): string => `ingress.${gateways}.svc.cluster.local`;

function behindIngress(edge: Edge, name: string, more: Readonly<Record<string, unknown>> = {}): object {
  const extensions = { ingress: { className: 'contour', host: ingressHost(edge) } };
  return publishedServer(name, { gateway: undefined, extensions, ...more });
}
