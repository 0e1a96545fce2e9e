import { describe, expect, it } from '@jest/globals';
import type { PodFailure } from '../mcpserver/types.gen.ts';
import type { ContainerState, DiagnoseOptions, PodState } from './diagnose-pods.ts';
import { diagnosePods, patienceEndsAtMs } from './diagnose-pods.ts';
import { renderPodFailure } from './render-pod-failure.ts';

const container = (state: ContainerState['state'], changes: Partial<ContainerState> = {}): ContainerState => ({
  image: 'example/search:1',
  ready: false,
  restartCount: 0,
  ...(state === undefined ? {} : { state }),
  ...changes,
});
const pod = (name: string, ...containerStatuses: readonly ContainerState[]): PodState => ({
  metadata: { name },
  status: { containerStatuses },
});
const waiting = (reason: string, message = ''): ContainerState['state'] => ({ waiting: { reason, message } });
const exited = (exitCode: number, reason = 'Error'): Partial<ContainerState> => ({
  restartCount: 3,
  lastState: { terminated: { exitCode, reason } },
});
/** Without an error, so many seconds after its start. */
const ended = (seconds: number): Partial<ContainerState> => {
  const startedAt = '2026-01-01T00:00:00Z';
  const finishedAt = new Date(Date.parse(startedAt) + seconds * 1_000).toISOString();
  return {
    restartCount: 3,
    lastState: { terminated: { exitCode: 0, reason: 'Completed', startedAt, finishedAt } },
  };
};
const running = { running: {} };

/** What is found, in words. */
function diagnosis(pods: readonly PodState[], options: DiagnoseOptions = {}): string | undefined {
  const found = diagnosePods(pods, options);
  return found === undefined ? undefined : renderPodFailure(found, options.hints ?? {});
}

