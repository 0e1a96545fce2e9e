import type { Clock } from '../platform/clock.ts';
import { createCollector, type CollectGarbage } from '../platform/collect-garbage.ts';
import { healthRoutes } from '../platform/http/health.ts';
import { metricsRoutes } from '../platform/http/metrics.ts';
import { startPlainServer, type PlainServer } from '../platform/http/plain-server.ts';
import { errorText, type Logger } from '../platform/log.ts';
import { AnswerPool } from '../platform/mcp/answer-pool.ts';
import { createMetricsRegistry } from '../platform/metrics.ts';
import { startRepeating } from '../platform/timer.ts';
import type { BridgeConfig } from './config.ts';
import { Unsent } from './connection.ts';
import { createHandler } from './handle.ts';
import { Heart } from './heart.ts';
import { startHttpServer } from './http-server.ts';
import { Keeper } from './keeper.ts';
import { leave } from './leave.ts';
import { Leftovers } from './leftovers.ts';
import type { NotificationMessage } from './message.ts';
import { createBridgeMetrics } from './metrics.ts';
import { Sessions } from './sessions.ts';
import { SharedSession } from './shared-session.ts';
import { UnixShim } from './unix-shim.ts';
import { Unread } from './unread.ts';

export interface BridgeOptions {
  readonly config: BridgeConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly version: string;
  /** Absent: every address of the pod. */
  readonly host?: string;
  /** Called when it listens, with the ports that it got. */
  readonly onListening?: (ports: {
    readonly port: number;
    readonly healthPort: number;
    readonly metricsPort: number;
  }) => void;
}

/** Most requests of one session, and of a process that all share, that wait at the same time. */
const maxPending = { session: 64, shared: 1024 };
/** All messages that are being read from clients, and from the server, take so much at least, in bytes. */
const minPoolBytes = 16 * 1024 * 1024;
/** How long everything is served as before when the pod ends, in milliseconds: endpoints are gone by then. */
const tailMs = 5_000;
const mostSweepsMs = 30_000;

/** A context of the engine for it alone, so it is made when it is needed. */
let collector: CollectGarbage | undefined;
const collectGarbage: CollectGarbage = (what) => {
  collector ??= createCollector();
  collector(what);
};

/** Runs until the signal aborts and what was under way is over. */
export async function startBridge(options: BridgeOptions): Promise<void> {
  const { config, clock, log, signal, host } = options;
  const { maxSessions, idleMs } = config;
  const sessions = new Sessions({ max: maxSessions, idleMs, clock });
  const registry = createMetricsRegistry({ program: 'bridge', process: true });
  const metrics = createBridgeMetrics(registry, { sessions: () => sessions.count, maxSessions });
  // Our own end, which comes after the last call.
  const over = new AbortController();
  let leaving: AbortController | undefined;
  const beginToLeave = (): void => {
    if (leaving !== undefined) return;
    leaving = new AbortController();
    const times = { tailMs: Math.min(tailMs, config.graceMs), graceMs: config.graceMs };
    leave({ clock, keeper, sessions, ...times }, leaving.signal).catch((error: unknown) => {
      log.error('what is under way is not waited for', { error: errorText(error) });
    });
  };
  // The next container of the server has nothing to do with the end of this one.
  const stopLeaving = (): void => {
    leaving?.abort();
    leaving = undefined;
  };
  const shim = new UnixShim({
    socketPath: config.socketPath,
    clock,
    events: {
      onConnected: () => {
        stopLeaving();
        keeper.connected();
      },
      onStopping: () => {
        log.info('the container of the server is ending');
        keeper.stopping();
        beginToLeave();
      },
      onLost: () => {
        stopLeaving();
        keeper.lost();
      },
    },
  });
  // A message may take twice its length while it is read.
  const poolBytes = Math.max(minPoolBytes, 4 * config.maxMessageBytes);
  const context = {
    ...{ shim, clock, log, metrics, maxMessageBytes: config.maxMessageBytes, startMs: config.startMs },
    pool: new AnswerPool(poolBytes),
    unsent: new Unsent(poolBytes),
    leftovers: new Leftovers(clock, collectGarbage, over.signal),
  };
  const keeper = new Keeper({
    ...context,
    ...{ mode: config.mode, clientVersion: options.version, maxPending: maxPending.shared },
    onUnrelated: (message: NotificationMessage) => {
      sessions.forEach((session) => {
        if (session instanceof SharedSession) session.hear(message);
      });
    },
    onSharedEnd: () => {
      sessions.endAll('the process that it shared is gone');
    },
  });
  const heart = new Heart();
  const unread = new Unread(poolBytes, clock, () => {
    metrics.answerCutOff();
  });
  const handle = createHandler({
    ...context,
    ...{
      path: config.path,
      keeper,
      sessions,
      heart,
      unread,
      // Behind a gateway everybody comes from one address.
      bodies: new AnswerPool(poolBytes, 'oldest gives way'),
      maxPending: maxPending.session,
      mode: config.mode,
    },
    isLeaving: () => keeper.isStopping || signal.aborted,
  });
  const listening = host === undefined ? {} : { host };
  const server = await startHttpServer({
    ...{ port: config.port, maxConnections: 2 * maxSessions + 256, log, handle, ...listening },
  });
  const plain: PlainServer[] = [];
  const listen = async (port: number, routes: Parameters<typeof startPlainServer>[0]['routes']): Promise<number> => {
    const started = await startPlainServer({ port, routes, log, ...listening });
    plain.push(started);
    return started.port;
  };
  const healthPort = await listen(config.healthPort, healthRoutes({ readiness: () => keeper.readiness() }));
  const metricsPort = config.metricsPort === 0 ? 0 : await listen(config.metricsPort, metricsRoutes(registry));
  options.onListening?.({ port: server.port, healthPort, metricsPort });
  const stopHeart = heart.start();
  const sweeping = startRepeating(
    () => {
      sessions.sweep();
    },
    Math.min(mostSweepsMs, Math.max(1_000, idleMs / 4)),
  );
  const running = Promise.all([shim.run(over.signal), keeper.run(over.signal)]);
  await aborted(signal);
  server.stopAccepting();
  // The kubelet ends us after the shim: mostly nothing is left. Otherwise only we are replaced.
  keeper.stopping();
  stopLeaving();
  await leave({ clock, keeper, sessions, tailMs: 0, graceMs: config.graceMs }, over.signal);
  over.abort();
  clearInterval(sweeping);
  stopHeart();
  await running.catch((error: unknown) => {
    log.error('the bridge ended unexpectedly', { error: errorText(error) });
  });
  await Promise.all([server.close(), ...plain.map((one) => one.close())]);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener(
      'abort',
      () => {
        resolve();
      },
      { once: true },
    );
  });
}
