import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A process of the bench on one processor of its own, so that server and load never share one. */
export interface Child {
  /** Resolves with the next message. */
  receive(): Promise<unknown>;
  /** Sends a message and resolves with the answer. */
  ask(message: object): Promise<unknown>;
  stop(): Promise<void>;
}

/** Starts `file` (beside this one) with Node on processor `cpu`. */
export function startChild(file: string, args: readonly string[], cpu: number): Child {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const command = ['-c', String(cpu), process.execPath, '--disable-warning=ExperimentalWarning', path, ...args];
  const child = spawn('taskset', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const receive = (): Promise<unknown> => nextMessage(child, file);
  return {
    receive,
    ask: (message) => {
      const answer = receive();
      child.send(message);
      return answer;
    },
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => {
          resolve();
        });
        child.disconnect();
      }),
  };
}

function nextMessage(child: ChildProcess, file: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => {
      reject(new Error(`${file} ended with ${String(code)}`));
    };
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      resolve(message);
    });
  });
}
