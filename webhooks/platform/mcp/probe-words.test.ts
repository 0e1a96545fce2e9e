import { describe, expect, it } from '@jest/globals';

import { useHeldTime } from '../http/testing/held-time.ts';
import type { ProbeResult } from './probe.ts';
import { answer, discovered, hangUp, refuse } from './testing/answering-server.ts';
import type { Answering, AnsweringServer } from './testing/answering-server.ts';
import { probe, useAnswering } from './testing/use-answering.ts';

useHeldTime();
const serve = useAnswering();

async function refusedWith(refusal: Answering, acceptsForbidden?: boolean): Promise<ProbeResult> {
  const { url } = await serve({ 'server/discover': refusal, initialize: refusal });
  return probe(url, { acceptsForbidden });
}

const jsonRefusal = (status: number, message: string): Answering =>
  answer({ error: { code: -32000, message } }, { status });

describe('HTTP 403', () => {
  it.each<[string, Answering, string]>([
    ['by the TypeScript SDK', jsonRefusal(403, 'Invalid Host header: x.mcp.svc'), 'Invalid Host header: x.mcp.svc'],
    ['by the Go SDK', refuse(403, 'Forbidden: invalid Host header'), 'Forbidden: invalid Host header'],
    ['with a challenge too', refuse(403, 'Invalid Host', { 'www-authenticate': 'Bearer' }), 'Invalid Host'],
    ['by HTTP 421, as the Python SDK does', refuse(421, 'Invalid Host header'), 'Invalid Host header'],
    ['by HTTP 421 without a word', refuse(421), 'HTTP 421'],
    ['by HTTP 400', refuse(400, 'Invalid host header'), 'Invalid host header'],
  ])('Invalid Host is no authentication, %s: the words are told, and what to allow', async (_, refusal, words) => {
    const result = await refusedWith(refusal);
    expect(result).toMatchObject({ state: 'failed' });
    const message = result.state === 'failed' ? result.message : '';
    expect(message).toContain(words);
    expect(message).toMatch(/add 127\.0\.0\.1 \(and 127\.0\.0\.1:\d+\) to its allowed hosts, or switch its check off$/);
  });

  it.each<[string, Answering, object]>([
    ['without a word', refuse(403), { state: 'auth-required', statusCode: 403 }],
    ['with a body without words', answer({ result: {} }, { status: 403 }), { state: 'auth-required' }],
    ['Forbidden', refuse(403, 'Forbidden'), { state: 'auth-required', said: 'Forbidden' }],
    [
      'with a challenge',
      refuse(403, 'insufficient_scope', { 'www-authenticate': 'Bearer error="insufficient_scope"' }),
      { state: 'auth-required', said: 'insufficient_scope' },
    ],
    ['that names a host in passing', refuse(403, 'Sign in at host login.example first'), { state: 'auth-required' }],
  ])('is authentication %s', async (_, refusal, wanted) => {
    expect(await refusedWith(refusal)).toMatchObject(wanted);
  });

  it.each<[string, Answering]>([
    ['that complains of its Host', refuse(403, 'Invalid Host')],
    ['as a JSON-RPC error', jsonRefusal(403, 'Invalid Host header: x.mcp.svc')],
    ['that no credentials would change', refuse(403, 'CSRF token missing')],
  ])('is authentication for the reference operator, so it is under its profile, %s', async (_, refusal) => {
    expect(await refusedWith(refusal, true)).toMatchObject({ state: 'auth-required', statusCode: 403 });
    expect(await refusedWith(refusal)).toMatchObject({ state: 'failed' });
  });

  it('of another status is still none under that profile', async () => {
    expect(await refusedWith(refuse(421, 'Invalid Host header'), true)).toMatchObject({ state: 'failed' });
  });

  it('for its Origin is no authentication either, and the remedy is another one', async () => {
    expect(await refusedWith(refuse(403, 'Invalid Origin header'))).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/^answered HTTP 403: Invalid Origin header; .* have it let those pass$/),
    });
  });

  it.each(['Unsupported User-Agent', 'API rate limit exceeded', 'IP is not on the list'])(
    'that no credentials would change is a failure with what to do: %s',
    async (words) => {
      expect(await refusedWith(refuse(403, words))).toMatchObject({
        ...{ state: 'failed' },
        message: expect.stringMatching(
          /; no credentials would change that: let requests pass that come to its Service$/,
        ),
      });
    },
  );

  it('that no credentials would change is a failure, in the words of the server', async () => {
    expect(await refusedWith(refuse(403, 'CSRF token missing'))).toMatchObject({
      state: 'failed',
      message:
        'answered HTTP 403 with text/plain: CSRF token missing; no credentials would change that: let requests pass that come to its Service',
    });
  });

  it('tells long and odd words bounded, on one line', async () => {
    const result = await refusedWith(refuse(401, `no\n\u202e${'x'.repeat(5_000)}`));
    expect(result.state === 'auth-required' ? result.said : '').toMatch(/^no x{190,200}…$/);
  });
});

