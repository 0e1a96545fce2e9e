import { describe, expect, it } from '@jest/globals';

import { silentLogger } from '../log.ts';
import type { ApiRequest, KubeApi } from './api.ts';
import { cutToBytes, EventRecorder } from './events.ts';
import { createFakeClock, settle } from './testing/fake-clock.ts';

const event = (note: string, namespace = 'mcp') => ({
  regarding: { apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', namespace, name: 'search', uid: 'u' },
  ...{ type: 'Warning' as const, reason: 'Invalid', action: 'ConfigurationValidation', note },
});

function recording(answer: KubeApi['request'], clock = createFakeClock(), log = silentLogger) {
  const api: KubeApi = { request: answer, watch: () => Promise.resolve({ why: 'closed' }) };
  return new EventRecorder({ api, clock, log, instance: 'pod-1' });
}

/** Records the notes one after another and tells what was asked of the API: `POST one`, `PATCH x2`. */
async function recordAll(
  notes: readonly string[],
  { everyMs = 60_000, gone = false } = {},
): Promise<{ readonly asked: readonly string[]; readonly paths: ReadonlySet<string> }> {
  const asked: string[] = [];
  const paths = new Set<string>();
  const clock = createFakeClock();
  const recorder = recording(({ method, path, body }) => {
    const { note, series } = body as { readonly note?: string; readonly series?: { readonly count: number } };
    asked.push(series === undefined ? `${method} ${note ?? ''}` : `${method} x${series.count}`);
    if (method === 'PATCH') paths.add(path);
    const error = { status: 404, reason: 'NotFound', message: 'x', retry: false };
    return Promise.resolve(method === 'PATCH' && gone ? { ok: false, error } : { ok: true, body: {} });
  }, clock);
  for (const note of notes) {
    recorder.record(event(note));
    await clock.advance(everyMs);
  }
  return { asked, paths };
}

describe('EventRecorder', () => {
  it.each([
    ['NamespaceTerminating', 0],
    ['Forbidden', 1],
  ])(
    'logs what could not be written, but in a namespace on its way out (a line for each server): %s',
    async (reason, lines) => {
      const warnings: string[] = [];
      const error = { status: 403, reason, message: 'x', retry: false };
      const recorder = recording(() => Promise.resolve({ ok: false, error }), createFakeClock(), {
        ...silentLogger,
        warn: (message) => void warnings.push(message),
      });
      recorder.record(event('first'));
      await settle();
      expect(warnings).toHaveLength(lines);
    },
  );

  it('writes a note that the API server can read, whatever text of somebody else is in it', async () => {
    const { asked } = await recordAll(['a\u009b\ud83e\uffff\u202eb']);
    expect(asked).toEqual([`POST a${'\ufffd'.repeat(4)}b`]);
  });

  it('writes events one after another with everything that the API asks for', async () => {
    const requests: ApiRequest[] = [];
    const recorder = recording((request) => {
      requests.push(request);
      return Promise.resolve({ ok: true, body: {} });
    });
    recorder.record(event('first'));
    recorder.record(event('second'));
    await settle();
    expect(requests.map(({ body }) => (body as { note: string }).note)).toEqual(['first', 'second']);
    expect(requests[0]).toMatchObject({
      method: 'POST',
      path: '/apis/events.k8s.io/v1/namespaces/mcp/events',
      body: {
        metadata: { namespace: 'mcp' },
        eventTime: '2026-01-01T00:00:00.000000Z',
        reportingController: 'mcp-lifecycle',
        reportingInstance: 'pod-1',
      },
    });
  });

  it.each([
    ['different events are two Events', ['one', 'two'], {}, ['POST one', 'POST two']],
    ['a repeat is counted', ['one', 'one', 'one'], {}, ['POST one', 'PATCH x2', 'PATCH x3']],
    [
      'repeats of two that alternate are counted on each',
      ['up', 'down', 'up', 'down'],
      {},
      ['POST up', 'POST down', 'PATCH x2', 'PATCH x2'],
    ],
    ['a repeat after ten minutes is a new Event', ['one', 'one'], { everyMs: 600_000 }, ['POST one', 'POST one']],
    ['an Event that was deleted is written anew', ['one', 'one'], { gone: true }, ['POST one', 'PATCH x2', 'POST one']],
  ])('%s', async (_, notes, options, wanted) => {
    expect((await recordAll(notes, options)).asked).toEqual(wanted);
  });

  it('counts on the Event that it wrote', async () => {
    const { paths } = await recordAll(['one', 'one', 'one']);
    expect([...paths]).toEqual([expect.stringMatching(/\/namespaces\/mcp\/events\/search\.[0-9a-f]{16}$/)]);
  });

  it('forgets the oldest of a thousand', async () => {
    const many = Array.from({ length: 1_000 }, (_, index) => String(index));
    const { asked } = await recordAll(['one', ...many, 'one', '999'], { everyMs: 1 });
    expect(asked.slice(-2)).toEqual(['POST one', 'PATCH x2']);
  });

  it('counts what happens again in one namespace, although a thousand other things happened in another', async () => {
    const asked: string[] = [];
    const clock = createFakeClock();
    const recorder = recording(({ method }) => {
      asked.push(method);
      return Promise.resolve({ ok: true, body: {} });
    }, clock);
    recorder.record(event('again', 'quiet'));
    for (let count = 0; count < 1_100; count += 1) {
      recorder.record(event(String(count), 'busy'));
      await clock.advance(1);
    }
    recorder.record(event('again', 'quiet'));
    await clock.advance(1);
    expect(asked.at(-1)).toBe('PATCH');
  });

  it('goes on after a failure, and drops the oldest when too many wait', async () => {
    const notes: string[] = [];
    let release = (): void => undefined;
    const recorder = recording(async ({ body }) => {
      notes.push((body as { note: string }).note);
      if (notes.length === 1) await new Promise<void>((resolve) => (release = resolve));
      return { ok: false, error: { status: 500, reason: 'x', message: 'x', retry: true } };
    });
    for (let count = 0; count < 600; count += 1) recorder.record(event(String(count)));
    await settle();
    release();
    for (let round = 0; round < 50; round += 1) await settle();
    expect(notes).toHaveLength(501);
    expect(notes.slice(0, 2)).toEqual(['0', '100']);
  });

  it('neither drops nor delays what happens in one namespace for six hundred events of another', async () => {
    const notes: string[] = [];
    let release = (): void => undefined;
    const recorder = recording(async ({ body }) => {
      notes.push((body as { note: string }).note);
      if (notes.length === 1) await new Promise<void>((resolve) => (release = resolve));
      return { ok: true, body: {} };
    });
    recorder.record(event('first', 'busy'));
    recorder.record(event('quiet', 'quiet'));
    for (let count = 0; count < 600; count += 1) recorder.record(event(String(count), 'busy'));
    await settle();
    release();
    await settle();
    expect(notes.slice(0, 3)).toContain('quiet');
  });
});

describe('cutToBytes', () => {
  it.each([
    ['short', 'short', 1024],
    ['abcdefgh', 'abc…', 6],
    ['ääää', 'ä…', 6],
    ['😀😀😀', '😀…', 8],
  ])('%s', (text, cut, bytes) => {
    expect(cutToBytes(text, bytes)).toBe(cut);
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(bytes);
  });
});
