import { beforeAll, expect, it } from '@jest/globals';
import { whileBothAreCalling, whileCalling } from './client-loop.ts';
import { eventually } from './eventually.ts';
import { apply, conditionOf, get, kubectlOk, list, type KubeObject } from './kubectl.ts';
import { everythingServer, oddServer, untilCondition } from './mcp-server.ts';
import { node, runInside } from './node-pod.ts';
import { gatewayName, settingsFor, type Edge, type RealGateway } from './real-gateway.ts';
import { untilPodsAre, untilRolledOut } from './rollouts.ts';

/** Of a stream: after how many milliseconds something came, and after how many somebody else ended it. */
interface Stream {
  readonly status: number;
  readonly at: readonly number[];
  readonly endedAt?: number;
}

/** For a client of the era without sessions. */
const modern = { 'mcp-protocol-version': '2026-07-28', accept: 'application/json, text/event-stream' };
const meta = { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } };
/** Where clients look for the metadata of what a server protects. */
const metadata = '/.well-known/oauth-protected-resource';
const guardedHost = ({ gateways }: Edge): string => `guarded.${gateways}.svc.cluster.local`;
const published = { gateway: { provider: 'httproute', configRef: 'edge' } };

/** At the path of its name, unless `more` says otherwise. */
export function publishedServer(name: string, more: Readonly<Record<string, unknown>> = {}, kind = 'good'): object {
  return oddServer(name, kind, {
    ...{ config: { port: 8080, path: `/${name}`, arguments: ['8080', kind] }, ...published },
    ...more,
  });
}

function version(name: string, value: string, kind = 'good'): { readonly config: object } {
  const env = [{ name: 'VERSION', value }];
  return { config: { port: 8080, path: `/${name}`, arguments: ['8080', kind], env } };
}

const search = (value: string): object =>
  publishedServer('search', { ...version('search', value), mcp: { stateless: true }, runtime: { replicas: 2 } });
const sessions = (value: string): object =>
  publishedServer('sessions', version('sessions', value, 'keeps-sessions'), 'keeps-sessions');

export function untilRegistered({ namespace }: Edge, name: string): Promise<KubeObject> {
  return untilCondition(namespace, name, { type: 'GatewayRegistered', status: 'True' });
}

interface Answer {
  /** Or the code of an error. */
  readonly status: string;
  readonly body: string;
}

/** What a request without a body is answered. */
async function ask({ namespace }: Edge, url: string, host?: string): Promise<Answer> {
  const headers = host === undefined ? {} : { host };
  const script = `
    const say = (status, body) => console.log(JSON.stringify({ status: String(status), body }));
    const asked = require('node:http').get('${url}', { headers: ${JSON.stringify(headers)}, agent: false }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (part) => (body += part)).on('end', () => say(answer.statusCode, body));
    });
    asked.on('error', ({ code }) => say(code, ''));`;
  return JSON.parse(await runInside(namespace, 'client', script)) as Answer;
}

/** 405 by a server. */
export async function statusOf(edge: Edge, url: string, host?: string): Promise<string> {
  return (await ask(edge, url, host)).status;
}

/** What the official client sees that runs as the pod `client`. */
export async function callOfficially({ namespace }: Edge, ...args: readonly string[]): Promise<unknown> {
  const command = [node, '/app/mcp-client.cjs', ...args];
  return JSON.parse(await kubectlOk(['exec', '--namespace', namespace, 'client', '--', ...command]));
}

/** A gateway takes a route a moment before it serves it. */
function untilServed(edge: Edge, name: string, status = '405'): Promise<unknown> {
  const url = `${edge.root}/${name}`;
  return eventually(`calls for ${name} are answered ${status}`, async () => (await statusOf(edge, url)) === status, {
    describe: () => statusOf(edge, url),
  });
}

/** Calls a tool, whose server answers with a stream, and leaves after so many seconds. */
async function stream(edge: Edge, name: string, tool: string, seconds: number): Promise<Stream> {
  const headers = { ...modern, 'mcp-method': 'tools/call', 'mcp-name': tool, 'content-type': 'application/json' };
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: {} } };
  const script = `
    const begun = Date.now();
    const at = [];
    const options = { method: 'POST', headers: ${JSON.stringify(headers)}, agent: false };
    const request = require('node:http').request('${edge.root}/${name}', options, (response) => {
      const leave = (more) => {
        console.log(JSON.stringify({ status: response.statusCode, at, ...more }));
        process.exit(0);
      };
      const ended = () => leave({ endedAt: Date.now() - begun });
      response.setEncoding('utf8').on('data', () => at.push(Date.now() - begun));
      response.on('end', ended).on('error', ended);
      setTimeout(() => leave({}), ${seconds * 1_000});
    });
    request.end('${JSON.stringify(call)}');`;
  return JSON.parse(await runInside(edge.namespace, 'client', script)) as Stream;
}