/** What to do about a limit. */
const limited =
  'let the pods of mcp-lifecycle pass its limit, or have it asked less often: spec.extensions.verification.periodSeconds';

describe('a server that asks not to be asked', () => {
  it.each<[string, Answering, object]>([
    [
      '429 with seconds',
      refuse(429, 'slow down', { 'retry-after': '30' }),
      { message: `answered HTTP 429 (Retry-After: 30): slow down; ${limited}`, retryAfterMs: 30_000 },
    ],
    ['429 without Retry-After', jsonRefusal(429, 'too many'), { message: `answered HTTP 429: too many; ${limited}` }],
    ['503 with Retry-After', refuse(503, '', { 'retry-after': '5' }), { retryAfterMs: 5_000 }],
    ['ten digits of seconds', refuse(429, '', { 'retry-after': '9999999999' }), { retryAfterMs: 1e12 }],
    ['a hundred digits', refuse(429, '', { 'retry-after': '9'.repeat(100) }), { retryAfterMs: 1e12 }],
    ['a date in the past', refuse(429, '', { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }), { retryAfterMs: 0 }],
  ])('is throttled: %s', async (_, refusal, wanted) => {
    expect(await refusedWith(refusal)).toMatchObject({ state: 'throttled', ...wanted });
  });

  it('is asked nothing else, and names no time when Retry-After is no time', async () => {
    const server = await serve({ 'server/discover': refuse(429, '', { 'retry-after': 'soon' }) });
    const message = `answered HTTP 429 (Retry-After: soon); ${limited}`;
    expect(await probe(server.url)).toEqual({ state: 'throttled', message });
    expect(server.methods()).toEqual(['server/discover']);
  });

  it('is failed with 503 alone: that is what a broken server says', async () => {
    expect(await refusedWith(refuse(503, 'no upstream'))).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/^answered HTTP 503 with text\/plain: no upstream; .*: see the logs of its pods$/),
    });
  });
});

describe('a status that says nothing of MCP', () => {
  const broken = 'it failed on the question: see the logs of its pods';
  it.each<[string, Answering, string]>([
    ['500 without a word', refuse(500), `answered HTTP 500 with text/plain; ${broken}`],
    ['500 in JSON-RPC', jsonRefusal(500, 'boom'), `it answered HTTP 500 with JSON-RPC error -32000: boom; ${broken}`],
    ['502', refuse(502), 'has nothing behind it, or that is not ready or has too much to do: see the logs of its pods'],
    ['418', refuse(418, 'teapot'), 'answered HTTP 418 with text/plain: teapot; is spec.config.path right?'],
  ])('is told with what to look at: %s', async (_, refusal, wanted) => {
    expect(await refusedWith(refusal)).toMatchObject({ state: 'failed', message: expect.stringContaining(wanted) });
  });
});

describe('a redirect', () => {
  it.each<[string, string]>([
    ['/mcp/', 'it redirects to /mcp/;'],
    ['https://user:secret@login.example/start?token=secret#secret', 'it redirects to https://login.example/start;'],
    [`/${'x'.repeat(2_000)}`, '…;'],
    ['http://[', 'redirects are not followed'],
  ])('is told with its target (%#), without what may be secret', async (location, wanted) => {
    const result = await refusedWith(refuse(307, '', { location }));
    const message = result.state === 'failed' ? result.message : '';
    expect(message).toContain(wanted);
    expect(message).not.toContain('secret');
    expect(message.length).toBeLessThan(400);
  });
});

