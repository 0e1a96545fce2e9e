import { afterEach, describe, expect, it } from '@jest/globals';
import { atOwnSeverity } from '../../core/engine/policy.ts';
import type { Policy } from '../../core/engine/policy.ts';
import { createFakeClock } from '../kube/testing/fake-clock.ts';
import type { FakeClock } from '../kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../kube/testing/fake-kube-api.ts';
import { silentLogger } from '../log.ts';
import { FollowedPolicy } from './followed-policy.ts';
import type { FollowedPolicyOptions, PolicyReading } from './followed-policy.ts';
import { noticeOf } from './policy-source.ts';

const path = '/api/v1/namespaces/system/configmaps/policy';
const fallback = atOwnSeverity([]);
const named = new Map<string, Policy>();

/** A policy for each text that begins with "good", the same one for the same text; `until …` says when it changes. */
function readText(text: string): PolicyReading {
  if (text === 'bug') throw new Error('of ours');
  if (!text.startsWith('good')) return { ok: false, problem: 'it is not good' };
  const [, until] = / until (\S+)/.exec(text) ?? [];
  const nextChange = ({ now }: { now: string }): string | undefined =>
    until !== undefined && now < until ? until : undefined;
  const policy = named.get(text) ?? { ...atOwnSeverity([]), nextChange };
  named.set(text, policy);
  return { ok: true, policy, ignored: text.includes('unknown') ? ["rule 'unknown' is none"] : [] };
}

const running: AbortController[] = [];

afterEach(() => {
  for (const stop of running.splice(0)) stop.abort();
});

interface Followed {
  readonly source: FollowedPolicy;
  readonly clock: FakeClock;
  readonly changes: (string | undefined)[];
}

async function follow(api: FakeKubeApi, options: Partial<FollowedPolicyOptions> = {}): Promise<Followed> {
  const clock = createFakeClock();
  const source = new FollowedPolicy({
    ...{ api, clock, log: silentLogger, random: () => 1, namespace: 'system', configMap: 'policy', key: 'policy.yaml' },
    ...{ readsNamespaces: false, read: readText, fallback, ...options },
  });
  const changes: (string | undefined)[] = [];
  source.onChange(({ namespace }) => changes.push(namespace));
  const stop = new AbortController();
  running.push(stop);
  void source.run(stop.signal);
  await clock.advance(100);
  return { source, clock, changes };
}

function write(api: FakeKubeApi, text: string, key = 'policy.yaml'): void {
  api.put(path, { metadata: { name: 'policy', namespace: 'system' }, data: { [key]: text } });
}

describe('the policy that is followed', () => {
  it('is in force as soon as it was read, and another one as soon as the watch tells', async () => {
    const api = createFakeKubeApi();
    write(api, 'good 1');
    const { source, clock, changes } = await follow(api);
    expect(source.current()).toMatchObject({ policy: named.get('good 1'), origin: 'configured', revision: 1 });
    expect(source.isSettled).toBe(true);
    write(api, 'good 2');
    await clock.advance(1_000);
    expect(source.current()).toMatchObject({ policy: named.get('good 2'), origin: 'configured', revision: 2 });
    expect(source.current().problem).toBeUndefined();
    expect(changes).toHaveLength(2);
    expect(source.reads).toEqual({ taken: 2, refused: 0 });
  });

  it('stays the last good one while what is written there cannot be used, and is no other one when it comes back', async () => {
    const api = createFakeKubeApi();
    write(api, 'good 1');
    const { source, clock } = await follow(api);
    write(api, 'broken');
    await clock.advance(1_000);
    expect(source.current()).toMatchObject({ policy: named.get('good 1'), origin: 'last-good', revision: 1 });
    expect(source.current().problem).toBe(
      'ConfigMap system/policy has no usable policy under policy.yaml: it is not good',
    );
    expect(noticeOf(source.current())).toBeUndefined();
    write(api, 'good 1');
    await clock.advance(1_000);
    expect(source.current()).toMatchObject({ policy: named.get('good 1'), origin: 'configured', revision: 1 });
    expect(source.current().problem).toBeUndefined();
  });

  it('stays when the ConfigMap is deleted, and says so', async () => {
    const api = createFakeKubeApi();
    write(api, 'good 1');
    const { source, clock } = await follow(api);
    api.remove(path);
    await clock.advance(1_000);
    expect(source.current()).toMatchObject({
      ...{ policy: named.get('good 1'), origin: 'last-good', problem: 'ConfigMap system/policy does not exist' },
    });
    write(api, 'good 2');
    await clock.advance(1_000);
    expect(source.current()).toMatchObject({ policy: named.get('good 2'), origin: 'configured' });
  });

  it.each<[what: string, prepare: (api: FakeKubeApi) => void, problem: string]>([
    ['is not there', () => undefined, 'ConfigMap system/policy does not exist'],
    [
      'has another key',
      (api) => {
        write(api, 'good', 'rules');
      },
      'has no key policy.yaml, found rules',
    ],
    [
      'cannot be read',
      (api) => {
        write(api, 'broken');
      },
      'it is not good',
    ],
    [
      'runs into a bug of ours',
      (api) => {
        write(api, 'bug');
      },
      'a bug of mcp-lifecycle',
    ],
  ])('is the built-in one, with a notice, where what is configured %s from the start', async (_, prepare, problem) => {
    const api = createFakeKubeApi();
    prepare(api);
    const { source } = await follow(api);
    expect(source.current()).toMatchObject({ policy: fallback, origin: 'fallback' });
    expect(source.current().problem).toContain(problem);
    expect(noticeOf(source.current())).toContain('built-in profile');
    expect(source.isSettled).toBe(true);
  });

  it('is settled at once where it may not be read, and taken when it may', async () => {
    const api = createFakeKubeApi();
    write(api, 'good 1');
    api.answer(({ path: asked }) => asked.endsWith('/configmaps'), 403);
    const { source, clock } = await follow(api);
    expect(source.isSettled).toBe(true);
    expect(source.current().problem).toContain('may not be read');
    api.answer(() => false, undefined);
    await clock.advance(60_000);
    expect(source.current()).toMatchObject({ origin: 'configured' });
  });

  it('is waited for while the API server does not answer, but not without end', async () => {
    const api = createFakeKubeApi();
    write(api, 'good 1');
    api.answer(({ path: asked }) => asked.endsWith('/configmaps'), 503);
    const { source, clock } = await follow(api);
    await clock.advance(20_000);
    expect(source.isSettled).toBe(false);
    await clock.advance(15_000);
    expect(source.isSettled).toBe(true);
    expect(source.current()).toMatchObject({ origin: 'fallback' });
    api.answer(() => false, undefined);
    await clock.advance(60_000);
    expect(source.current()).toMatchObject({ origin: 'configured' });
  });

  it('says what of it has no effect', async () => {
    const api = createFakeKubeApi();
    write(api, 'good unknown');
    const { source } = await follow(api);
    expect(source.current()).toMatchObject({ origin: 'configured', ignored: ["rule 'unknown' is none"] });
  });

  it('is no other one for what does not change its text', async () => {
    const api = createFakeKubeApi();
    write(api, 'good 1');
    const { source, clock, changes } = await follow(api);
    api.put(path, {
      metadata: { name: 'policy', namespace: 'system', labels: { a: 'b' } },
      data: { 'policy.yaml': 'good 1' },
    });
    await clock.advance(1_000);
    expect(source.current().revision).toBe(1);
    expect(changes).toHaveLength(1);
  });

  it('says that verdicts may be others when an exemption ends, however far away that is', async () => {
    const api = createFakeKubeApi();
    write(api, 'good until 2026-03-01T00:00:00.000Z');
    const { source, clock, changes } = await follow(api);
    await clock.advance(58 * 86_400_000);
    expect(source.current().revision).toBe(1);
    await clock.advance(2 * 86_400_000);
    expect(source.current()).toMatchObject({ origin: 'configured', revision: 2 });
    expect(changes).toHaveLength(2);
  });

  it('does not take a ConfigMap of another name for it', async () => {
    const api = createFakeKubeApi();
    api.put('/api/v1/namespaces/system/configmaps/other', {
      ...{ metadata: { name: 'other', namespace: 'system' }, data: { 'policy.yaml': 'good other' } },
    });
    const { source } = await follow(api);
    expect(source.current()).toMatchObject({ origin: 'fallback' });
  });
});

