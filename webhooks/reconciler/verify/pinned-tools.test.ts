import { describe, expect, it } from '@jest/globals';
import type { ToolsSeen } from '../../core/plan/observed.ts';
import { podSetOf } from '../../core/plan/serving.ts';
import type { ServingPod } from '../../core/plan/serving.ts';
import { judgeTools } from '../../core/plan/tool-demands.ts';
import type { ToolDemands } from '../../core/plan/tool-demands.ts';
import { silentLogger } from '../../platform/log.ts';
import { createFakeClock } from '../../platform/kube/testing/fake-clock.ts';
import type { ProbeResult, ProbeTarget } from '../../platform/mcp/probe.ts';
import { Verifier } from './verifier.ts';

const capabilities = { tools: true, resources: false, prompts: false, logging: false, completions: false };
const serverInfo = { name: 'x', version: '1', protocolVersion: '2026-07-28', capabilities };
const wantsCredentials: ProbeResult = { state: 'auth-required', statusCode: 401 };
const target = { url: 'http://x/mcp', generation: 1, periodMs: 60_000, image: 'x:1', pods: '1/1' };
const pinnedTo = (...pinned: readonly string[]): ToolDemands => ({ ignore: [], pinned, isReadOnly: false });

function lists(digest: string, more: Pick<ProbeResult, 'listTtlMs'> = {}): ProbeResult {
  const tools: ToolsSeen = { digest, listed: '', truncated: 0 };
  return { state: 'verified', era: 'stateless', serverInfo, offers: { tools: 1 }, tools, ...more };
}

/** A server that answers each question in turn, and the last answer from then on. */
function start(answers: readonly ProbeResult[], podsOf: () => readonly ServingPod[] = () => []) {
  const clock = createFakeClock();
  const began = clock.now().getTime();
  const asked: { readonly atMs: number; readonly how: ProbeTarget }[] = [];
  const changes: string[] = [];
  const verifier = new Verifier({
    ...{ clock, log: silentLogger, random: () => 1, clientVersion: '1', podsOf },
    probe: (how) => {
      asked.push({ atMs: clock.now().getTime() - began, how });
      const answer = answers[Math.min(asked.length, answers.length) - 1] ?? wantsCredentials;
      if (how.countsOffers === true || answer.state !== 'verified') return Promise.resolve(answer);
      const others = { ...answer };
      delete others.offers;
      delete others.tools;
      return Promise.resolve(others);
    },
    onChange: (key) => changes.push(key),
  });
  const digest = (): string => {
    const { verification } = verifier.current('a');
    const tools = verification.state === 'verified' ? verification.tools : undefined;
    return tools !== undefined && 'digest' in tools ? tools.digest : verification.state;
  };
  const listedAt = () => asked.filter(({ how }) => how.countsOffers === true).map(({ atMs }) => atMs);
  return { clock, asked, changes, verifier, digest, listedAt };
}

