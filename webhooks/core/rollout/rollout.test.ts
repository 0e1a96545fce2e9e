import { describe, expect, it } from '@jest/globals';
import { decideRollout, instructionsOf, standsFailed } from './rollout.ts';
import type { Candidate, Proof, RolloutDecision, RolloutInput, WantedPods } from './rollout.ts';
import type { RolloutState } from './state.ts';

const startedAt = '2026-11-20T09:00:00Z';
const startedAtMs = Date.parse(startedAt);

const wanted: WantedPods = { template: 'D', generation: 2, replicas: 1, retry: undefined };
const serving = { template: 'S', replicaSet: '5d4f', isVerified: true };
const stable = { template: 'S', replicaSet: '5d4f' };
const target = { template: 'D', generation: 2, since: startedAt };
const proving: RolloutState = { phase: 'Proving', target, stable };
const rolling: RolloutState = { phase: 'Rolling', target, stable, proof: 'Proven' };
const failure = { template: 'D', reason: 'CandidateNotVerified', message: 'answered HTTP 500', at: startedAt };
const rejected: RolloutState = { ...proving, phase: 'Rejected', failed: [failure] };
const rolledBack: RolloutState = { ...rolling, phase: 'RolledBack', failed: [failure] };
const blocked: RolloutState = { ...proving, phase: 'Blocked', reason: 'QuotaExceeded' };

const noPod: Candidate = { state: 'no-pod', reason: 'QuotaExceeded', message: 'exceeded quota' };
const ready = (proof: Proof): Candidate => ({ state: 'ready', proof });
const good = ready({ state: 'good' });
const bad = (forMs: number): Candidate => ready({ state: 'bad', message: 'answered HTTP 500', forMs });

interface Situation extends Partial<Omit<RolloutInput, 'settings' | 'wanted'>> {
  readonly settings?: Partial<RolloutInput['settings']>;
  readonly wanted?: Partial<WantedPods>;
  /** Since the phase began, in seconds. */
  readonly after?: number;
}

function inputOf({ settings, wanted: others, after = 0, ...rest }: Situation): RolloutInput {
  const nowMs = startedAtMs + after * 1_000;
  return {
    ...{ state: undefined, serving, candidate: { state: 'absent' }, progress: { state: 'rolling' } },
    ...{ hasPlace: true, isStableGone: false, nowMs, now: new Date(nowMs).toISOString() },
    ...rest,
    settings: { isWatched: true, keepsFailed: true, verify: 'Candidate', deadlineMs: 300_000, ...settings },
    wanted: { ...wanted, ...others },
  };
}

const decide = (situation: Situation): RolloutDecision => decideRollout(inputOf(situation));

/** In a few words: the phase, the template, and whether there is a candidate. */
function inShort(situation: Situation): string {
  const { state, template, candidate } = decide(situation);
  return [state?.phase ?? 'idle', template, ...(candidate === 'wanted' ? ['candidate'] : [])].join(' ');
}

