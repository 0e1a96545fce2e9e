import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { silentLogger } from '../platform/log.ts';
import { allowed } from './admission-review.ts';
import type { Handler } from './handler.ts';
import { createJudging } from './judging.ts';
import { createAdmissionMetrics } from './metrics.ts';
import { PendingCall } from './pending-call.ts';
import { aReview } from './testing/review.ts';

class FakeCall extends PendingCall {
  readonly socket = new Socket();
  readonly isGone: boolean;
  readonly body: Buffer;
  readonly finished: Promise<void>;
  #finish: () => void = () => undefined;

  constructor(uid: string, isGone: boolean) {
    super('validate', performance.now(), performance.now() + 1_000);
    this.isGone = isGone;
    this.body = Buffer.from(JSON.stringify(aReview({ uid })));
    this.finished = new Promise((resolve) => (this.#finish = resolve));
  }

  giveBack(): void {
    // Nothing is held.
  }

  answer(): void {
    // Nobody reads it.
  }

  finish(): void {
    this.#finish();
  }

  fail(error: unknown): void {
    throw error;
  }

  protected onGone(): void {
    // Those here are gone from the start, or stay.
  }
}

describe('a batch', () => {
  it('judges nothing of a caller that hung up meanwhile, and counts it', async () => {
    const judged: string[] = [];
    const validate: Handler = ({ uid }) => {
      judged.push(uid);
      return allowed();
    };
    const registry = new Registry();
    const metrics = createAdmissionMetrics(registry, {
      isReady: () => true,
      certificateLives: () => ({}),
      rotationPhase: () => 'none',
      now: () => new Date(),
    });
    const handlers = { mutate: validate, validate, scale: validate, composite: validate };
    const judge = createJudging({ handlers, metrics, log: silentLogger, onReview: () => undefined });
    const calls = [new FakeCall('gone', true), new FakeCall('there', false)];
    for (const call of calls) judge(call);
    await Promise.all(calls.map(({ finished }) => finished));
    expect(judged).toEqual(['there']);
    expect(await registry.metrics()).toContain('\nmcp_lifecycle_admission_aborted_total 1\n');
  });
});