/** How many streams its pods know. */
async function openStreams({ namespace }: Edge, name: string): Promise<number> {
  const pods = await list({ namespace }, 'pods', `mcp-server=${name}`);
  const script = `fetch('http://127.0.0.1:8080/streams').then(async (answer) => console.log(await answer.text()));`;
  const counts = await Promise.all(pods.map(({ metadata }) => runInside(namespace, metadata.name, script)));
  return counts.reduce((sum, count) => sum + Number(count), 0);
}

/** What the server `name` is told of its route, by the gateway and not while everybody waits. */
async function untilRefused(namespace: string, name: string): Promise<string> {
  const read = (): Promise<KubeObject | undefined> => get(namespace, 'mcpservers', name);
  return eventually(
    'the gateway refuses it',
    async () => {
      const { status, message } = conditionOf(await read(), 'GatewayRegistered') ?? {};
      return status === 'False' && message?.includes('does not take') === true && message;
    },
    { describe: async () => (await read())?.status },
  );
}

/** What is true of servers at any gateway. */
export function itServesAt({ controllerName, refusesTwins = false }: RealGateway, edge: Edge): void {
  const { namespace, gateways, root } = edge;

  beforeAll(async () => {
    const everything = everythingServer('everything', published);
    // At a host of its own: the bare path of what it protects is nobody else's there.
    const guarded = publishedServer('guarded', { gateway: { provider: 'httproute', configRef: 'guarded' } });
    await apply(namespace, settingsFor(edge, 'guarded', { 'route-hostname': guardedHost(edge) }));
    await apply(namespace, {
      apiVersion: 'v1',
      kind: 'List',
      items: [search('1'), sessions('1'), everything, guarded],
    });
  });

  it('is registered when the gateway has taken its route, and is said to be where clients reach it', async () => {
    const { status } = await untilRegistered(edge, 'search');
    expect(status?.address?.url).toBe(`${root}/search`);
    expect(status?.['extensions']).toMatchObject({
      clusterURL: `http://search.${namespace}.svc.cluster.local:8080/search`,
    });
    const route = await get(namespace, 'httproutes.gateway.networking.k8s.io', 'search-gateway-binding');
    expect(route?.status).toMatchObject({
      parents: [{ controllerName, parentRef: { name: gatewayName, namespace: gateways } }],
    });
    const binding = await eventually('the binding says so, too', async () => {
      const found = await get(namespace, 'mcpgatewaybindings', 'search-gateway-binding');
      return conditionOf(found, 'Registered')?.status === 'True' && found;
    });
    expect(binding.status).toMatchObject({ url: `${root}/search` });
  });

  it('answers the official client through it, of either era', async () => {
    const url = (await untilRegistered(edge, 'everything')).status?.address?.url ?? '';
    const isServed = async (): Promise<boolean> => !/^(404|5..)$/.test(await statusOf(edge, url));
    await eventually('calls are led to it', isServed);
    const answer = await callOfficially(edge, url, 'echo', JSON.stringify({ message: 'hello' }));
    expect(answer).toMatchObject({ result: { content: [{ text: expect.stringContaining('hello') }] } });
    await untilServed(edge, 'search');
    const stateless = { protocolVersion: '2026-07-28', tools: ['echo'] };
    expect(await callOfficially(edge, '--stateless', `${root}/search`)).toMatchObject(stateless);
  });

  it('is asked about what it protects at both paths where clients look, and at no other', async () => {
    await untilRegistered(edge, 'guarded');
    const about = (path: string): Promise<Answer> => ask(edge, `${root}${metadata}${path}`, guardedHost(edge));
    const isAsked = async (path: string): Promise<boolean> => {
      const { status, body } = await about(path);
      return status === '200' && body.includes('"pod":"guarded-') && body.includes(`"path":"${metadata}${path}"`);
    };
    for (const path of ['', '/guarded'])
      await eventually(`${metadata}${path} leads to it`, () => isAsked(path), { describe: () => about(path) });
    expect((await about('/search')).status).toBe('404');
    // On a host of several each has the longer path.
    expect((await ask(edge, `${root}${metadata}/search`)).body).toContain('"pod":"search-');
  });

  it('has nothing published but its path, and that at its host alone', async () => {
    await untilServed(edge, 'search');
    expect(await statusOf(edge, `${root}/waits`)).toBe('404');
    expect(await statusOf(edge, `${root}/search`, 'other.svc.cluster.local')).toBe('404');
  });

  it('takes a request of 4 MiB', async () => {
    await untilServed(edge, 'search');
    const script = `
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: ${JSON.stringify(meta)}, padding: 'x'.repeat(4 * 2 ** 20) });
      const headers = ${JSON.stringify({ ...modern, 'mcp-method': 'tools/list', 'content-type': 'application/json' })};
      fetch('${root}/search', { method: 'POST', headers, body }).then(async (answer) => {
        console.log(answer.status, (await answer.text()).includes('inputSchema'));
      });`;
    expect(await runInside(namespace, 'client', script)).toBe('200 true');
  });

  it('streams as it goes, and learns that a client has left', async () => {
    await untilServed(edge, 'search');
    // Time enough to be seen, for whoever starts a program in each pod to look.
    const streaming = stream(edge, 'search', 'ticks', 20);
    await eventually('the stream is open', async () => (await openStreams(edge, 'search')) === 1);
    const ticks = await streaming;
    expect(ticks).toMatchObject({ status: 200 });
    expect(ticks.endedAt).toBeUndefined();
    // Nothing is kept back until there is more of it.
    expect(ticks.at[0]).toBeLessThan(10_000);
    expect(ticks.at.length).toBeGreaterThan(2);
    const hasNone = async (): Promise<boolean> => (await openStreams(edge, 'search')) === 0;
    await eventually('the server has no stream any more', hasNone, { withinMs: 60_000 });
  });

  it('loses no call while it is replaced by a new version, of either era', async () => {
    await untilServed(edge, 'search');
    await untilRegistered(edge, 'sessions');
    await untilServed(edge, 'sessions');
    const urls = { stateless: `${root}/search`, sessions: `${root}/sessions` };
    const calls = await whileBothAreCalling({ namespace, pod: 'client' }, urls, async () => {
      await apply(namespace, { apiVersion: 'v1', kind: 'List', items: [search('2'), sessions('2')] });
      await untilRolledOut(namespace, 'search');
      await untilRolledOut(namespace, 'sessions');
      await untilPodsAre(namespace, 'search', 2);
      await untilPodsAre(namespace, 'sessions', 1);
    });
    expect([calls.stateless.failures, calls.sessions.failures]).toEqual([[], []]);
    expect(Math.min(calls.stateless.answered, calls.sessions.answered)).toBeGreaterThan(20);
    expect(calls.sessions.sessions).toBeGreaterThan(1);
  });

  it('is told in its words which host the gateway does not take, and is registered when that is corrected', async () => {
    const elsewhere = { gateway: { provider: 'httproute', configRef: 'elsewhere' }, runtime: { replicas: 0 } };
    await apply(namespace, settingsFor(edge, 'elsewhere', { 'route-hostname': 'mcp.example.com' }));
    await apply(namespace, publishedServer('elsewhere', elsewhere));
    expect(await untilRefused(namespace, 'elsewhere')).toMatch(
      /does not take HTTPRoute elsewhere-gateway-binding: .*NoMatchingListener/,
    );
    await apply(namespace, settingsFor(edge, 'elsewhere'));
    expect((await untilRegistered(edge, 'elsewhere')).status?.address?.url).toBe(`${root}/elsewhere`);
  });

  it('is told that the gateway admits no routes of its namespace', async () => {
    await apply(gateways, settingsFor(edge, 'edge'));
    await apply(gateways, publishedServer('inside', { runtime: { replicas: 0 } }));
    expect(await untilRefused(gateways, 'inside')).toMatch(
      /does not take HTTPRoute inside-gateway-binding: .*NotAllowedByListeners/,
    );
  });

  it('keeps its place when a second server takes the same one, and whoever can know of it is told', async () => {
    const config = { port: 8080, path: '/search', arguments: ['8080', 'good'] };
    await apply(namespace, publishedServer('twin', { config, runtime: { replicas: 0 } }));
    const both = { status: 'True', words: 'the same host and path' };
    const refused = { status: 'False', words: 'give the server a path or a host of its own' };
    const untouched = { status: 'True', words: 'Gateway integration is active' };
    const expected = refusesTwins ? { twin: refused, search: untouched } : { twin: both, search: both };
    for (const [name, { status, words }] of Object.entries(expected))
      await eventually(`${name} is told so`, async () => {
        const told = conditionOf(await get(namespace, 'mcpservers', name), 'GatewayRegistered');
        return told?.status === status && told.message.includes(words);
      });
    // The twin has no pod: calls that were led to it would fail. While a gateway takes its route in, one may.
    await untilServed(edge, 'search');
  });

  it('has its address inside the cluster again when it is published no more', async () => {
    await apply(namespace, publishedServer('elsewhere', { gateway: undefined, runtime: { replicas: 0 } }));
    const inside = `http://elsewhere.${namespace}.svc.cluster.local:8080/elsewhere`;
    await eventually('it has that address', async () => {
      const { status } = (await get(namespace, 'mcpservers', 'elsewhere')) ?? {};
      return status?.address?.url === inside;
    });
    const kinds = ['mcpgatewaybindings', 'httproutes.gateway.networking.k8s.io'];
    for (const kind of kinds)
      await eventually(`${kind} are gone`, async () => {
        return (await get(namespace, kind, 'elsewhere-gateway-binding')) === undefined;
      });
  });

  it('is not reached there any more when it is deleted', async () => {
    await kubectlOk(['delete', 'mcpserver', 'search', 'twin', '--namespace', namespace]);
    await untilServed(edge, 'search', '404');
  });
}