describe('what to do about a redirect', () => {
  const path = /redirects are not followed: set spec\.config\.path to that$/;
  const https =
    /not followed: switch its redirect to HTTPS off, or set spec\.transport\.tls\.enabled and, as spec\.config\.port, the port that speaks TLS$/;
  const here = /redirects are not followed: have the server answer at spec\.config\.path itself/;
  it.each<[string, string, RegExp]>([
    ['to another path is to set it', '/mcp/', path],
    ['to another path by its whole address is to set it', 'http://HOST/v1/mcp', path],
    ['to https of the same path is TLS, not another path', 'https://HOSTNAME/mcp', https],
    ['to https of another port is TLS', 'https://HOSTNAME:8443/mcp', https],
    ['to another host is none of the spec', 'https://mcp.example.com/mcp', here],
    ['to another port is none of the path', 'http://HOSTNAME:1/mcp', here],
    ['to itself is none of the path', '/mcp?again', here],
    ['to nowhere is none of the path', 'http://[', here],
  ])('%s', async (_, location, wanted) => {
    const answers: Record<string, Answering> = {};
    const { url } = await serve(answers);
    const { host, hostname } = new URL(url);
    const target = location.replace('HOSTNAME', hostname).replace('HOST', host);
    Object.assign(answers, { 'server/discover': refuse(307, '', { location: target }) });
    expect(await probe(url)).toMatchObject({ state: 'failed', message: expect.stringMatching(wanted) });
  });
});

describe('the transport of 2024-11-05', () => {
  const stream: Answering = (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('event: endpoint\ndata: /messages?session_id=1\n\n');
  };

  it('is said to be that, not a wrong path', async () => {
    const server = await serve({
      ...{ 'server/discover': refuse(405), initialize: refuse(405), GET: stream },
    });
    const first = await probe(server.url);
    expect(first).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('HTTP+SSE transport of 2024-11-05'),
    });
    const { memory } = first;
    expect(await probe(server.url, { memory })).toMatchObject({
      message: first.state === 'failed' ? first.message : '',
    });
    expect(server.methods().filter((method) => method === 'GET')).toHaveLength(1);
  });

  it('is named where such servers have it, when the path of the spec is unknown there', async () => {
    const atSse: Answering = (response, asked) => {
      if (asked.path === '/sse') stream(response, asked);
      else response.writeHead(404).end();
    };
    const { url } = await serve({ GET: atSse });
    expect(await probe(url)).toMatchObject({
      message: expect.stringMatching(/^it speaks the HTTP\+SSE transport of 2024-11-05 \(at \/sse\), which/),
    });
  });

  it('is not said of a stream of other events, nor of a wrong path', async () => {
    const events: Answering = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end('event: message\ndata: endpoint\n\n');
    };
    for (const answers of [{ GET: events }, {}]) {
      const { url } = await serve(answers);
      expect(await probe(url)).toMatchObject({
        state: 'failed',
        message: 'answered HTTP 404: is spec.config.path right?',
      });
    }
  });
});

describe('a closed connection', () => {
  it('of a port that does not speak TLS is told as it is', async () => {
    const { url } = await serve({ 'server/discover': hangUp, initialize: hangUp });
    expect(await probe(url)).toMatchObject({
      message: expect.stringMatching(
        /^the connection was closed before the answer was complete; it may have ended, .*: see the logs of its pods$/,
      ),
    });
  });

  it('and words about HTTPS name the setting', async () => {
    const go = refuse(400, 'Client sent an HTTP request to an HTTPS server.');
    expect(await refusedWith(go)).toMatchObject({
      message: expect.stringMatching(
        /^the port speaks TLS: set spec\.transport\.tls\.enabled \(it answered HTTP 400: Client sent .*\)$/,
      ),
    });
  });
});

