/**
 * @alone it installs the Gateway API and a controller of it, and the chart with routes.
 * @installs it with routes, before there is a Gateway API.
 * @slow streams last more than five minutes, in which others would be ended; the first time Traefik is built, which takes minutes.
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get } from '../../harness/kubectl.ts';
import {
  itServesAt,
  publishedServer,
  stream,
  untilRegistered,
  untilServed,
  type Stream,
} from '../../harness/published.ts';
import { settingsFor, useGateway } from '../../harness/real-gateway.ts';
import { traefik } from '../../harness/traefik.ts';

/** Longer than gateways wait that end what lasts or is silent for five minutes. */
const seconds = 320;

describe('an MCPServer that is published at a Gateway of a real Traefik, for minutes', () => {
  const edge = useGateway(traefik);
  const { namespace } = edge;
  let streams: Promise<readonly Stream[]>;

  // Beside everything that happens to other servers.
  beforeAll(async () => {
    await apply(namespace, publishedServer('patient', { mcp: { stateless: true } }));
    await apply(namespace, settingsFor(edge, 'nowhere', { 'gateway-name': 'nowhere' }));
    const nowhere = { gateway: { provider: 'httproute', configRef: 'nowhere' }, runtime: { replicas: 0 } };
    await apply(namespace, publishedServer('nowhere', nowhere));
    await untilRegistered(edge, 'patient');
    await untilServed(edge, 'patient');
    streams = Promise.all(['ticks', 'waits', 'silent'].map((tool) => stream(edge, 'patient', tool, seconds)));
    // Who awaits them is told.
    streams.catch(() => undefined);
  });

  itServesAt(traefik, edge);

  it('is told that there is no such Gateway', async () => {
    await eventually('nobody has looked at its route', async () => {
      const told = conditionOf(await get(namespace, 'mcpservers', 'nowhere'), 'GatewayRegistered');
      return told?.status === 'False' && told.message.includes('No gateway controller has looked');
    });
  });

  it('has streams of more than five minutes, also silent ones', async () => {
    const [ticks, waits, silent] = await streams;
    expect(ticks).toMatchObject({ status: 200 });
    expect(ticks?.endedAt).toBeUndefined();
    expect(ticks?.at.length).toBeGreaterThan(seconds * 0.8);
    expect(waits).toMatchObject({ status: 200 });
    expect(waits?.endedAt).toBeUndefined();
    expect(waits?.at.length).toBe(Math.floor(seconds / 61));
    expect(silent).toMatchObject({ status: 200, at: [] });
    expect(silent?.endedAt).toBeUndefined();
  });
});