/** Longer than gateways wait that end what lasts or is silent for five minutes. */
const minutes = 320;

/** Three streams of a server of their own, beside everything that happens to others: call it after {@link itServesAt}. */
export function itStreamsForMinutes(edge: Edge, { endsSilence }: { readonly endsSilence: boolean }): void {
  let streams: Promise<readonly Stream[]>;

  beforeAll(async () => {
    await apply(edge.namespace, publishedServer('patient', { mcp: { stateless: true } }));
    await untilRegistered(edge, 'patient');
    await untilServed(edge, 'patient');
    streams = Promise.all(['ticks', 'waits', 'silent'].map((tool) => stream(edge, 'patient', tool, minutes)));
    // Who awaits them is told.
    streams.catch(() => undefined);
  });

  it('has streams of more than five minutes, also those that are silent for a minute at a time', async () => {
    const [ticks, waits, silent] = await streams;
    expect(ticks).toMatchObject({ status: 200 });
    expect(ticks?.endedAt).toBeUndefined();
    expect(ticks?.at.length).toBeGreaterThan(minutes * 0.8);
    expect(waits).toMatchObject({ status: 200 });
    expect(waits?.endedAt).toBeUndefined();
    expect(waits?.at.length).toBe(Math.floor(minutes / 61));
    expect(silent).toMatchObject({ status: 200, at: [] });
    expect((silent?.endedAt ?? Infinity) < minutes * 1_000).toBe(endsSilence);
  });
}

