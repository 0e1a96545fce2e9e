import { describe, expect, it } from '@jest/globals';
import { applyDefaults } from '../defaults/apply.ts';
import type { StdioSettings } from '../mcpserver/types.gen.ts';
import { anMCPServer, withSpec } from '../testing/builders.ts';
import { diagnosePods, isPatienceOver, patienceEndsAtMs } from './diagnose-pods.ts';
import type { ContainerState, DiagnoseOptions, PodState } from './diagnose-pods.ts';
import { hintOnCrash } from './hint-on-crash.ts';
import { hintOnUnready } from './hint-on-unready.ts';
import { hintsOnStdio } from './hints-on-stdio.ts';
import { hintAfterSeconds, readyWithinSeconds } from './ready-within.ts';
import { renderPodFailure } from './render-pod-failure.ts';
import { shimReasons } from './told-by-shim.ts';

const aServer = (stdio: StdioSettings = {}) =>
  applyDefaults(anMCPServer(withSpec({ extensions: { stdio: { command: ['search', '--stdio'], ...stdio } } })));

const startedAt = '2026-01-01T00:00:00Z';
const startMs = Date.parse(startedAt);

const container = (name: string, changes: Partial<ContainerState> = {}): ContainerState => ({
  ...{ name, image: `example/${name}:1`, ready: true, restartCount: 0, state: { running: { startedAt } } },
  ...changes,
});
const crashed = (exitCode: number, terminated: object = {}): Partial<ContainerState> => ({
  ready: false,
  restartCount: 3,
  state: { waiting: { reason: 'CrashLoopBackOff' } },
  lastState: { terminated: { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', ...terminated } },
});
const shim = container('mcp-stdio-shim', { state: { terminated: { exitCode: 0 } } });

/** A pod with these states of the bridge and of the server. */
const aPod = (bridge: Partial<ContainerState>, server: Partial<ContainerState>): PodState => ({
  metadata: { name: 'a' },
  status: {
    initContainerStatuses: [shim, container('mcp-bridge', bridge)],
    containerStatuses: [container('mcp-server', server)],
  },
});

function diagnosis(pod: PodState, options: DiagnoseOptions = {}, server = aServer()): string | undefined {
  const hints = { crash: hintOnCrash(server), unready: hintOnUnready(server), stdio: hintsOnStdio(server) };
  const found = diagnosePods([pod], { ...options, hints });
  return found === undefined ? undefined : renderPodFailure(found, hints);
}

describe('what keeps a server for stdio from serving', () => {
  it.each<[what: string, bridge: Partial<ContainerState>, server: Partial<ContainerState>, said: RegExp | undefined]>([
    ['nothing, when both are ready', {}, {}, undefined],
    [
      'a program that the image does not have',
      { ready: false },
      crashed(127),
      /^Container crashing: exit code 127, .*no program "search" in the image.*mcp-lifecycle stdio resolve/,
    ],
    [
      'a file that is no program, or no working directory',
      { ready: false },
      crashed(126),
      /exit code 126, .*"search" .* cannot be executed.*stdio.cwd/,
    ],
    ['a program that fails', { ready: false }, crashed(3), /exit code 3, restarts: 2\+; its log says why/],
    [
      'a program that ends without having answered',
      { ready: false },
      crashed(0, { startedAt, finishedAt: startedAt }),
      /exit code 0, .*ends without an error before it has answered/,
    ],
    [
      'a program that answers nothing (its files and the Kubernetes API were guessed at)',
      { ready: false },
      crashed(1, { message: 'mcp-lifecycle: NoAnswer: the server did not answer initialize in time' }),
      /^Container crashing: exit code 1, restarts: 2\+; its program answers nothing on its standard output within 60 seconds .*startTimeoutSeconds\): does (?:(?!it may be).)*$/,
    ],
    [
      'a program that is no MCP server',
      { ready: false },
      crashed(1, { message: 'mcp-lifecycle: WrongAnswer: the server answered initialize with JSON-RPC error -32601' }),
      /exit code 1, restarts: 2\+; its program answers, but not as an MCP server.*kubectl logs -c mcp-bridge/,
    ],
    [
      'an interpreter that the image does not have',
      { ready: false },
      crashed(1, { message: 'mcp-lifecycle: NotStarted: the server could not be started: NotFound: …' }),
      /exit code 1, restarts: 2\+; "search" is in the image and cannot be started: the interpreter/,
    ],
    [
      'a working directory that is not there',
      { ready: false },
      crashed(126, { message: 'mcp-lifecycle: Cwd: the working directory "/a" cannot be used' }),
      /exit code 126, restarts: 2\+; the directory that spec\.extensions\.stdio\.cwd names is neither/,
    ],
    [
      'whatever the program itself left there, by nothing but its exit code',
      { ready: false },
      crashed(3, { message: 'mcp-lifecycle: Password: secret' }),
      /exit code 3, restarts: 2\+; its log says why(?:(?!secret).)*$/,
    ],
    ['memory', { ready: false }, crashed(137, { reason: 'OOMKilled' }), /^Container OOMKilled: exit code 137/],
    [
      'the bridge itself',
      crashed(1),
      {},
      /^Container crashing: exit code 1, .*a container of mcp-lifecycle beside the server/,
    ],
    [
      'an image of ours that cannot be pulled',
      { ready: false, state: { waiting: { reason: 'ErrImagePull', message: 'denied' } } },
      { ready: false, state: { waiting: { reason: 'PodInitializing' } } },
      /^Image pull failed for "example\/mcp-bridge:1": denied; .*stdio\.imagePullSecrets/,
    ],
  ])('is told: %s', (_, bridge, server, said) => {
    const told = diagnosis(aPod(bridge, server));
    if (said === undefined) expect(told).toBeUndefined();
    else expect(told).toMatch(said);
  });

  it('is kept in words that the release before reads, too (it refused the whole status for the others)', () => {
    const words = ['NoAnswer', 'WrongAnswer', 'NotStarted', 'NotFound', 'NotExecutable', 'Cwd'].map((word) => {
      const pod = aPod({ ready: false }, crashed(1, { message: `mcp-lifecycle: ${word}: why` }));
      return diagnosePods([pod], { hints: { crash: 'why' } });
    });
    expect(words.map((found) => found?.hint)).toEqual(words.map(() => undefined));
    expect(words.map((found) => found?.advice)).toEqual(shimReasons);
  });

  it('is told where a newer release has another word for it', () => {
    const previous = { cause: 'Crashing', pod: 'a', exitCode: 1, restarts: 2, advice: 'OfTheNextRelease' } as const;
    expect(diagnosis(aPod({ ready: false }, crashed(1)), { previous })).toMatch(/its log says why/);
    expect(renderPodFailure(previous, {})).toBe('Container crashing: exit code 1, restarts: 2+ (pod: a)');
  });

  it('is told of a program that runs and answers nothing, once its time is over, and not before', () => {
    const pod = aPod({ ready: false }, {});
    const readyWithinMs = 90_000;
    const at = (ms: number): DiagnoseOptions => ({ patience: { nowMs: startMs + ms, readyWithinMs } });
    expect(diagnosis(pod, at(89_000))).toBeUndefined();
    expect(patienceEndsAtMs([pod], { nowMs: startMs, readyWithinMs })).toBe(startMs + 90_000);
    expect(isPatienceOver([pod], { nowMs: startMs + 90_000, readyWithinMs })).toBe(true);
    expect(diagnosis(pod, at(90_000))).toMatch(
      /not ready 90 seconds after its start; its program answers nothing .* within 60 seconds \(spec\.extensions\.stdio\.startTimeoutSeconds\)/,
    );
  });

  it('is no sidecar that others have added', () => {
    const pod: PodState = {
      metadata: { name: 'a' },
      status: {
        initContainerStatuses: [container('mesh', { ready: false })],
        containerStatuses: [container('mcp-server')],
      },
    };
    expect(diagnosis(pod, { patience: { nowMs: startMs + 1e9, readyWithinMs: 1 } })).toBeUndefined();
  });
});

it.each<[stdio: StdioSettings, seconds: number]>([
  [{}, 90],
  [{ startTimeoutSeconds: 5 }, 60],
  [{ command: ['npx', 'server@1.0.0'] }, 150],
])(
  'a server for stdio has the time that its program may take, and that of a probe, until it counts as failed: %j',
  (stdio, seconds) => {
    expect(readyWithinSeconds(aServer(stdio))).toBe(seconds);
    expect(hintAfterSeconds(aServer(stdio))).toBeLessThanOrEqual(seconds);
  },
);

it('a server that ends as one for stdio is told the field for that', () => {
  const server = applyDefaults(anMCPServer());
  const pod: PodState = {
    metadata: { name: 'a' },
    status: { containerStatuses: [container('mcp-server', crashed(0, { startedAt, finishedAt: startedAt }))] },
  };
  expect(diagnosis(pod, {}, server)).toContain('set spec.extensions.stdio');
});
