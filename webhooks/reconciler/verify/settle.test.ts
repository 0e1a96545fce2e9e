import { describe, expect, it } from '@jest/globals';

import type { Verification } from '../../core/plan/observed.ts';
import type { ProbeResult } from '../../platform/mcp/probe.ts';
import { minBetweenChangesMs, settle } from './settle.ts';
import type { Standing } from './settle.ts';

function verified(version: string, tools = 1): ProbeResult {
  const capabilities = { tools: true, resources: false, prompts: false, logging: false, completions: false };
  return {
    ...{ state: 'verified', era: 'stateless' },
    serverInfo: { name: 'x', version, protocolVersion: '2026-07-28', capabilities },
    offers: { tools },
  };
}

function failed(message: string, failures: number): ProbeResult {
  return { state: 'failed', message, failures };
}

const notAttempted: Verification = { state: 'not-attempted' };

/** How often what is believed changes when these answers come, one each `everyMs`. */
function changes(answers: readonly ProbeResult[], everyMs: number): number {
  let standing: Standing = { result: notAttempted };
  let count = 0;
  answers.forEach((answer, index) => {
    const next = settle(standing, answer, { nowMs: index * everyMs });
    if (next.result !== standing.result) count += 1;
    standing = next;
  });
  return count;
}

const hour = 60;
const eachMinute = (answer: (minute: number) => ProbeResult): number =>
  changes(
    Array.from({ length: hour }, (_, minute) => answer(minute)),
    60_000,
  );

describe('settle', () => {
  it.each<[string, ProbeResult, ProbeResult]>([
    ['a failure', verified('1'), failed('refused', 4)],
    ['a recovery', failed('refused', 4), verified('1')],
    ['credentials that are wanted', failed('refused', 4), { state: 'auth-required', statusCode: 401 }],
  ])('believes %s at once', (_, result, answer) => {
    expect(settle({ result, changedAtMs: 0, candidate: 'x' }, answer, { nowMs: 1 })).toEqual({ result: answer });
  });

  it('believes other details when they are answered twice in a row', () => {
    const once = settle({ result: verified('1') }, verified('2'), { nowMs: 0 });
    expect(once.result).toEqual(verified('1'));
    expect(settle(once, verified('2'), { nowMs: 5_000 })).toEqual({ result: verified('2'), changedAtMs: 5_000 });
    expect(settle(once, verified('1'), { nowMs: 5_000 })).toEqual({ result: verified('1') });
  });

  it('looks twice when credentials are wanted only sometimes', () => {
    const wanted: ProbeResult = { state: 'auth-required', statusCode: 401 };
    const once = settle({ result: verified('1') }, wanted, { nowMs: 0 });
    expect(once.result).toEqual(verified('1'));
    expect(settle(once, wanted, { nowMs: 1 }).result).toEqual(wanted);
    expect(eachMinute((minute) => (minute % 2 === 0 ? wanted : verified('1')))).toBe(1);
  });

  it('leaves ten minutes between two changes of details', () => {
    const changed: Standing = { result: verified('1'), changedAtMs: 0 };
    expect(settle(changed, verified('2'), { nowMs: minBetweenChangesMs - 1 })).not.toHaveProperty('candidate');
    expect(settle(changed, verified('2'), { nowMs: minBetweenChangesMs })).toHaveProperty('candidate');
  });

  it('never changes for a server that answers differently each time', () => {
    expect(eachMinute((minute) => verified(String(minute), minute))).toBe(1);
  });

  it('changes at most six times an hour for one that changes its mind all the time', () => {
    expect(eachMinute((minute) => verified(String(Math.floor(minute / 2) % 2)))).toBeLessThanOrEqual(6);
  });

  it('takes more failures with their words at once, and other words alone with patience', () => {
    const standing: Standing = { result: failed('refused', 4) };
    expect(settle(standing, failed('HTTP 503', 8), { nowMs: 0 })).toEqual({
      result: failed('HTTP 503', 8),
      changedAtMs: 0,
    });
    expect(settle(standing, failed('HTTP 503', 4), { nowMs: 0 }).result).toEqual(failed('refused', 4));
  });
});

describe('the words of a refusal', () => {
  const refusal = (said?: string): ProbeResult => ({
    ...{ state: 'auth-required', statusCode: 401 },
    ...(said === undefined ? {} : { said }),
  });

  it('are no news when they are others, as those that name the request are each time', () => {
    const answers = Array.from({ length: 100 }, (_, turn) => refusal(`request ${turn}`));
    expect(changes(answers, minBetweenChangesMs)).toBe(1);
    const standing = settle({ result: refusal('request 1') }, refusal('request 2'), { nowMs: 0 });
    expect(standing).toEqual({ result: refusal('request 1') });
  });

  it('are news when there were none', () => {
    expect(changes([refusal(), refusal('no'), refusal('no')], minBetweenChangesMs)).toBe(2);
  });
});
