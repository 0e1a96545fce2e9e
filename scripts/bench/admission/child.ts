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

export interface ChildOptions {
  readonly args?: readonly string[];
  /** The processor that it runs on. */
  readonly cpu: number;
  /** Arguments of Node itself. */
  readonly flags?: readonly string[];
}

/** Starts `file` (beside this one) with Node. */
export function startChild(file: string, { args = [], cpu, flags = [] }: ChildOptions): Child {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', ...flags];
  const command = ['-c', String(cpu), ...node, path, ...args];
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