describe('the lists of pinned tools', () => {
  it('are read about every minute, whatever the period of the server is', async () => {
    const t = start([lists('A')]);
    t.verifier.watch('a', { ...target, periodMs: 3_600_000, tools: pinnedTo('A') });
    await t.clock.advance(600_000);
    expect(t.listedAt().length).toBeGreaterThanOrEqual(8);
    expect(t.listedAt().length).toBeLessThanOrEqual(12);
    t.verifier.stop();
  });

  it('are read every ten minutes where they are only observed, at the period of the server', async () => {
    const t = start([lists('A', { listTtlMs: 1 })]);
    t.verifier.watch('a', { ...target, periodMs: 3_600_000, tools: { ignore: [], isReadOnly: false } });
    await t.clock.advance(600_000);
    expect(t.listedAt()).toEqual([0]);
    t.verifier.stop();
  });

  it.each([
    ['as soon as the server says that they are old', 20_000, 20_000],
    ['not more often than every ten seconds', 0, 10_000],
    ['every minute where it says that they are good for long', 86_400_000, 60_000],
  ])('are read %s', async (_, listTtlMs, expectedMs) => {
    const t = start([lists('A', { listTtlMs })]);
    t.verifier.watch('a', { ...target, periodMs: 3_600_000, tools: pinnedTo('A') });
    await t.clock.advance(600_000);
    const [, second = 0] = t.listedAt();
    expect(second).toBe(Math.round(expectedMs * 1.15));
    t.verifier.stop();
  });

  it('are believed at once when they are others, also shortly after another change (they waited ten minutes)', async () => {
    const t = start([lists('A'), wantsCredentials, wantsCredentials, lists('A'), lists('A'), lists('B')]);
    t.verifier.watch('a', { ...target, tools: pinnedTo('A') });
    await t.clock.advance(300_000);
    expect(t.digest()).toBe('B');
    t.verifier.stop();
  });

  it('cost few writes of a server that turns to and fro', async () => {
    const t = start(Array.from({ length: 400 }, (_, at) => lists(at % 2 === 0 ? 'A' : 'B')));
    t.verifier.watch('a', { ...target, tools: pinnedTo('A') });
    await t.clock.advance(3_600_000);
    expect(t.digest()).toBe('B');
    expect(t.changes.length).toBeLessThan(14);
    t.verifier.stop();
  });

  it('are said to be unknown while pods of two templates serve for longer than a rollout takes (kept, for good)', async () => {
    const pod = (template: string): ServingPod => ({ name: template, template, address: '::1', port: 1, restarts: 0 });
    let pods = [pod('one')];
    const t = start([lists('A')], () => pods);
    const tools = pinnedTo('A');
    const watch = (): void => {
      t.verifier.watch('a', { ...target, tools, pods: podSetOf(pods) });
    };
    const verdict = () => {
      const { verification } = t.verifier.current('a');
      return verification.state === 'verified' ? judgeTools(tools, verification) : verification;
    };
    watch();
    await t.clock.advance(300_000);
    pods = [pod('one'), pod('two')];
    watch();
    const { length } = t.listedAt();
    await t.clock.advance(800_000);
    expect(verdict()).toEqual({ state: 'kept' });
    await t.clock.advance(300_000);
    expect(verdict()).toMatchObject({ state: 'unknown', why: expect.stringContaining('several templates') });
    expect(t.listedAt()).toHaveLength(length);
    const { length: written } = t.changes;
    await t.clock.advance(3_600_000);
    expect(t.changes).toHaveLength(written);
    pods = [pod('two')];
    watch();
    await t.clock.advance(900_000);
    expect(verdict()).toEqual({ state: 'kept' });
    // Another rollout has its time.
    pods = [pod('two'), pod('three')];
    watch();
    await t.clock.advance(600_000);
    expect(verdict()).toEqual({ state: 'kept' });
    t.verifier.stop();
  });

  it('do not turn unknown for one refusal', async () => {
    const t = start([lists('A'), wantsCredentials, lists('A')]);
    t.verifier.watch('a', { ...target, tools: pinnedTo('A') });
    await t.clock.advance(300_000);
    expect(t.changes).toEqual(['a']);
    t.verifier.stop();
  });

  it('are read again when something is accepted, so that it is not something older that is', async () => {
    const t = start([lists('A'), lists('B'), lists('C')]);
    t.verifier.watch('a', { ...target, tools: pinnedTo('A') });
    await t.clock.advance(75_000);
    expect(t.digest()).toBe('B');
    const before = t.asked.length;
    t.verifier.watch('a', { ...target, tools: pinnedTo('B') });
    await t.clock.advance(2_000);
    expect(t.asked).toHaveLength(before + 1);
    expect(t.digest()).toBe('C');
    t.verifier.stop();
  });

  it('are not read again for having been accepted first', async () => {
    const t = start([lists('A')]);
    t.verifier.watch('a', { ...target, tools: pinnedTo() });
    await t.clock.advance(1);
    t.verifier.watch('a', { ...target, tools: pinnedTo('A') });
    await t.clock.advance(10_000);
    expect(t.asked).toHaveLength(1);
    t.verifier.stop();
  });

  it('are read again at once when something else is ignored, and say so to the probe', async () => {
    const t = start([lists('A')]);
    t.verifier.watch('a', { ...target, tools: { ignore: [], isReadOnly: false } });
    await t.clock.advance(2_000);
    t.verifier.watch('a', { ...target, tools: { ignore: ['/_meta'], isReadOnly: false } });
    await t.clock.advance(2_000);
    expect(t.asked.map(({ how }) => how.ignore)).toEqual([[], ['/_meta']]);
    expect(t.listedAt()).toHaveLength(2);
    t.verifier.stop();
  });
});
