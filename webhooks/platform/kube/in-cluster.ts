import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { ApiServer } from './api.ts';
import { createApiServer } from './api-server.ts';

/** Where the kubelet puts the token and the CA (https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/). */
const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface PodEnvironment {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** For tests. */
  readonly folder?: string;
}

/**
 * The API server of the pod that this process runs in; nothing where there is no token. The kubelet replaces both
 * files, so they are read again every 30 s; `credentials` throws when one of them cannot be read.
 */
export function findOwnCluster({ env, clock, folder = serviceAccountFolder }: PodEnvironment): ApiServer | undefined {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = env;
  const tokenFile = join(folder, 'token');
  if (host === '' || !existsSync(tokenFile)) return undefined;
  const url = new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`);
  const server = createApiServer(url, clock, async () => {
    const [token, ca] = await Promise.all([readFile(tokenFile, 'utf8'), readFile(join(folder, 'ca.crt'))]);
    return { tls: { ca }, headers: { Authorization: `Bearer ${token.trim()}` } };
  });
  return { ...server, isDirect: true };
}