describe('a rollout', () => {
  it.each<[string, Situation, string]>([
    // Nothing to prove
    ['begins with nothing: the first Deployment', { serving: undefined }, 'idle wanted'],
    ['is none while the template stays', { wanted: { template: 'S' } }, 'idle wanted'],
    ['is none with no replicas: nothing is called', { wanted: { replicas: 0 } }, 'idle wanted'],
    ['replaces at once where the old pods have to go first', { settings: { isWatched: false } }, 'idle wanted'],
    ['repairs at once what does not serve well', { serving: { ...serving, isVerified: false } }, 'idle wanted'],
    // Waiting
    ['waits for its turn, and changes nothing meanwhile', { hasPlace: false }, 'idle to-begin'],
    // Proving
    ['begins with a candidate, and leaves what serves alone', {}, 'Proving held candidate'],
    [
      'proves what an older release applied without a digest',
      { serving: { ...serving, template: undefined } },
      'Proving held candidate',
    ],
    [
      'waits for its candidate',
      { state: proving, candidate: { state: 'starting' }, after: 299 },
      'Proving held candidate',
    ],
    ['goes on when the candidate speaks MCP', { state: proving, candidate: good }, 'Rolling wanted'],
    [
      'goes on proving without a place: that is held for five minutes only',
      { state: proving, hasPlace: false, after: 299 },
      'Proving held candidate',
    ],
    [
      'begins its time anew when its candidate is created late: we were away, or the spec had to be corrected first',
      { state: proving, candidate: { state: 'created' }, after: 3_600 },
      'Proving held candidate',
    ],
    [
      'asks first, however late: whoever leads now has no answer yet',
      { state: proving, candidate: ready({ state: 'asked' }), after: 3_600 },
      'Proving held candidate',
    ],
    // Failing before anything changed
    [
      'is rejected when the candidate is not ready in time',
      { state: proving, candidate: { state: 'starting', why: 'Image pull failed' }, after: 300 },
      'Rejected held',
    ],
    ['is rejected when the candidate is not even there in time', { state: proving, after: 300 }, 'Rejected held'],
    [
      'hears bad answers for a while: a server may be ready before what is behind it is',
      { state: proving, candidate: bad(14_999) },
      'Proving held candidate',
    ],
    ['is rejected when bad answers go on', { state: proving, candidate: bad(15_000) }, 'Rejected held'],
    [
      'is rejected for bad answers at the deadline, however few',
      { state: proving, candidate: bad(1), after: 300 },
      'Rejected held',
    ],
    [
      'is rejected when tools are lost',
      {
        state: proving,
        candidate: ready({ state: 'held-back', reason: 'ToolContractChanged', message: 'tool search is gone' }),
      },
      'Rejected held',
    ],
    [
      'is not rejected by a question that could not be asked',
      { state: proving, candidate: ready({ state: 'not-asked', message: 'timeout' }), after: 299 },
      'Proving held candidate',
    ],
    [
      'goes on unproven when nobody could ask by the deadline',
      { state: proving, candidate: ready({ state: 'not-asked', message: 'timeout' }), after: 300 },
      'Rolling wanted',
    ],
    // What is known to be broken is no repair, and what is not ready is none yet: one restart of the only pod must not let it through.
    [
      'is rejected for bad answers also when what serves stops serving well meanwhile',
      { state: proving, serving: { ...serving, isVerified: false }, candidate: bad(60_000) },
      'Rejected held',
    ],
    [
      'goes on proving what answers badly, or does not run yet, when what serves stops serving well meanwhile',
      { state: proving, serving: { ...serving, isVerified: false }, candidate: bad(1) },
      'Proving held candidate',
    ],
    [
      'waits for its candidate also when what serves stops serving well meanwhile',
      { state: proving, serving: { ...serving, isVerified: false }, candidate: { state: 'starting' }, after: 299 },
      'Proving held candidate',
    ],
    [
      'hears its candidate first when what serves stops serving well meanwhile',
      { state: proving, serving: { ...serving, isVerified: false }, candidate: ready({ state: 'asked' }) },
      'Proving held candidate',
    ],
    [
      'replaces what stops serving well meanwhile as soon as the candidate speaks MCP',
      { state: proving, serving: { ...serving, isVerified: false }, candidate: good },
      'Rolling wanted',
    ],
    [
      'goes on unproven when what serves stops serving well, and nobody can ask the candidate',
      {
        state: proving,
        serving: { ...serving, isVerified: false },
        candidate: ready({ state: 'not-asked', message: 'timeout' }),
      },
      'Rolling wanted',
    ],
    [
      'of something else is a repair, and waits for nothing',
      { state: proving, serving: { ...serving, isVerified: false }, wanted: { template: 'E', generation: 3 } },
      'idle wanted',
    ],
    [
      'goes on proving when nobody could ask what serves, because the spec was not valid meanwhile',
      { state: proving, serving: { ...serving, isVerified: false, isUnasked: true }, candidate: { state: 'created' } },
      'Proving held candidate',
    ],
    [
      'goes on trying when it is blocked, and nobody could ask what serves meanwhile',
      {
        state: blocked,
        serving: { ...serving, isVerified: false, isUnasked: true },
        candidate: noPod,
      },
      'Blocked held candidate',
    ],
    [
      'begins with a candidate when what serves was good before the spec was not valid',
      { serving: { ...serving, isVerified: false, isUnasked: true, wasVerified: true } },
      'Proving held candidate',
    ],
    [
      'waits for its turn also then',
      { serving: { ...serving, isVerified: false, isUnasked: true, wasVerified: true }, hasPlace: false },
      'idle to-begin',
    ],
    [
      'does not begin while nobody knows what serves: this may be its repair',
      { serving: { ...serving, isVerified: false, isUnasked: true } },
      'idle wanted',
    ],
    // Blocked
    [
      'is blocked by a quota, and the candidate goes on trying',
      { state: proving, candidate: noPod },
      'Blocked held candidate',
    ],
    [
      'is blocked by an object of somebody else with the name of the candidate',
      { state: proving, candidate: { state: 'name-taken', message: 'exists' } },
      'Blocked held candidate',
    ],
    [
      'is blocked, and not rejected, while the API server does not take the candidate, however late',
      { state: proving, candidate: { state: 'not-written', message: 'HTTP 500' }, after: 3_600 },
      'Blocked held candidate',
    ],
    [
      'stays blocked as long as the API server does not take it',
      { state: blocked, candidate: { state: 'not-written', message: 'HTTP 500' }, after: 3_600 },
      'Blocked held candidate',
    ],
    [
      'goes on unproven when the platform refuses the candidate, which lacks the labels of what serves',
      { state: proving, candidate: { state: 'refused', message: 'label app is required' } },
      'Rolling wanted',
    ],
    [
      'that is blocked goes on unproven when it turns out that the platform refuses the candidate',
      { state: blocked, candidate: { state: 'refused', message: 'label app is required' } },
      'Rolling wanted',
    ],
    [
      'stays blocked as long as there is no room',
      { state: blocked, candidate: noPod, after: 3_600 },
      'Blocked held candidate',
    ],
    [
      'goes on when there is room',
      { state: blocked, candidate: { state: 'starting' }, after: 3_600 },
      'Proving held candidate',
    ],
    [
      'goes on when AfterSwitch is chosen instead',
      { state: blocked, settings: { verify: 'AfterSwitch' } },
      'Rolling wanted',
    ],
    ['goes on when Recreate is chosen instead', { state: blocked, settings: { isWatched: false } }, 'idle wanted'],
    ['never blocks a repair', { state: blocked, serving: { ...serving, isVerified: false } }, 'Rolling wanted'],
    // Rolling
    [
      'is under way until all pods are new',
      { state: rolling, serving: { ...serving, template: 'D' } },
      'Rolling wanted',
    ],
    [
      'puts back what served when the first new pod does not speak MCP, before it has replaced the others',
      { state: rolling, serving: { ...serving, template: 'D' }, newPod: { state: 'bad', message: 'x', forMs: 15_000 } },
      'RolledBack put-back',
    ],
    [
      'hears bad answers of a new pod for a while, too',
      { state: rolling, serving: { ...serving, template: 'D' }, newPod: { state: 'bad', message: 'x', forMs: 14_999 } },
      'Rolling wanted',
    ],
    ['applies again what was written before somebody died', { state: rolling }, 'Rolling wanted'],
    [
      'waits until the new pods have answered',
      { state: rolling, serving: { ...serving, template: 'D' }, progress: { state: 'complete', answer: 'none' } },
      'Rolling wanted',
    ],
    [
      'waits for new pods that ask not to be asked',
      {
        ...{ state: rolling, serving: { ...serving, template: 'D' }, after: 899 },
        progress: { state: 'complete', answer: 'throttled' },
      },
      'Rolling wanted',
    ],
    [
      'is over when they have asked for 15 minutes not to be asked',
      {
        ...{ state: rolling, serving: { ...serving, template: 'D' }, after: 900 },
        progress: { state: 'complete', answer: 'throttled' },
      },
      'idle wanted',
    ],
    [
      'waits for new pods that nobody can ask, as nobody could ask their candidate (it was put back)',
      {
        ...{ state: { ...rolling, proof: 'NotProven' }, serving: { ...serving, template: 'D' }, after: 899 },
        progress: { state: 'complete', answer: 'unreached', message: 'timed out' },
      },
      'Rolling wanted',
    ],
    [
      'waits for as long also after a roll of twenty minutes (it was given up at the first answer)',
      {
        ...{ state: { ...rolling, proof: 'NotProven' }, serving: { ...serving, template: 'D' }, after: 1_200 },
        progress: { state: 'complete', answer: 'unreached', sinceMs: startedAtMs + 1_199_000 },
      },
      'Rolling wanted',
    ],
    [
      'is over when nobody could ask them for 15 minutes',
      {
        ...{ state: { ...rolling, proof: 'NotProven' }, serving: { ...serving, template: 'D' }, after: 900 },
        progress: { state: 'complete', answer: 'unreached', message: 'timed out' },
      },
      'idle wanted',
    ],
    [
      'puts back what served when nobody can ask the new pods, and their candidate was asked',
      {
        ...{ state: rolling, serving: { ...serving, template: 'D' } },
        progress: { state: 'complete', answer: 'unreached', message: 'timed out' },
      },
      'RolledBack put-back',
    ],
    [
      'puts back what served when the tools of the new pods are not as they have to be (they stayed)',
      {
        ...{ state: { ...rolling, proof: 'Skipped' }, serving: { ...serving, template: 'D' } },
        progress: { state: 'not-allowed', reason: 'ToolContractChanged', message: 'others' },
      },
      'RolledBack put-back',
    ],
    [
      'is over when they speak MCP',
      { state: rolling, serving: { ...serving, template: 'D' }, progress: { state: 'complete', answer: 'good' } },
      'idle wanted',
    ],
    [
      'puts back what served when the new pods do not come up',
      { state: rolling, serving: { ...serving, template: 'D' }, progress: { state: 'late', message: 'deadline' } },
      'RolledBack put-back',
    ],
    [
      'puts back what served when the new pods do not speak MCP',
      {
        state: rolling,
        serving: { ...serving, template: 'D', isVerified: false },
        progress: { state: 'complete', answer: 'bad' },
      },
      'RolledBack put-back',
    ],
    [
      'puts nothing back where nothing was good before',
      {
        state: { ...rolling, stable: undefined } as unknown as RolloutState,
        serving: { ...serving, template: 'D', isVerified: false },
        progress: { state: 'complete', answer: 'bad' },
      },
      'idle wanted',
    ],
    ['without a candidate begins at once', { settings: { verify: 'AfterSwitch' } }, 'Rolling wanted'],
    // Failed
    ['is tried once', { state: rejected, candidate: good, after: 86_400 }, 'Rejected held'],
    [
      'stays rejected when what serves fails for a while: what is known to be broken is no repair',
      { state: rejected, serving: { ...serving, isVerified: false } },
      'Rejected held',
    ],
    [
      'stays rejected with no replicas: they may come back',
      { state: rejected, wanted: { replicas: 0 } },
      'Rejected held',
    ],
    [
      'stays rejected when new pods are not watched any more: somebody wrote a strategy into the Deployment',
      { state: rejected, settings: { isWatched: false } },
      'Rejected held',
    ],
    [
      'is put back with no replicas, too',
      { state: rolledBack, serving: { ...serving, template: 'D' }, wanted: { replicas: 0 } },
      'RolledBack put-back',
    ],
    [
      'follows the spec where all is as the reference operator does it, whatever failed before',
      { state: rejected, settings: { isWatched: false, keepsFailed: false } },
      'idle wanted',
    ],
    ['is tried again when somebody asks for it', { state: rejected, wanted: { retry: '1' } }, 'Proving held candidate'],
    [
      'is no repair when it is tried again while what served is still being put back (it served on, broken, for good)',
      {
        ...{ state: rolledBack, serving: { ...serving, isVerified: false } },
        ...{ wanted: { retry: '1' }, settings: { verify: 'AfterSwitch' } },
      },
      'Rolling wanted',
    ],
    [
      'is proven first when it is tried again while what served is still being put back',
      { state: rolledBack, serving: { ...serving, isVerified: false }, wanted: { retry: '1' } },
      'Proving held candidate',
    ],
    [
      'is watched when it is tried again before what served is put back',
      { state: rolledBack, serving: { ...serving, template: 'D', isVerified: false }, wanted: { retry: '1' } },
      'Rolling wanted',
    ],
    [
      'begins anew with another template',
      { state: rejected, wanted: { template: 'E', generation: 3 } },
      'Proving held candidate',
    ],
    [
      'is over when its owner takes it back',
      { state: rejected, wanted: { template: 'S', generation: 3 } },
      'idle wanted',
    ],
    ['keeps what was put back', { state: rolledBack }, 'RolledBack held'],
    [
      'puts back again what somebody rolled out by hand',
      { state: rolledBack, serving: { ...serving, template: 'D' } },
      'RolledBack put-back',
    ],
    [
      'says so when there is nothing to put back any more',
      { state: rolledBack, serving: { ...serving, template: 'D' }, isStableGone: true },
      'Blocked put-back',
    ],
    [
      'stays blocked by that while what stands does not speak MCP',
      {
        ...{ state: { ...rolledBack, phase: 'Blocked', reason: 'NothingToPutBack' }, isStableGone: true },
        ...{ serving: { ...serving, template: 'D' }, progress: { state: 'complete', answer: 'bad' } },
      },
      'Blocked put-back',
    ],
    [
      'is over when what could not be put back serves and speaks MCP after all',
      {
        ...{ state: { ...rolledBack, phase: 'Blocked', reason: 'NothingToPutBack' }, isStableGone: true },
        ...{ serving: { ...serving, template: 'D' }, progress: { state: 'complete', answer: 'good' } },
      },
      'idle wanted',
    ],
    // The owner changes his mind
    [
      'starts anew with the newest of two changes',
      { state: proving, wanted: { template: 'E', generation: 3 }, candidate: good, after: 200 },
      'Proving held candidate',
    ],
    [
      'ends when a change is taken back while it is proven',
      { state: proving, wanted: { template: 'S', generation: 3 } },
      'idle wanted',
    ],
    [
      'proves the next change while the one before it rolls out',
      { state: rolling, serving: { ...serving, template: 'D' }, wanted: { template: 'E', generation: 3 } },
      'Proving held candidate',
    ],
    [
      'that stands already although its status was lost is none',
      { state: proving, serving: { ...serving, template: 'D' } },
      'idle wanted',
    ],
  ])('%s', (_, situation, expected) => {
    expect(inShort(situation)).toBe(expected);
  });

  it('gives the same state back when nothing has changed: nothing is written', () => {
    const situations: readonly Situation[] = [
      { state: proving, candidate: { state: 'starting' } },
      { state: rolling },
      { state: rejected },
      { state: rolledBack },
      { state: blocked, candidate: { ...noPod, message: 'other words' } },
      { state: blocked, candidate: { state: 'not-written', message: 'other words' } },
    ];
    expect(situations.map((one) => decide(one).state === one.state)).toEqual(situations.map(() => true));
  });

  it('is looked at again at its deadline, and at once after each step', () => {
    expect(decide({ state: proving, candidate: { state: 'starting' }, after: 100 }).lookAgainMs).toBe(200_000);
    expect(decide({ state: proving, candidate: bad(5_000) }).lookAgainMs).toBe(10_000);
    expect(decide({ state: rolling, newPod: { state: 'bad', message: 'x', forMs: 5_000 } }).lookAgainMs).toBe(10_000);
    const asked = ready({ state: 'asked' });
    expect([1, 3_600].map((after) => decide({ state: proving, candidate: asked, after }).lookAgainMs)).toEqual([
      10_000, 10_000,
    ]);
    expect(decide({}).lookAgainMs).toBe(0);
    expect(decide({ state: rejected }).lookAgainMs).toBeUndefined();
  });

  it('remembers what served at first, also when a second change comes while the first one rolls out', () => {
    const next = decide({
      state: rolling,
      serving: { template: 'D', replicaSet: undefined, isVerified: true },
      wanted: { template: 'E', generation: 3 },
    });
    expect(next.state?.stable).toEqual(stable);
  });

  it('puts back the last version that served alone and is verified, not the one before that', () => {
    const second = { state: rolling, serving: { template: 'D', replicaSet: 'dddd', generation: 2, isVerified: true } };
    const begun = decide({ ...second, wanted: { template: 'E', generation: 3 } });
    expect(begun.state?.stable).toEqual({ template: 'D', replicaSet: 'dddd', generation: 2 });
    // It was not complete yet when the next one began to be proven.
    const ofE = { ...proving, target: { ...target, template: 'E', generation: 3 } };
    const proven = decide({ ...second, state: ofE, wanted: { template: 'E', generation: 3 }, candidate: good });
    expect(proven.state?.stable).toEqual({ template: 'D', replicaSet: 'dddd', generation: 2 });
  });

  it('puts back what served at first where no pod of the second version serves yet, or it is not verified', () => {
    const wantsThird = { state: rolling, wanted: { template: 'E', generation: 3 } };
    const unstarted = decide({ ...wantsThird, serving: { ...serving, template: 'D' } });
    expect(unstarted.state?.stable).toEqual(stable);
    const unverified = { template: 'D', replicaSet: 'dddd', isVerified: false, isUnasked: true, wasVerified: true };
    expect(decide({ ...wantsThird, serving: unverified }).state?.stable).toEqual(stable);
  });

  it.each(['S', 'D'])(
    'keeps what served, to put that back, when what failed is tried again during that (template %s stands)',
    (template) => {
      const unsettled = { template, replicaSet: undefined, isVerified: false };
      const settings = { verify: 'AfterSwitch' } as const;
      const next = decide({ state: rolledBack, serving: unsettled, wanted: { retry: '1' }, settings }).state;
      expect(next).toMatchObject({ phase: 'Rolling', stable });
    },
  );

  describe('of another change while what served is put back', () => {
    const comesBack = { template: 'S', replicaSet: 'dddd', isVerified: false, isComingBack: true };
    const change: Situation = { state: rolledBack, serving: comesBack, wanted: { template: 'E', generation: 3 } };
    const ofE: RolloutState = { ...proving, target: { ...target, template: 'E', generation: 3 }, failed: [failure] };

    it.each<[string, Situation, string]>([
      ['is proven first (it replaced the pods at once)', {}, 'Proving held candidate'],
      [
        'is proven first where the one that failed still stands',
        { serving: { ...comesBack, template: 'D' } },
        'Proving held candidate',
      ],
      [
        'replaces them at once, and is watched, where nothing is proven',
        { settings: { verify: 'AfterSwitch' } },
        'Rolling wanted',
      ],
      ['is none where it asks for what is put back', { wanted: { template: 'S', generation: 3 } }, 'idle wanted'],
      ['waits for room', { state: { ...ofE, phase: 'Blocked' }, candidate: noPod }, 'Blocked held candidate'],
      [
        'waits for its deadline where nobody can ask it',
        { state: ofE, candidate: ready({ state: 'not-asked', message: 'timeout' }) },
        'Proving held candidate',
      ],
      [
        'is a repair again when that takes too long',
        { state: { ...ofE, phase: 'Blocked' }, candidate: noPod, serving: { ...comesBack, isComingBack: false } },
        'Rolling wanted',
      ],
    ])('%s', (_, more, expected) => {
      expect(inShort({ ...change, ...more })).toBe(expected);
    });

    it('puts back the same when it fails, too (it was forgotten)', () => {
      expect(decide(change).state).toMatchObject({ stable, failed: [failure] });
      expect(decide({ ...change, settings: { verify: 'AfterSwitch' } }).state).toMatchObject({
        stable,
        failed: [failure],
      });
    });

    it('is looked at again while it waits for room: nobody tells when that is over', () => {
      const waits = { ...change, state: { ...ofE, phase: 'Blocked' as const }, candidate: noPod };
      expect(decide(waits).lookAgainMs).toBe(10_000);
      expect(decide({ ...waits, serving: { ...serving } }).lookAgainMs).toBeUndefined();
    });

    it('does not leave what has failed where it stands', () => {
      expect(standsFailed(rolledBack, 'D')).toBe(true);
      expect(standsFailed(ofE, 'D')).toBe(true);
      expect([standsFailed(ofE, 'S'), standsFailed(ofE, 'E'), standsFailed(ofE, undefined)]).toEqual([
        false,
        false,
        false,
      ]);
      expect(standsFailed({ ...proving, failed: [{ ...failure, template: 'S' }] }, 'S')).toBe(false);
    });
  });

  describe('of another change while new pods answer badly', () => {
    const failing = { template: 'D', replicaSet: 'dddd', isVerified: false };
    const change: Situation = { state: rolling, serving: failing, wanted: { template: 'E', generation: 3 } };

    it('waits for nobody, is watched in turn, and puts back what served before both (it was forgotten)', () => {
      expect(instructionsOf(inputOf(change))).toEqual({ template: 'to-begin', candidate: 'none' });
      expect(inShort({ ...change, hasPlace: false })).toBe('Rolling wanted');
      const { state } = decide(change);
      expect(state).toMatchObject({ stable, target: { template: 'E' }, proof: 'Skipped' });
      const fails = { state, serving: { ...failing, template: 'E' }, wanted: { template: 'E', generation: 3 } };
      expect(inShort({ ...fails, progress: { state: 'complete', answer: 'bad' } })).toBe('RolledBack put-back');
    });

    it('is none where it goes back to what served', () => {
      expect(inShort({ ...change, wanted: { template: 'S', generation: 3 } })).toBe('idle wanted');
    });
  });

  it.each(['Proving', 'Blocked'] as const)(
    'keeps what served when it began, to put that back, also when that stops serving well while it is %s',
    (phase) => {
      const candidate = phase === 'Proving' ? good : noPod;
      const { state } = decide({ state: { ...proving, phase }, serving: { ...serving, isVerified: false }, candidate });
      expect(state).toMatchObject({ phase: 'Rolling', stable });
    },
  );

  it('says of a rejected version what is still to be looked at, and why one that runs was never ready', () => {
    const unready = 'nothing accepts connections on port 8080 (spec.config.port)';
    const said = (candidate: Candidate): string | undefined =>
      decide({ state: proving, candidate, after: 300 }).state?.message;
    const gone = '; its pod is gone, and its log: mcp-lifecycle rollout retry starts another one to look at';
    expect(said({ state: 'starting', unready })).toBe(`The candidate was not ready within 300 s: ${unready}${gone}`);
    expect(said({ state: 'starting', why: 'x'.repeat(900) })?.endsWith(gone)).toBe(true);
    expect(said({ state: 'starting', why: 'x'.repeat(900) })?.length).toBeLessThanOrEqual(480);
    expect(said(bad(60_000))).toContain(gone);
    expect(said({ state: 'absent' })).toBe('The candidate was not ready within 300 s');
  });

  it('does not say of a version that wants credentials that it speaks MCP', () => {
    const onlyAnswers = 'answers HTTP 401';
    const begun = decide({ state: proving, candidate: ready({ state: 'good', onlyAnswers }) });
    expect([begun.state?.phase, begun.state?.proof]).toEqual(['Rolling', 'Proven']);
    const done = decide({
      state: rolling,
      serving: { ...serving, template: 'D' },
      progress: { state: 'complete', answer: 'good', onlyAnswers },
    });
    const unknown = 'whether it speaks MCP is not known without credentials';
    expect([begun.event?.note, done.event?.note]).toEqual([
      `The candidate answers HTTP 401, and the new version replaces what serves: ${unknown}`,
      `The new version serves, and answers HTTP 401: ${unknown}`,
    ]);
  });

  it('says in one event what happened, and none while nothing does', () => {
    const eventOf = (situation: Situation): string | undefined => decide(situation).event?.reason;
    expect([
      eventOf({}),
      eventOf({ state: proving, candidate: good }),
      eventOf({ state: proving, candidate: bad(60_000) }),
      eventOf({ state: rolling, serving: { ...serving, template: 'D' }, progress: { state: 'late', message: 'x' } }),
      eventOf({ state: proving, candidate: noPod }),
      eventOf({
        state: rolling,
        serving: { ...serving, template: 'D' },
        progress: { state: 'complete', answer: 'good' },
      }),
      eventOf({ state: rejected }),
    ]).toEqual([
      ...['RolloutProving', 'RolloutStarted', 'RolloutRejected', 'RolledBack', 'RolloutBlocked', 'RolloutComplete'],
      undefined,
    ]);
  });

  it('remembers the last five failures, and one of each template', () => {
    const failed = ['A', 'B', 'C', 'D', 'E'].map((template) => ({ ...failure, template }));
    const again: RolloutState = { ...proving, target: { ...target, template: 'B' }, failed };
    const next = decide({ state: again, wanted: { template: 'B', retry: '1' }, candidate: bad(60_000) });
    expect(next.state?.failed?.map(({ template }) => template)).toEqual(['A', 'C', 'D', 'E', 'B']);
    const sixth = decide({
      state: { ...again, target: { ...target, template: 'F' } },
      ...{ wanted: { template: 'F' }, candidate: bad(60_000) },
    });
    expect(sixth.state?.failed?.map(({ template }) => template)).toEqual(['B', 'C', 'D', 'E', 'F']);
  });

  it('whose time begins anew says since when', () => {
    const { state } = decide({ state: proving, candidate: { state: 'created' }, after: 3_600 });
    expect(state?.target.since).toBe(new Date(startedAtMs + 3_600_000).toISOString());
    expect(decide({ state: proving, candidate: { state: 'created' }, after: 1 }).state).toBe(proving);
  });

  it('that goes on unproven says why', () => {
    const refused = decide({ state: proving, candidate: { state: 'refused', message: 'label app is required' } });
    expect(refused.state).toMatchObject({
      ...{ phase: 'Rolling', proof: 'NotProven', stable },
      message: 'the candidate is refused: label app is required',
    });
    expect(refused.event?.note).toMatch(/not proven before: the candidate is refused: label app is required$/);
  });

  it('never carries a text of a server further than the schema allows', () => {
    const long = ready({ state: 'bad', message: 'x'.repeat(10_000), forMs: 60_000 });
    const { message = '', failed = [] } = decide({ state: proving, candidate: long }).state ?? {};
    expect(Math.max(message.length, ...failed.map((one) => one.message.length))).toBeLessThanOrEqual(512);
  });
});

describe('whoever leads next', () => {
  /** All that may be seen at one moment, for a server of which this state is written. */
  const situations: readonly Situation[] = [undefined, proving, rolling, rejected, rolledBack, blocked].flatMap(
    (state) =>
      ['S', 'D', undefined].flatMap((template) =>
        [good, bad(60_000), { state: 'absent' } as const].flatMap((candidate) =>
          [true, false].map((isVerified) => ({ state, serving: { ...serving, template, isVerified }, candidate })),
        ),
      ),
  );

  it('decides the same from what is written, however often: a state follows from a state', () => {
    for (const situation of situations) {
      const first = decide(situation);
      expect(decide(situation)).toEqual(first);
    }
  });

  it('applies nothing new while the state that allows it is not written yet', () => {
    const early = situations.filter(
      ({ state, serving: one }) => one?.isVerified === true && one.template !== 'D' && state?.phase !== 'Rolling',
    );
    expect(early.length).toBeGreaterThan(10);
    for (const situation of early) expect(instructionsOf(inputOf(situation)).template).toMatch(/^(held|to-begin)$/);
  });
});
