import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

import { startTimer } from '../timer.ts';

export interface ProcessGroup {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  /**
   * Has all of it end: SIGTERM, and SIGKILL where somebody is left after `graceMs`. What has put itself into a session of its
   * own is no part of it.
   */
  end(graceMs: number): Promise<void>;
}

/** How often it is looked whether anybody is left, in milliseconds. */
const lookMs = 20;
/** What ends this process, and the group before it. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const satisfies readonly NodeJS.Signals[];

/**
 * Starts a program as the leader of a process group, so that it can be ended with all that it has started: servers are started by way of `npx`, `uvx`
 * and `sh -c`, which do not hand signals on. A group of its own gets no Ctrl-C of the terminal, so what ends us by a signal ends it first.
 * Throws what Node refuses to start. On Windows there are no groups, and the program alone is ended.
 */
export function startGroup(
  command: string,
  args: readonly string[],
  { env, graceMs }: { readonly env: NodeJS.ProcessEnv; readonly graceMs: number },
): ProcessGroup {
  const hasGroup = process.platform !== 'win32';
  const child = spawn(command, [...args], {
    ...{ env, detached: hasGroup, windowsHide: true },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  /** Whether there was somebody to get it; 0 asks no more than that. */
  const send = (signal: NodeJS.Signals | 0): boolean => {
    const { pid } = child;
    if (pid === undefined) return false;
    try {
      return hasGroup ? process.kill(-pid, signal) : signal === 0 ? child.exitCode === null : child.kill(signal);
    } catch {
      return false;
    }
  };
  const isGone = async (ms: number): Promise<boolean> => {
    const endsAt = performance.now() + ms;
    while (send(0)) {
      if (performance.now() >= endsAt) return false;
      await new Promise<void>((resolve) => {
        startTimer(resolve, lookMs);
      });
    }
    return true;
  };
  const endAll = async (ms: number): Promise<void> => {
    if (send('SIGTERM') && !(await isGone(ms))) send('SIGKILL');
  };

  let leaving: Promise<void> | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    // Who asks a second time does not wait.
    if (leaving !== undefined) send('SIGKILL');
    leaving ??= endAll(graceMs).then(() => {
      stopListening();
      // As if nobody had listened, unless somebody else does, who decides then.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    });
  };
  const onExit = (): void => void send('SIGKILL');
  const stopListening = (): void => {
    for (const signal of signals) process.off(signal, onSignal);
    process.off('exit', onExit);
  };
  for (const signal of signals) process.on(signal, onSignal);
  process.on('exit', onExit);
  return {
    child,
    async end(ms) {
      await (leaving ?? endAll(ms));
      stopListening();
    },
  };
}