describe('diagnosePods', () => {
  it.each<[string, ContainerState, string | undefined]>([
    [
      'an image that cannot be pulled',
      container(waiting('ErrImagePull', 'no such host')),
      'Image pull failed for "example/search:1": no such host (pod: a)',
    ],
    [
      'an image whose pull waits',
      container(waiting('ImagePullBackOff', 'back-off')),
      'Image pull failed for "example/search:1": back-off (pod: a)',
    ],
    [
      'a crash',
      container(waiting('CrashLoopBackOff'), exited(2)),
      'Container crashing: exit code 2, restarts: 2+ (pod: a)',
    ],
    [
      'a crash without a trace',
      container(waiting('CrashLoopBackOff'), { restartCount: 1 }),
      'Container crashing: restarts: 1 (pod: a)',
    ],
    [
      'a crash that was just seen',
      container({ terminated: { exitCode: 1 } }),
      'Container crashing: exit code 1, restarts: 0 (pod: a)',
    ],
    [
      'a server for stdio, which ends at once and without an error',
      container(waiting('CrashLoopBackOff'), ended(2)),
      'Container crashing: exit code 0, restarts: 2+; it ends at once and without an error, as servers for stdio do: set spec.extensions.stdio (mcp-lifecycle stdio resolve IMAGE prints it), or have it serve streamable HTTP by an option of its own (pod: a)',
    ],
    [
      'an end without an error after minutes, which is no sign of stdio',
      container(waiting('CrashLoopBackOff'), ended(300)),
      'Container crashing: exit code 0, restarts: 2+ (pod: a)',
    ],
    [
      'an end without an error of which no time is told',
      container(waiting('CrashLoopBackOff'), exited(0, 'Completed')),
      'Container crashing: exit code 0, restarts: 2+ (pod: a)',
    ],
    [
      'a bad reference',
      container(waiting('CreateContainerConfigError', 'no key')),
      'Container config error: no key (pod: a)',
    ],
    [
      'an image that says no user, with what to do about it',
      container(
        waiting(
          'CreateContainerConfigError',
          'container has runAsNonRoot and image will run as root (pod: "a", container: mcp-server)',
        ),
      ),
      'Container config error: container has runAsNonRoot and image will run as root (pod: "a", container: mcp-server); servers do not run as root here: set spec.runtime.security.podSecurityContext.runAsUser to the number of a user who may read the files of the image (65532 mostly may), or give the image a user by number (pod: a)',
    ],
    [
      'a command that is not there, in the words of the runtime',
      container(waiting('CrashLoopBackOff'), {
        restartCount: 1,
        lastState: { terminated: { exitCode: 128, reason: 'StartError', message: 'exec: "nope":\nnot found' } },
      }),
      'Container crashing: exit code 128, restarts: 1; it cannot be started: exec: "nope": not found (pod: a)',
    ],
    [
      'a crash with last words, which are not ours to tell',
      container({ terminated: { exitCode: 1, reason: 'Error', message: 'password=x' } }),
      'Container crashing: exit code 1, restarts: 0 (pod: a)',
    ],
    [
      'too much memory',
      container({ terminated: { exitCode: 137, reason: 'OOMKilled' } }),
      'Container OOMKilled: exit code 137, restarts: 0 (pod: a)',
    ],
    [
      'restarts without health',
      container(running, { restartCount: 2 }),
      'Container not passing health checks: restarts: 2+ (pod: a)',
    ],
    ['a start', container(waiting('ContainerCreating')), undefined],
    ['a first run that is not ready yet', container(running), undefined],
    ['health after restarts', container(running, { restartCount: 2, ready: true }), undefined],
    ['no state', container(undefined), undefined],
  ])('%s', (_, state, wanted) => {
    expect(diagnosis([pod('a', state)])).toBe(wanted);
  });

  describe('a server whose spec leaves something out that it may need', () => {
    const hints = { crash: 'set a field' };
    const diagnose = (state: ContainerState, previous?: PodFailure): string | undefined =>
      diagnosis([pod('a', state)], { hints, previous });
    const crashed = container(waiting('CrashLoopBackOff'), exited(1));
    const told = 'Container crashing: exit code 1, restarts: 2+; set a field (pod: a)';

    it.each<[string, ContainerState, string]>([
      ['exits with a code', crashed, told],
      [
        'exits with a code that the kubelet gives no reason for',
        container({ terminated: { exitCode: 1 } }),
        'Container crashing: exit code 1, restarts: 0; set a field (pod: a)',
      ],
      [
        'crashes without a trace',
        container(waiting('CrashLoopBackOff'), { restartCount: 1 }),
        'Container crashing: restarts: 1; set a field (pod: a)',
      ],
    ])('is told so when it %s', (_, state, wanted) => {
      expect(diagnose(state)).toBe(wanted);
    });

    it.each<[string, ContainerState]>([
      ['ends as if that were meant', container(waiting('CrashLoopBackOff'), exited(0, 'Completed'))],
      ['needs more memory', container(waiting('CrashLoopBackOff'), exited(137, 'OOMKilled'))],
      ['has a command that is not there', container(waiting('CrashLoopBackOff'), exited(128, 'StartError'))],
      ['has an image that is not there', container(waiting('ErrImagePull'))],
      ['is not ready', container(running, { restartCount: 2 })],
    ])('is not told so when it %s', (_, state) => {
      expect(diagnose(state)).not.toContain(hints.crash);
    });

    it('is told the same at every moment of the crash', () => {
      const before = diagnosePods([pod('a', crashed)], { hints });
      expect(diagnose(container(running, { restartCount: 3 }), before)).toBe(told);
      expect(diagnose(crashed, before)).toBe(told);
    });

    it('is told it although the crash was told without it before', () => {
      expect(diagnose(crashed, diagnosePods([pod('a', crashed)]))).toBe(told);
    });
  });

  describe('a server that is not ready', () => {
    const hints = { unready: 'nothing on port 8080' };
    const startedAt = '2026-01-01T00:00:00Z';
    const patience = { nowMs: Date.parse(startedAt) + 60_000, readyWithinMs: 60_000 };
    const diagnose = (state: ContainerState, previous?: PodFailure): string | undefined =>
      diagnosis([pod('a', state)], { hints, patience, previous });

    it.each<[string, ContainerState, string]>([
      ['for too long', container({ running: { startedAt } }), 'not ready 60 seconds after its start'],
      ['after restarts', container(running, { restartCount: 2 }), 'restarts: 2+'],
    ])('is told where it is asked, %s', (_, state, rest) => {
      const told = `Container not passing health checks: ${rest}; nothing on port 8080 (pod: a)`;
      expect(diagnose(state)).toBe(told);
      expect(diagnose(state, diagnosePods([pod('a', state)], { hints, patience }))).toBe(told);
    });

    it('is not told so between two crashes', () => {
      const crash: PodFailure = { cause: 'Crashing', exitCode: 1, restarts: 2, pod: 'a' };
      const told = 'Container crashing: exit code 1, restarts: 2+ (pod: a)';
      expect(diagnose(container(running, { restartCount: 3 }), crash)).toBe(told);
    });
  });

  it('looks at init containers first, and lets them finish', () => {
    const done = container({ terminated: { exitCode: 0 } });
    const main = container(waiting('PodInitializing'));
    const init = container(waiting('CrashLoopBackOff'), exited(7));
    const withInit = (one: ContainerState): PodState => ({
      ...pod('a'),
      status: { initContainerStatuses: [one], containerStatuses: [main] },
    });
    expect(diagnosis([withInit(done)])).toBeUndefined();
    expect(diagnosis([withInit(init)])).toMatch(/exit code 7/);
  });

  it('names the first pod by name, in whatever order they come', () => {
    const broken = container(waiting('CreateContainerConfigError', 'x'));
    expect(diagnosis([pod('b', broken), pod('a', broken)])).toMatch(/\(pod: a\)$/);
    expect(diagnosis([])).toBeUndefined();
  });

  it.each<[string, readonly ContainerState[]]>([
    [
      'a crash loop',
      [
        container(waiting('CrashLoopBackOff'), exited(1)),
        container(running, { ...exited(1), restartCount: 4 }),
        container({ terminated: { exitCode: 1 } }, { restartCount: 3 }),
        container(waiting('CrashLoopBackOff'), { ...exited(1), restartCount: 3 }),
      ],
    ],
    [
      'an image pull',
      [
        container(waiting('ErrImagePull', 'a')),
        container(waiting('ImagePullBackOff', 'b')),
        container(waiting('ErrImagePull', 'c')),
      ],
    ],
    ['failing health checks', [container(running, { restartCount: 8 }), container(running, { restartCount: 15 })]],
  ])('says the same at every moment of %s', (_, moments) => {
    const [first] = moments;
    const before = first === undefined ? undefined : diagnosePods([pod('a', first)]);
    expect(before).toBeDefined();
    for (const moment of moments) expect(diagnosePods([pod('a', moment)], { previous: before })).toBe(before);
  });

  it('says something new when the failure is another one, or over', () => {
    const before: PodFailure = { cause: 'Crashing', exitCode: 1, restarts: 2, pod: 'a' };
    const next = (one: PodState): string | undefined => diagnosis([one], { previous: before });
    expect(next(pod('a', container(waiting('ErrImagePull', 'x'))))).toMatch(/^Image pull/);
    expect(next(pod('a', container(waiting('CrashLoopBackOff'), exited(2))))).toMatch(/exit code 2/);
    expect(next(pod('b', container(waiting('CrashLoopBackOff'), exited(1))))).toMatch(/pod: b/);
    expect(next(pod('a', container(running, { ready: true })))).toBeUndefined();
  });

  it('tells restarts in steps that double, and no more after 64', () => {
    const said = new Set<string>();
    let previous: PodFailure | undefined;
    for (let restartCount = 0; restartCount < 1_000; restartCount += 1) {
      const crashed = container(waiting('CrashLoopBackOff'), { ...exited(1), restartCount });
      previous = diagnosePods([pod('a', crashed)], { previous });
      said.add(previous === undefined ? '' : renderPodFailure(previous, {}));
    }
    const steps = [...said].map((text) => /restarts: (\S+)/.exec(text)?.[1]);
    expect(steps).toEqual(['0', '1', '2+', '4+', '8+', '16+', '32+', '64+']);
  });

  const unscheduled = (message: string, status = 'False'): PodState => ({
    metadata: { name: 'a' },
    status: { conditions: [{ type: 'PodScheduled', status, reason: 'Unschedulable', message }] },
  });

  it('tells what the scheduler says of a pod that fits nowhere, and goes on with its first words', () => {
    const pods = [unscheduled('0/1 nodes are available: 1 Insufficient memory.')];
    expect(diagnosis(pods)).toBe('Pod cannot be scheduled: 0/1 nodes are available: 1 Insufficient memory. (pod: a)');
    const previous = diagnosePods(pods);
    expect(diagnosePods([unscheduled('0/2 nodes are available.')], { previous })).toBe(previous);
    expect(diagnosePods([unscheduled('', 'True')], { previous })).toBeUndefined();
  });

  describe('a container that runs and was never ready', () => {
    const started = Date.parse('2026-01-01T00:00:00Z');
    const slow = pod('a', container({ running: { startedAt: '2026-01-01T00:00:00Z' } }));
    const at = (nowMs: number) => ({ nowMs, readyWithinMs: 60_000 });

    it('is no failure as long as it may take, and one afterwards', () => {
      expect(diagnosePods([slow], { patience: at(started + 59_999) })).toBeUndefined();
      expect(diagnosis([slow], { patience: at(started + 60_000) })).toBe(
        'Container not passing health checks: not ready 60 seconds after its start (pod: a)',
      );
    });

    it('says when to look again, once', () => {
      expect(patienceEndsAtMs([slow], at(started))).toBe(started + 60_000);
      expect(patienceEndsAtMs([slow], at(started + 60_000))).toBeUndefined();
      expect(patienceEndsAtMs([pod('b', container(running))], at(started))).toBeUndefined();
      expect(patienceEndsAtMs([], at(started))).toBeUndefined();
    });

    it('waits for ever where the kubelet does not say when it started', () => {
      expect(diagnosePods([pod('a', container(running))], { patience: at(started * 2) })).toBeUndefined();
    });
  });

  describe('a pod whose node cannot start any container, which only events of the pod tell', () => {
    const since = Date.parse('2026-01-01T00:00:00Z');
    const starting = (is = 'False', state: ContainerState = container(waiting('ContainerCreating'))): PodState => {
      const ready = { type: 'PodReadyToStartContainers', status: is, lastTransitionTime: '2026-01-01T00:00:00Z' };
      return {
        metadata: { name: 'a' },
        status: { conditions: [{ type: 'PodScheduled', status: 'True' }, ready], containerStatuses: [state] },
      };
    };
    const at = (nowMs: number) => ({ nowMs, readyWithinMs: 10_000 });

    it('is no failure for a minute, and one afterwards, with what in the spec may be behind it', () => {
      expect(diagnosePods([starting()], { patience: at(since + 59_999) })).toBeUndefined();
      const hints = { start: 'does its node have the runtime?' };
      const found = diagnosePods([starting()], { patience: at(since + 60_000), hints });
      expect(found).toEqual({ cause: 'NotStarted', pod: 'a', notReadyAfterSeconds: 60, hint: 'Start' });
      expect(found && renderPodFailure(found, hints)).toBe(
        'Pod not started: its node has neither mounted all volumes nor made the sandbox 60 seconds after it came there, kubectl describe pod says why; does its node have the runtime? (pod: a)',
      );
    });

    it('is looked at again when the minute is over, once', () => {
      expect(patienceEndsAtMs([starting()], at(since))).toBe(since + 60_000);
      expect(patienceEndsAtMs([starting()], at(since + 60_000))).toBeUndefined();
    });

    it.each<[string, PodState]>([
      ['has its sandbox, and pulls', starting('True')],
      ['runs while its sandbox is made anew', starting('False', container(running))],
      ['is of a cluster that does not tell', pod('a', container(waiting('ContainerCreating')))],
    ])('is none that %s', (_, one) => {
      expect(diagnosePods([one], { patience: at(since + 3_600_000) })).toBeUndefined();
    });
  });
});