/** A server that is published while nobody looks, and one that was before. Call it last: a gateway of one program ends its streams with it. */
export function itOutlivesItsController(edge: Edge, { servesMeanwhile }: { readonly servesMeanwhile: boolean }): void {
  const { namespace, root } = edge;
  const registration = async (name: string): Promise<ReturnType<typeof conditionOf>> =>
    conditionOf(await get(namespace, 'mcpservers', name), 'GatewayRegistered');

  it('is published as it was while the controller of its Gateway is away, and what is new is told that nobody looks', async () => {
    await untilServed(edge, 'patient');
    const before = await registration('patient');
    expect(before).toMatchObject({ status: 'True' });
    const calls = await whileCalling({ namespace, pod: 'client', url: `${root}/patient` }, async () => {
      await edge.withoutController(async () => {
        await apply(namespace, publishedServer('late'));
        await eventually('nobody has looked at its route', async () => {
          const { status, message = '' } = (await registration('late')) ?? {};
          return status === 'False' && message.includes('No gateway controller has looked');
        });
        expect(await registration('patient')).toEqual(before);
        expect(await statusOf(edge, `${root}/patient`)).toBe(servesMeanwhile ? '405' : 'ECONNREFUSED');
      });
      await untilRegistered(edge, 'late');
      await untilServed(edge, 'late');
      await untilServed(edge, 'patient');
    });
    const away = expect.arrayContaining([expect.stringContaining('ECONNREFUSED')]);
    expect(calls.failures).toEqual(servesMeanwhile ? [] : away);
    expect(await registration('patient')).toEqual(before);
  });
}