describe('lists', () => {
  const listing = (list: Answering): Promise<AnsweringServer> =>
    serve({ 'server/discover': answer({ result: discovered }), 'tools/list': list });
  const tools = (...names: readonly unknown[]): Answering =>
    answer({ result: { tools: names.map((name) => ({ name })) } });

  it('of the same tools have the same digest in any order, and another one when a tool or a word of one is', async () => {
    const digests: (string | undefined)[] = [];
    const reworded = answer({ result: { tools: [{ name: 'a', description: 'x' }, { name: 'b' }] } });
    for (const list of [tools('a', 'b'), tools('b', 'a'), tools('a', 'c'), reworded, tools('a', 7)]) {
      const { url } = await listing(list);
      const result = await probe(url, { countsOffers: true });
      const seen = result.state === 'verified' ? result.tools : undefined;
      digests.push(seen === undefined || !('digest' in seen) ? seen?.reason : seen.digest);
    }
    expect(digests[0]).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(digests[1]).toBe(digests[0]);
    expect(new Set(digests).size).toBe(4);
    expect(digests[4]).toBe('ContractUnreadable');
  });

  it('of another contract than the known one are read twice, and one that differs each time has no digest', async () => {
    let turn = 0;
    const restless: Answering = (response, asked) => {
      turn += 1;
      tools(`a${turn}`)(response, asked);
    };
    const server = await listing(restless);
    const first = await probe(server.url, { countsOffers: true });
    const seen = first.state === 'verified' ? first.tools : undefined;
    if (seen === undefined || !('digest' in seen)) throw new Error('no digest');
    expect(await probe(server.url, { countsOffers: true, knownContract: seen.digest })).toMatchObject({
      tools: { reason: 'ContractUnstable' },
    });
    expect(server.methods().filter((method) => method === 'tools/list')).toHaveLength(3);
    const steady = await listing(tools('b'));
    expect(await probe(steady.url, { countsOffers: true, knownContract: seen.digest })).toMatchObject({
      tools: {
        digest: expect.stringMatching(/^sha256:/),
        listed: expect.stringMatching(/^\S{8} \S{8} -do b$/),
        truncated: 0,
      },
    });
    expect(steady.methods().filter((method) => method === 'tools/list')).toHaveLength(2);
  });

  it('of more tools than a contract may have are counted, and it is said why there is no digest', async () => {
    const { url } = await listing(tools(...Array.from({ length: 513 }, (_, at) => `t${at}`)));
    expect(await probe(url, { countsOffers: true })).toMatchObject({
      offers: { tools: 513 },
      tools: { reason: 'ContractTooLarge' },
    });
  });

  it.each<[string, Answering, RegExp, string | undefined]>([
    [
      'without an end',
      answer({ result: { tools: [], nextCursor: 'again' } }),
      /^tools\/list has no end after 64 pages, where it was cut$/,
      'ContractTooLarge',
    ],
    [
      'that is refused',
      answer({ error: { code: -32603, message: 'boom' } }),
      /^tools\/list failed: JSON-RPC error -32603$/,
      undefined,
    ],
    [
      'that is none',
      answer({ result: { tools: 7 } }),
      /^tools\/list is answered without a list$/,
      'ContractUnreadable',
    ],
  ])('%s have no count and no digest, and it is said why', async (_, list, why, reason) => {
    const { url } = await listing(list);
    const result = await probe(url, { countsOffers: true });
    expect(result).toMatchObject({ state: 'verified', offers: {}, notCounted: expect.stringMatching(why) });
    const tools = result.state === 'verified' ? result.tools : undefined;
    expect(tools).toEqual(reason === undefined ? undefined : { reason, why: expect.stringMatching(why) });
  });

  it('say the same each time, whatever the words of the server, within 256 characters', async () => {
    let turn = 0;
    const fails: Answering = (response, asked) => {
      turn += 1;
      jsonRefusal(500, `request ${turn} ${'x'.repeat(999)}`)(response, asked);
    };
    const capabilities = { tools: {}, resources: {}, prompts: {} };
    const { url } = await serve({
      'server/discover': answer({ result: { ...discovered, capabilities } }),
      ...{ 'tools/list': fails, 'resources/list': fails, 'prompts/list': refuse(404) },
    });
    for (const result of [await probe(url, { countsOffers: true }), await probe(url, { countsOffers: true })]) {
      expect(result).toMatchObject({
        notCounted:
          'tools/list failed: JSON-RPC error -32000; resources/list failed: JSON-RPC error -32000; prompts/list failed: HTTP 404',
      });
    }
  });
});
