import { describe, expect, it } from '@jest/globals';

import { silentLogger } from '../log.ts';
import { errorFromAnswer } from './api-error.ts';
import type { ApiRequest, ApiResult, KubeApi, WatchEnd, WatchEvent, WatchRequest } from './api.ts';
import { ListWatch } from './list-watch.ts';
import type { WatchHandlers } from './list-watch.ts';
import { createFakeClock, settle } from './testing/fake-clock.ts';
import { createFakeKubeApi } from './testing/fake-kube-api.ts';

const item = (name: string, resourceVersion = '1'): Record<string, unknown> => ({
  metadata: { name, namespace: 'mcp', resourceVersion },
});

const page = (items: unknown[], metadata: Record<string, unknown> = {}): ApiResult => ({
  ok: true,
  body: { metadata: { resourceVersion: '10', ...metadata }, items },
});

const failure = (status: number, retryAfterMs?: number): ApiResult & WatchEnd => ({
  ok: false,
  why: 'failed',
  error: {
    status,
    reason: 'Test',
    message: `HTTP ${status}`,
    retry: status === 429 || status >= 500 || status === 0,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  },
});

interface Scripted {
  readonly api: KubeApi;
  readonly lists: ApiRequest[];
  readonly watches: (WatchRequest & { readonly at: number })[];
  send(event: WatchEvent): void;
  end(end: WatchEnd): void;
}

/** Answers lists one after another (the last for ever); watches stay open until the test ends them. */
function scripted(clock: { now(): Date }, answers: readonly ApiResult[], endAtOnce?: WatchEnd): Scripted {
  const lists: ApiRequest[] = [];
  const watches: (WatchRequest & { readonly at: number })[] = [];
  let open: { onEvent: (event: WatchEvent) => void; resolve: (end: WatchEnd) => void } | undefined;
  return {
    lists,
    watches,
    send: (event) => open?.onEvent(event),
    end: (end) => open?.resolve(end),
    api: {
      request(request) {
        lists.push(request);
        return Promise.resolve(answers[Math.min(lists.length, answers.length) - 1] ?? page([]));
      },
      watch(request, onEvent) {
        watches.push({ ...request, at: clock.now().getTime() });
        if (endAtOnce !== undefined) return Promise.resolve(endAtOnce);
        return new Promise((resolve) => {
          open = { onEvent, resolve };
          request.signal.addEventListener('abort', () => {
            resolve({ why: 'aborted' });
          });
        });
      },
    },
  };
}

function recorder(): WatchHandlers & { readonly seen: string[] } {
  const seen: string[] = [];
  const name = (object: unknown): string => (object as { metadata: { name: string } }).metadata.name;
  return {
    seen,
    onUpsert: (object) => seen.push(`+${name(object)}`),
    onDelete: (object) => seen.push(`-${name(object)}`),
    onRewritten: () => seen.push('rewritten'),
    onReplace: (keys) => seen.push(`=${keys instanceof Set ? [...keys].join(',') : 'no set'}`),
  };
}

function start(
  answers: readonly ApiResult[],
  { endAtOnce, ...options }: { handlers?: WatchHandlers; metadataOnly?: boolean; endAtOnce?: WatchEnd } = {},
) {
  const clock = createFakeClock();
  const script = scripted(clock, answers, endAtOnce);
  const handlers = recorder();
  const watch = new ListWatch({
    ...{
      clock,
      log: silentLogger,
      random: () => 1,
      api: script.api,
      kind: 'Thing',
      name: 'things',
      path: '/api/v1/things',
      handlers,
    },
    ...options,
  });
  const stop = new AbortController();
  const done = watch.run(stop.signal);
  return { clock, ...script, handlers, watch, stop: () => (stop.abort(), done) };
}

