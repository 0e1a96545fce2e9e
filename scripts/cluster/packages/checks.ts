import { Resolver } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import type { Check, Plan } from './plan.ts';

/** A component that needs longer than this to say that it is well is not. */
const checkTimeoutMs = 2000;

type ApiAccess = Pick<Plan, 'pki' | 'port'>;

/** The supervisor loads this file when the cluster starts. */
const startedAt = new Date();

/** Whether the thing works right now. Never rejects. */
export async function passes(check: Check, plan: ApiAccess): Promise<boolean> {
  switch (check.type) {
    case 'socket':
      return accepts(check.path);
    case 'http':
      return (await get(check.url, {})) !== undefined;
    case 'api':
      return (await getFromApi(check.path, plan)) !== undefined;
    case 'node': {
      const body = await getFromApi(`/api/v1/nodes/${check.node}`, plan);
      return body !== undefined && isNodeReady(body, startedAt);
    }
    case 'dns':
      return resolves(check.server, check.name);
  }
}

/** Whether the node says that it is ready, and said so after `since`: what was true before a crash does not count. */
export function isNodeReady(body: string, since: Date): boolean {
  const ready = (JSON.parse(body) as NodeObject).status?.conditions?.find(({ type }) => type === 'Ready');
  // Kubernetes writes whole seconds.
  return ready?.status === 'True' && Date.parse(ready.lastHeartbeatTime) >= since.getTime() - 1000;
}

interface NodeObject {
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly lastHeartbeatTime: string;
    }[];
  };
}

function accepts(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(socketPath);
    const settle = (isAccepted: boolean): void => {
      socket.destroy();
      resolve(isAccepted);
    };
    socket.once('connect', () => {
      settle(true);
    });
    socket.once('error', () => {
      settle(false);
    });
  });
}

function getFromApi(apiPath: string, { pki, port }: ApiAccess): Promise<string | undefined> {
  const read = (file: string): Buffer => readFileSync(path.join(pki, file));
  return get(`https://127.0.0.1:${port}${apiPath}`, { cert: read('admin.crt'), key: read('admin.key') });
}

/** The body of a 2xx answer. Certificates are not verified: every address is loopback inside the cluster's own network. */
function get(url: string, credentials: { readonly cert?: Buffer; readonly key?: Buffer }): Promise<string | undefined> {
  const client = url.startsWith('https:') ? https : http;
  const options = { ...credentials, rejectUnauthorized: false, agent: false, timeout: checkTimeoutMs } as const;
  return new Promise((resolve) => {
    const request = client.get(url, options, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.once('close', () => {
        resolve(response.complete && (response.statusCode ?? 500) < 300 ? body : undefined);
      });
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => {
      resolve(undefined);
    });
  });
}

async function resolves(server: string, name: string): Promise<boolean> {
  const resolver = new Resolver({ timeout: checkTimeoutMs, tries: 1 });
  resolver.setServers([server]);
  try {
    return (await resolver.resolve4(name)).length > 0;
  } catch {
    return false;
  }
}
