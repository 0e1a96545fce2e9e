import { describe, expect, it } from '@jest/globals';

import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { ReferenceTracker } from './reference-tracker.ts';

const path = '/api/v1/namespaces/mcp/secrets/token';
const { signal } = new AbortController();

function world(data: Record<string, string>) {
  const api = createFakeKubeApi();
  api.put(path, { metadata: { name: 'token', namespace: 'mcp' }, data });
  const tracker = new ReferenceTracker();
  tracker.markWatched('Secret', undefined);
  const gather = (...keys: string[]) =>
    tracker.gather('mcp/search', [{ kind: 'Secret', name: 'token', keys: keys.map((key) => ({ key })) }], {
      api,
      signal,
    });
  return { api, tracker, gather };
}

describe('ReferenceTracker', () => {
  it('reads an object again when another key of it is asked for, and only then', async () => {
    const { api, gather } = world({ a: '', b: '' });
    await gather('a');
    expect(api.reads).toHaveLength(1);
    await gather('a');
    expect(api.reads).toHaveLength(1);
    const { facts } = await gather('b', 'c');
    expect(facts.lookUp('Secret', 'token')).toEqual({ state: 'found', keys: new Set(['b']) });
    expect(api.reads).toHaveLength(2);
  });

  it('reads an object that is too large once for each version', async () => {
    const { api, tracker, gather } = world({ a: 'x'.repeat(5_000_000) });
    for (let round = 0; round < 3; round += 1) {
      const { facts } = await gather();
      expect(facts.lookUp('Secret', 'token')).toMatchObject({ state: 'unknown' });
    }
    // Broken off at 64 KiB, then read in its turn.
    expect(api.reads).toHaveLength(2);
    expect(tracker.noteExisting('Secret', api.get(path))).toEqual([]);
    api.put(path, { data: { a: 'eA==' } });
    expect(tracker.noteExisting('Secret', api.get(path))).toEqual(['mcp/search']);
    const { facts } = await gather();
    expect(facts.lookUp('Secret', 'token')).toMatchObject({ state: 'found' });
  });
});
