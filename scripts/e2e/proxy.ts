import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Environment } from '../cluster/command.ts';
import { ClusterFailure } from '../cluster/failure.ts';

export interface Proxy {
  /** `http://127.0.0.1:37035`: the API server, with the credentials of the kubeconfig. */
  readonly url: string;
  readonly stop: () => void;
}

/** Starts `kubectl proxy` on a free port of this machine's loopback. */
export async function startProxy(environment: Environment): Promise<Proxy> {
  const child = spawn('kubectl', ['proxy', '--port=0'], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close').then(() => ['']);
  const [text] = await Promise.race([once(child.stdout.setEncoding('utf8'), 'data'), ended]);
  // `Starting to serve on 127.0.0.1:37035`
  const [, address] = / on (\S+)/.exec(String(text)) ?? [];
  if (address === undefined) throw new ClusterFailure('`kubectl proxy` did not start: read the error above.');
  return {
    url: `http://${address}`,
    stop: () => {
      child.kill();
    },
  };
}
