import { describe, expect, it } from '@jest/globals';
import { anMCPServer } from '../testing/builders.ts';
import type { Fields } from './record.ts';
import { parseMCPServer } from './parse.ts';

const { metadata, ...rest } = anMCPServer();

describe('parseMCPServer', () => {
  it('gives the very object that came in', () => {
    const raw = anMCPServer();
    const parsed = parseMCPServer(raw);
    expect(parsed.ok && parsed.server).toBe(raw);
  });

  it.each([
    ['a generateName and no name', { namespace: 'mcp', generateName: 'search-' }],
    ['a generateName and an empty name', { namespace: 'mcp', generateName: 'search-', name: '' }],
  ])('reads an object that has %s with an empty name', (_name, awaiting) => {
    const parsed = parseMCPServer({ ...rest, metadata: awaiting });
    expect(parsed.ok && parsed.server.metadata).toEqual({ ...awaiting, name: '' });
  });

  it.each([
    ['neither name nor generateName', { namespace: 'mcp' }],
    ['an empty name', { name: '' }],
    ['two empty names', { name: '', generateName: '' }],
    ['a generateName that is no text', { generateName: 5 }],
  ])('refuses an object with %s', (_name, nameless) => {
    expect(parseMCPServer({ ...rest, metadata: nameless }).ok).toBe(false);
  });

  it('says where the name is missing', () => {
    const parsed = parseMCPServer({ ...rest, metadata: { ...metadata, name: '' } });
    expect(parsed.ok ? [] : parsed.violations.map(({ path }) => path)).toEqual([['metadata', 'name']]);
  });

  it.each([undefined, null, 7, 'text', [], { metadata: null }])('refuses %j without throwing', (raw) => {
    expect(parseMCPServer(raw).ok).toBe(false);
  });
});

describe('a status of a newer release keeps nobody from being judged and reconciled', () => {
  const verified = {
    type: 'Verified',
    status: 'True',
    lastTransitionTime: '2026-01-01T00:00:00Z',
    reason: 'a',
    message: '',
  };
  const crash = { cause: 'Crashing', pod: 'a' };
  const target = { template: 't', since: '2026-01-01T00:00:00Z' };
  const read = (status: unknown): unknown => {
    const parsed = parseMCPServer({ ...anMCPServer(), status });
    return parsed.ok ? parsed.server.status : parsed.violations;
  };

  it.each<[what: string, status: Fields, understood: Fields]>([
    [
      'a word beside a failure',
      { phase: 'Failed', extensions: { podFailure: { ...crash, hint: 'OfTheNextRelease' } } },
      { phase: 'Failed', extensions: { podFailure: crash } },
    ],
    [
      'a word without which the rest means nothing',
      { phase: 'Failed', extensions: { podFailure: { ...crash, cause: 'OfTheNextRelease' }, release: '9' } },
      { phase: 'Failed', extensions: { release: '9' } },
    ],
    [
      'a phase of a rollout',
      { extensions: { rollout: { phase: 'Resting', target }, verification: { era: 'Handshake' } } },
      { extensions: { verification: { era: 'Handshake' } } },
    ],
    [
      'one condition of several, and another thing that is of another type',
      { conditions: [{ ...verified, type: 'A', status: 'Maybe' }, verified], replicas: 'two', readyReplicas: 2 },
      { conditions: [verified], readyReplicas: 2 },
    ],
    ['what is longer than it was', { extensions: { release: '9'.repeat(65) } }, { extensions: {} }],
  ])('%s', (_, status, understood) => {
    expect(read(status)).toEqual(understood);
  });

  it.each([['text'], [null], [[]]])('%j in place of one', (status) => {
    expect(read(status)).toBeUndefined();
  });

  it('a thousand things that are not understood cost a few rounds', () => {
    const conditions = Array.from({ length: 2_000 }, (_, nth) => ({ ...verified, type: `T${nth}`, status: 'Maybe' }));
    expect(read({ conditions, phase: 'Running' })).toBeUndefined();
  });

  it('nor does it hide what is wrong with the spec', () => {
    const parsed = parseMCPServer({
      ...anMCPServer(),
      spec: { config: { port: 'http' } },
      status: { phase: 'Resting' },
    });
    const wrong = parsed.ok ? [] : parsed.violations.map(({ path }) => path[0]);
    expect(new Set(wrong)).toEqual(new Set(['spec']));
  });
});