describe('labels of namespaces', () => {
  const namespace = (api: FakeKubeApi, name: string, labels: Record<string, string>): void => {
    api.put(`/api/v1/namespaces/${name}`, { metadata: { name, labels } });
  };

  it('are nobody’s business without the right to read them', async () => {
    const api = createFakeKubeApi();
    const { source } = await follow(api);
    expect(source.labelsOf).toBeUndefined();
    expect(api.reads.filter((read) => read.endsWith('/namespaces'))).toEqual([]);
  });

  it('are the same object until they change, which is told', async () => {
    const api = createFakeKubeApi();
    write(api, 'good 1');
    namespace(api, 'tools', { stage: 'prod' });
    const { source, clock, changes } = await follow(api, { readsNamespaces: true });
    const before = source.labelsOf?.('tools');
    expect(before).toEqual({ stage: 'prod' });
    changes.splice(0);
    api.put('/api/v1/namespaces/tools', {
      metadata: { name: 'tools', labels: { stage: 'prod' }, annotations: { a: 'b' } },
    });
    await clock.advance(1_000);
    expect(source.labelsOf?.('tools')).toBe(before);
    expect(changes).toEqual([]);
    namespace(api, 'tools', { stage: 'test' });
    await clock.advance(1_000);
    expect(source.labelsOf?.('tools')).toEqual({ stage: 'test' });
    expect(changes).toEqual(['tools']);
    api.remove('/api/v1/namespaces/tools');
    await clock.advance(1_000);
    expect(source.labelsOf?.('tools')).toBeUndefined();
  });

  it('hold nobody up where they may not be read', async () => {
    const api = createFakeKubeApi();
    write(api, 'good 1');
    api.answer(({ path: asked }) => asked === '/api/v1/namespaces', 403);
    const { source } = await follow(api, { readsNamespaces: true });
    expect(source.isSettled).toBe(true);
    expect(source.labelsOf?.('tools')).toBeUndefined();
  });

  it.each([403, 503])(
    'that could not be listed before somebody was judged (%s) are told when they are (verdicts stayed as without them)',
    async (status) => {
      const api = createFakeKubeApi();
      write(api, 'good 1');
      namespace(api, 'tools', { stage: 'prod' });
      api.answer(({ path: asked }) => asked === '/api/v1/namespaces', status);
      const { source, clock, changes } = await follow(api, { readsNamespaces: true });
      await clock.advance(35_000);
      expect(source.isSettled).toBe(true);
      expect(source.labelsOf?.('tools')).toBeUndefined();
      changes.splice(0);
      api.answer(() => false, undefined);
      await clock.advance(60_000);
      expect(source.labelsOf?.('tools')).toEqual({ stage: 'prod' });
      expect(changes).toEqual(['tools']);
    },
  );

  it('that were there before anybody was judged are no news', async () => {
    const api = createFakeKubeApi();
    write(api, 'good 1');
    namespace(api, 'tools', { stage: 'prod' });
    const { changes } = await follow(api, { readsNamespaces: true });
    expect(changes.filter((one) => one !== undefined)).toEqual([]);
  });
});