describe('ListWatch', () => {
  it('lists page by page, then watches from there with bookmarks and a time limit', async () => {
    const t = start([page([item('a')], { continue: 'next' }), page([item('b')])]);
    await settle();
    expect(t.handlers.seen).toEqual(['+a', '+b', '=Thing/mcp/a,Thing/mcp/b']);
    expect(t.watch.isSynced).toBe(true);
    expect(t.lists.map(({ query }) => query?.['continue'])).toEqual([undefined, 'next']);
    expect(t.watches[0]?.query).toMatchObject({
      resourceVersion: '10',
      allowWatchBookmarks: 'true',
      timeoutSeconds: '600',
    });
    await t.stop();
  });

  it('resumes after a closed stream from the last version, a bookmark counting', async () => {
    const t = start([page([])]);
    await settle();
    t.send({ type: 'ADDED', object: item('a', '11') });
    t.send({ type: 'BOOKMARK', object: item('', '17') });
    t.end({ why: 'closed' });
    await settle();
    expect(t.watches.map(({ query }) => query?.['resourceVersion'])).toEqual(['10', '17']);
    expect(t.lists).toHaveLength(1);
    await t.stop();
  });

  it('lists again when its place is forgotten (410)', async () => {
    const t = start([page([item('a')]), page([item('b')])]);
    await settle();
    t.end(failure(410));
    await t.clock.advance(250);
    expect(t.handlers.seen).toEqual(['+a', '=Thing/mcp/a', '+b', '=Thing/mcp/b']);
    await t.stop();
  });

  it('waits longer after each failure in a row, and not at all after a success', async () => {
    const t = start([failure(500), failure(500), failure(500), page([])]);
    await settle();
    expect(t.lists).toHaveLength(1);
    await t.clock.advance(250);
    expect(t.lists).toHaveLength(2);
    await t.clock.advance(499);
    expect(t.lists).toHaveLength(2);
    await t.clock.advance(1);
    expect(t.lists).toHaveLength(3);
    expect(t.watch.isSynced).toBe(false);
    await t.clock.advance(1_000);
    expect(t.watch.isSynced).toBe(true);
    await t.stop();
  });

  it('knows that it is not allowed, until it is', async () => {
    const t = start([failure(403), failure(500), failure(403), page([])]);
    await settle();
    expect(t.watch.isForbidden).toBe(true);
    await t.clock.advance(250);
    expect(t.watch.isForbidden).toBe(false);
    await t.clock.advance(500);
    expect(t.watch.isForbidden).toBe(true);
    await t.clock.advance(1_000);
    expect(t.watch.isForbidden).toBe(false);
    await t.stop();
  });

  it('waits as long as Retry-After says', async () => {
    const t = start([failure(429, 7_000), page([])]);
    await t.clock.advance(6_000);
    expect(t.lists).toHaveLength(1);
    await t.clock.advance(2_000);
    expect(t.lists).toHaveLength(2);
    await t.stop();
  });

  it('lists again after a silent stream: after a restore of etcd a watch waits for versions that were', async () => {
    const t = start([page([item('a')]), page([item('b')])]);
    await settle();
    t.end({ why: 'idle' });
    await settle();
    expect(t.handlers.seen).toEqual(['+a', '=Thing/mcp/a', '+b', '=Thing/mcp/b']);
    expect(t.watches).toHaveLength(2);
    await t.stop();
  });

  it('lists again when the server says that our place is yet to come', async () => {
    const body = { reason: 'Timeout', details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } };
    const t = start([page([item('a')]), page([item('b')])]);
    await settle();
    t.end({ why: 'failed', error: errorFromAnswer({ request: 'WATCH things', status: 504, body }) });
    await t.clock.advance(250);
    expect(t.handlers.seen).toEqual(['+a', '=Thing/mcp/a', '+b', '=Thing/mcp/b']);
    await t.stop();
  });

  it('lists again after an event that cannot be read, instead of asking for it again and again', async () => {
    const t = start([page([item('a')]), page([item('a'), item('b')], { resourceVersion: '12' })]);
    await settle();
    t.end({ why: 'failed', error: { status: 0, reason: 'TooLarge', message: 'too long', retry: false } });
    await t.clock.advance(250);
    expect(t.handlers.seen).toEqual(['+a', '=Thing/mcp/a', '+a', '+b', '=Thing/mcp/a,Thing/mcp/b']);
    expect(t.watches.at(-1)?.query).toMatchObject({ resourceVersion: '12' });
    await t.stop();
  });

  it('tells that versions went back when a list is older than what was seen', async () => {
    const t = start([page([item('a')]), page([item('a')], { resourceVersion: '7' }), page([])]);
    await settle();
    t.send({ type: 'BOOKMARK', object: item('', '17') });
    t.end({ why: 'idle' });
    await settle();
    expect(t.handlers.seen).toEqual(['+a', '=Thing/mcp/a', 'rewritten', '+a', '=Thing/mcp/a']);
    expect(t.watches.at(-1)?.query).toMatchObject({ resourceVersion: '7' });
    t.end(failure(410));
    await t.clock.advance(250);
    expect(t.handlers.seen.filter((seen) => seen === 'rewritten')).toHaveLength(1);
    await t.stop();
  });

  it('lists again when the API server was away and came back with older versions, of which a silent watch tells nothing', async () => {
    const older = { resourceVersion: '7' };
    const t = start([page([item('a')]), failure(503), page([item('b')], older), page([item('b')], older)]);
    await settle();
    t.end(failure(0));
    await t.clock.advance(2_000);
    expect(t.lists.map(({ query }) => query?.['limit'])).toEqual(['50', '1', '1', '50']);
    expect(t.handlers.seen).toEqual(['+a', '=Thing/mcp/a', 'rewritten', '+b', '=Thing/mcp/b']);
    expect(t.watches.map(({ query }) => query?.['resourceVersion'])).toEqual(['10', '7']);
    await t.stop();
  });

  it('goes on from its place when the API server was away, and lists nothing again, if it knows that place', async () => {
    const t = start([page([item('a')]), page([item('b')], { resourceVersion: '10' })]);
    await settle();
    t.end(failure(0));
    await t.clock.advance(2_000);
    expect(t.handlers.seen).toEqual(['+a', '=Thing/mcp/a']);
    expect(t.lists).toHaveLength(2);
    expect(t.watches.map(({ query }) => query?.['resourceVersion'])).toEqual(['10', '10']);
    t.end(failure(500));
    await t.clock.advance(2_000);
    expect(t.lists).toHaveLength(2);
    await t.stop();
  });

  it('lists again when an event is older than the last one, and believes neither', async () => {
    const t = start([page([item('a')]), page([item('b')], { resourceVersion: '20' })]);
    await settle();
    t.send({ type: 'MODIFIED', object: item('a', '15') });
    t.send({ type: 'MODIFIED', object: item('a', '12') });
    t.send({ type: 'MODIFIED', object: item('a', '16') });
    await t.clock.advance(250);
    expect(t.handlers.seen).toEqual(['+a', '=Thing/mcp/a', '+a', 'rewritten', '+b', '=Thing/mcp/b']);
    await t.stop();
  });

  it('does not list in a loop when each event is older than the one before', async () => {
    const t = start([page([])]);
    for (let second = 0; second < 60; second += 1) {
      await t.clock.advance(1_000);
      t.send({ type: 'MODIFIED', object: item('a', '5') });
    }
    await t.clock.advance(1_000);
    expect(t.lists.length).toBeLessThan(10);
    await t.stop();
  });

  it('lists again an hour after the last list at the latest, when its watch ends', async () => {
    const t = start([page([item('a')])]);
    for (let minute = 0; minute < 59; minute += 1) {
      await t.clock.advance(60_000);
      t.end({ why: 'closed' });
    }
    await settle();
    expect(t.lists).toHaveLength(1);
    await t.clock.advance(60_000);
    t.end({ why: 'closed' });
    await settle();
    expect(t.lists).toHaveLength(2);
    await t.stop();
  });

  it('does not spin when each watch ends at once', async () => {
    const t = start([page([])]);
    await settle();
    t.end({ why: 'closed' });
    await settle();
    expect(t.watches).toHaveLength(1);
    await t.clock.advance(250);
    expect(t.watches).toHaveLength(2);
    await t.stop();
  });

  it.each<[string, WatchEnd]>([
    ['is refused although lists are allowed', failure(403)],
    ['ends at once', { why: 'closed' }],
    ['forgets its place at once (410)', failure(410)],
  ])('asks ever less often when each watch %s', async (_, end) => {
    const t = start([page([])], { endAtOnce: end });
    await t.clock.advance(120_000);
    const times = t.watches.map(({ at }) => at);
    const waits = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    await t.stop();
  });

  it('does not hold the quiet of a long watch against it', async () => {
    const t = start([page([])]);
    for (let round = 0; round < 5; round += 1) {
      await t.clock.advance(30_000);
      t.end({ why: 'closed' });
      await settle();
    }
    expect(t.watches).toHaveLength(6);
    await t.stop();
  });

  it('survives a handler that throws, and counts it', async () => {
    const seen: unknown[] = [];
    const t = start([page([item('a'), item('b')])], {
      handlers: {
        onUpsert: (object) => {
          seen.push(object);
          throw new Error('bug');
        },
        onDelete: () => undefined,
        onReplace: () => undefined,
      },
    });
    await settle();
    expect(seen).toHaveLength(2);
    expect(t.watch.failedEvents).toBe(2);
    expect(t.watches).toHaveLength(1);
    await t.stop();
  });

  it('asks for smaller pages where one is too long, goes on from there, and for larger ones again after it', async () => {
    const tooLarge: ApiResult = {
      ok: false,
      error: { status: 0, reason: 'TooLarge', message: 'too long', retry: false },
    };
    const next = { continue: 'next' };
    const t = start([page([item('a')], next), tooLarge, tooLarge, page([item('b')], next), page([item('c')])]);
    await settle();
    expect(t.lists.map(({ query }) => [query?.['continue'], query?.['limit']])).toEqual([
      [undefined, '50'],
      ['next', '50'],
      ['next', '25'],
      ['next', '13'],
      ['next', '26'],
    ]);
    expect(t.handlers.seen).toEqual(['+a', '+b', '+c', '=Thing/mcp/a,Thing/mcp/b,Thing/mcp/c']);
    await t.stop();
  });

  it('reads an object that is as long as any can be alone, however long a page may be', async () => {
    const api: KubeApi = {
      request: ({ query, maxBytes = 0 }) =>
        Promise.resolve(
          maxBytes < 9_500_000
            ? { ok: false, error: { status: 0, reason: 'TooLarge', message: query?.['limit'] ?? '', retry: false } }
            : page([item('long')]),
        ),
      watch: () => new Promise(() => undefined),
    };
    const handlers = recorder();
    const clock = createFakeClock();
    const watch = new ListWatch({
      ...{
        api,
        clock,
        log: silentLogger,
        random: () => 1,
        kind: 'Thing',
        name: 'things',
        path: '/api/v1/things',
        handlers,
      },
    });
    void watch.run(new AbortController().signal);
    await settle();
    expect(handlers.seen).toEqual(['+long', '=Thing/mcp/long']);
  });

  it('knows how long nothing came', async () => {
    const t = start([page([])]);
    await t.clock.advance(42_000);
    expect(t.watch.secondsSinceLastEvent()).toBe(42);
    await t.stop();
  });

  it('asks for metadata only where told so', async () => {
    const t = start([page([])], { metadataOnly: true });
    await settle();
    expect(t.lists[0]?.accept).toContain('PartialObjectMetadataList');
    expect(t.watches[0]?.accept).toContain('as=PartialObjectMetadata;');
    await t.stop();
  });

  it('follows the fake API server that other tests rely on', async () => {
    const api = createFakeKubeApi();
    api.put('/api/v1/namespaces/mcp/things/a', { metadata: { name: 'a', namespace: 'mcp' } });
    const handlers = recorder();
    const clock = createFakeClock();
    const watch = new ListWatch({
      ...{
        api,
        clock,
        log: silentLogger,
        random: () => 1,
        kind: 'Thing',
        name: 'things',
        path: '/api/v1/things',
        handlers,
      },
    });
    const stop = new AbortController();
    const done = watch.run(stop.signal);
    await settle();
    api.put('/api/v1/namespaces/mcp/things/b', { metadata: { name: 'b', namespace: 'mcp' } });
    api.remove('/api/v1/namespaces/mcp/things/a');
    expect(handlers.seen).toEqual(['+a', '=Thing/mcp/a', '+b', '-a']);
    stop.abort();
    await done;
  });
});
