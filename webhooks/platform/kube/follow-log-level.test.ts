import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger, type AdjustableLogger, type LogLevel } from '../log.ts';
import { followLogLevel } from './follow-log-level.ts';
import { createFakeClock, type FakeClock } from './testing/fake-clock.ts';
import { createFakeKubeApi, type FakeKubeApi } from './testing/fake-kube-api.ts';

const path = '/api/v1/namespaces/system/configmaps/logging';
const metadata = { name: 'logging', namespace: 'system' };

const running: AbortController[] = [];

afterEach(() => {
  for (const stop of running.splice(0)) stop.abort();
});

interface Following {
  readonly log: AdjustableLogger;
  readonly clock: FakeClock;
  readonly lines: string[];
}

async function follow(api: FakeKubeApi, level: LogLevel = 'info'): Promise<Following> {
  const lines: string[] = [];
  const log = createLogger({ level, write: (line) => lines.push(line), now: () => new Date(0) });
  const clock = createFakeClock();
  const stop = new AbortController();
  running.push(stop);
  const options = { api, clock, log, random: () => 1, namespace: 'system', configMap: 'logging' };
  void followLogLevel(options, stop.signal);
  await clock.advance(100);
  return { log, clock, lines };
}

describe('the log level in a ConfigMap', () => {
  it('is taken over while the program runs, and given up when it is taken out again', async () => {
    const api = createFakeKubeApi();
    api.put(path, { metadata });
    const { log, clock, lines } = await follow(api);
    log.debug('before');
    api.put(path, { metadata, data: { level: 'debug' } });
    await clock.advance(1_000);
    log.debug('meanwhile');
    expect(log.level).toBe('debug');
    api.remove(path);
    api.put(path, { metadata });
    await clock.advance(1_000);
    log.debug('after');
    const messages = lines.map((line) => (JSON.parse(line) as { readonly message: string }).message);
    expect(messages).toEqual(['another log level is in force', 'meanwhile', 'another log level is in force']);
  });

  it('is there from the start of a program that starts later', async () => {
    const api = createFakeKubeApi();
    api.put(path, { metadata, data: { level: 'error\n' } });
    const { log } = await follow(api);
    expect(log.level).toBe('error');
  });

  it('stays what it was when the text is none, which is told', async () => {
    const api = createFakeKubeApi();
    api.put(path, { metadata, data: { level: 'debug' } });
    const { log, clock, lines } = await follow(api);
    api.put(path, { metadata, data: { level: 'loud' } });
    await clock.advance(1_000);
    expect(log.level).toBe('debug');
    expect(lines.at(-1)).toContain('the log level stays: what is written is none');
    expect(lines.join('')).not.toContain('loud');
  });

  it.each([
    ['there is no such ConfigMap', (api: FakeKubeApi) => api],
    [
      'it may not be read',
      (api: FakeKubeApi) => {
        api.answer(() => true, 403);
        return api;
      },
    ],
  ])('is that of the start while %s', async (_what, prepare) => {
    const { log } = await follow(prepare(createFakeKubeApi()), 'warn');
    expect(log.level).toBe('warn');
  });

  it('of other ConfigMaps counts for nothing', async () => {
    const api = createFakeKubeApi();
    api.put('/api/v1/namespaces/system/configmaps/other', {
      metadata: { name: 'other', namespace: 'system' },
      data: { level: 'debug' },
    });
    expect((await follow(api)).log.level).toBe('info');
  });
});
