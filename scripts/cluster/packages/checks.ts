import { Resolver } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import type { Check, Plan } from './plan.ts';

/** A component that needs longer than this to say that it is well is not. */
const checkTimeoutMs = 2000;

/** Whether the thing works right now. Never rejects. */
export async function passes(check: Check, plan: Pick<Plan, 'pki' | 'port'>): Promise<boolean> {
  switch (check.type) {
    case 'socket':
      return accepts(check.path);
    case 'http':
      return (await get(check.url, {})) !== undefined;
    case 'api': {
      const pki = (file: string): Buffer => readFileSync(path.join(plan.pki, file));
      const body = await get(`https://127.0.0.1:${plan.port}${check.path}`, {
        cert: pki('admin.crt'),
        key: pki('admin.key'),
      });
      return body !== undefined && (check.condition === undefined || hasCondition(body, check.condition));
    }
    case 'dns':
      return resolves(check.server, check.name);
  }
}

/** Whether the object's condition of this type is True. */
export function hasCondition(body: string, type: string): boolean {
  const object = JSON.parse(body) as {
    readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  };
  return (
    object.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false
  );
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
