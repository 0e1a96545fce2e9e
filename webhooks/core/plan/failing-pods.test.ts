import { describe, expect, it } from '@jest/globals';

import { withFailingPods } from './failing-pods.ts';
import type { FailingPod, Verification } from './observed.ts';

const answers: Verification = { state: 'auth-required', statusCode: 401, era: 'handshake' };
const failing = (name: string, message = 'answered HTTP 500'): FailingPod => ({ name, message });

describe('an endpoint that answers', () => {
  it('is what it was while no pod fails', () => {
    expect(withFailingPods(answers, [], 3)).toBe(answers);
  });

  it('has failed when one of its pods does not answer, which is named; how to ask it is still known', () => {
    expect(withFailingPods(answers, [failing('a')], 3)).toEqual({
      ...{ state: 'failed', era: 'handshake', failingPods: [failing('a')], cause: 'pods 1 a' },
      message:
        '1 of 3 pods does not speak it, so a part of the calls fails (pod a: answered HTTP 500): delete it to get new ones, and let a liveness probe notice it the next time',
    });
  });

  it('names three of many, with a bounded part of their words on one line', () => {
    const many = ['a', 'b', 'c', 'd', 'e'].map((name) => failing(name, `one\ntwo ${'x'.repeat(1_000)}`));
    const told = withFailingPods(answers, many, 50);
    expect(told).toMatchObject({ failingPods: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] });
    expect(told).toHaveProperty('message', expect.stringMatching(/^5 of 50 pods do not speak it.*; and 2 more\)/));
    expect(JSON.stringify(told).length).toBeLessThan(2_500);
    expect(JSON.stringify(told)).not.toContain('\\n');
  });
});

describe('an endpoint that does not answer', () => {
  const failed: Verification = { state: 'failed', message: 'answered HTTP 500', isUnanswered: true, failures: 4 };

  it('has failed as a whole where nothing is known of single pods', () => {
    expect(withFailingPods(failed, [], 3)).toBe(failed);
  });

  it('fails because of the pod that does, when that is known', () => {
    const told = withFailingPods(failed, [failing('a')], 3);
    expect(told).toMatchObject({ state: 'failed', failures: 4, failingPods: [failing('a')] });
    expect(told).not.toHaveProperty('isUnanswered');
  });
});

describe('an endpoint of which nothing can be said', () => {
  it.each<Verification>([{ state: 'not-attempted' }, { state: 'throttled', message: 'answered HTTP 429' }])(
    'stays $state',
    (verification) => {
      expect(withFailingPods(verification, [failing('a')], 3)).toBe(verification);
    },
  );
});
