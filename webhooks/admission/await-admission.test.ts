import { describe, expect, it } from '@jest/globals';
import type { ApiRequest, ApiResult, KubeApi } from '../platform/kube/api.ts';
import { isRecord, metaOf } from '../platform/kube/object.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import { silentLogger } from '../platform/log.ts';
import { awaitAdmission } from './await-admission.ts';

const created = (security: object): ApiResult => ({
  ok: true,
  body: { spec: { runtime: { replicas: 1, ...security } } },
});
const failed = (status: number, message: string, ...fields: readonly string[]): ApiResult => ({
  ok: false,
  error: { status, reason: 'x', message, fields, retry: status >= 500 },
});

const denied = failed(422, 'admission webhook denied the request: in whatever words', 'metadata.name');
const unreachable = failed(500, 'failed calling webhook: connection refused');
const defaulted = created({ security: { securityContext: { runAsNonRoot: true } } });

interface Answers {
  readonly refused: ApiResult;
  readonly accepted: ApiResult;
}

/** Gives one pair of answers per round; the last one stays. */
function apiThatAnswers(rounds: readonly Answers[]): {
  readonly api: KubeApi;
  readonly requests: readonly ApiRequest[];
} {
  const requests: ApiRequest[] = [];
  let round = -1;
  const api: KubeApi = {
    request(request) {
      requests.push(request);
      const isRefused = isRecord(request.body) && metaOf(request.body).name.includes('.');
      if (isRefused) round += 1;
      const answers = rounds[Math.min(round, rounds.length - 1)];
      if (answers === undefined) throw new Error('no answers');
      return Promise.resolve(isRefused ? answers.refused : answers.accepted);
    },
    watch: () => Promise.resolve({ why: 'closed' }),
  };
  return { api, requests };
}

const good: Answers = { refused: denied, accepted: defaulted };

async function settledWithin(
  api: KubeApi,
  ms: number,
  compatibility: 'default' | 'reference' = 'default',
): Promise<string | undefined> {
  const clock = createFakeClock();
  let outcome: string | undefined;
  const { signal } = new AbortController();
  awaitAdmission({ api, clock, log: silentLogger, signal, namespace: 'system', compatibility }).then(
    () => (outcome = 'answers'),
    (error: unknown) => (outcome = error instanceof Error ? error.message : 'no error'),
  );
  await clock.advance(ms);
  return outcome;
}

describe('waiting for admission', () => {
  it('ends after three good answers in a row', async () => {
    const { api, requests } = apiThatAnswers([good]);
    expect(await settledWithin(api, 600)).toBe('answers');
    expect(requests).toHaveLength(6);
  });

  it('expects no defaults under compatibility.profile reference, which stores none (an install ended after two minutes)', async () => {
    const { api } = apiThatAnswers([{ refused: denied, accepted: created({}) }]);
    expect(await settledWithin(api, 600, 'reference')).toBe('answers');
    expect(await settledWithin(api, 600)).toBeUndefined();
  });

  it('stores nothing', async () => {
    const { api, requests } = apiThatAnswers([good]);
    await settledWithin(api, 600);
    for (const request of requests) expect(request.query).toEqual({ dryRun: 'All' });
  });

  it.each<[string, Answers]>([
    ['the Service leads nowhere yet', { refused: unreachable, accepted: unreachable }],
    ['the validating webhook is not called yet', { refused: defaulted, accepted: defaulted }],
    ['the mutating webhook is not called yet', { refused: denied, accepted: created({}) }],
    [
      'somebody else refuses what must be refused, and quotes us',
      { refused: failed(403, 'denied [name-usable]'), accepted: defaulted },
    ],
    ['the API server refuses us', { refused: failed(403, 'forbidden'), accepted: failed(403, 'forbidden') }],
    ['only the second request fails', { refused: denied, accepted: unreachable }],
  ])('starts over when %s', async (_what, answers) => {
    const { api } = apiThatAnswers([good, good, answers, good]);
    expect(await settledWithin(api, 700)).toBeUndefined();
    const later = apiThatAnswers([good, good, answers, good]);
    expect(await settledWithin(later.api, 2_000)).toBe('answers');
  });

  it('takes a refusal by a stricter policy for an answer', async () => {
    const { api } = apiThatAnswers([{ refused: denied, accepted: failed(422, 'denied [another-rule]') }]);
    expect(await settledWithin(api, 600)).toBe('answers');
  });

  it('gives up after two minutes and says what the last answer was', async () => {
    const { api } = apiThatAnswers([{ refused: unreachable, accepted: unreachable }]);
    expect(await settledWithin(api, 119_000)).toBeUndefined();
    const again = apiThatAnswers([{ refused: unreachable, accepted: unreachable }]);
    expect(await settledWithin(again.api, 121_000)).toBe(
      'admission did not answer within 120 s: failed calling webhook: connection refused',
    );
  });
});
