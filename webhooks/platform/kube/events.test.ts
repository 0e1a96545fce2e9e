import { describe, expect, it } from '@jest/globals';

import { silentLogger } from '../log.ts';
import type { ApiRequest, KubeApi } from './api.ts';
import { cutToBytes, EventRecorder } from './events.ts';
import { createFakeClock, settle } from './testing/fake-clock.ts';

const event = (note: string) => ({
  regarding: { apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', namespace: 'mcp', name: 'search', uid: 'u' },
  ...{ type: 'Warning' as const, reason: 'Invalid', action: 'ConfigurationValidation', note },
});

function recording(answer: KubeApi['request']) {
  const api: KubeApi = { request: answer, watch: () => Promise.resolve({ why: 'closed' }) };
  return new EventRecorder({ api, clock: createFakeClock(), log: silentLogger, instance: 'pod-1' });
}

describe('EventRecorder', () => {
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

  it('goes on after a failure, and drops the oldest when too many wait', async () => {
    const notes: string[] = [];
    let release = (): void => undefined;
    const recorder = recording(async ({ body }) => {
      notes.push((body as { note: string }).note);
      if (notes.length === 1) await new Promise<void>((resolve) => (release = resolve));
      return { ok: false, error: { status: 500, reason: 'x', message: 'x', retry: true } };
    });
    for (let count = 0; count < 600; count += 1) recorder.record(event(String(count)));
    release();
    for (let round = 0; round < 50; round += 1) await settle();
    expect(notes).toHaveLength(501);
    expect(notes.slice(0, 2)).toEqual(['0', '100']);
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
