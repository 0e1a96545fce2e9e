import { KubeConfig } from '@kubernetes/client-node';
import type { Agent } from 'node:https';
import type { RequestOptions } from 'node:https';

import { systemClock } from '../clock.ts';
import type { Clock } from '../clock.ts';
import { createKubeApi } from './api-client.ts';
import type { ApiServer, Credentials, KubeApi } from './api.ts';

/**
 * How long credentials are used without looking again, in milliseconds. The CA bundle and the token are files that
 * the kubelet replaces; client-node itself keeps a token for 60 s, which bounds the sum.
 */
const credentialsMaxAgeMs = 30_000;

/** The cluster that we run in, or (running from source) the one of KUBECONFIG or ~/.kube/config, as kubectl would. */
export function createKubeApiFromEnvironment(): KubeApi {
  const config = new KubeConfig();
  config.loadFromDefault();
  return createKubeApi({ server: apiServerOf(config, systemClock), userAgent: 'mcp-lifecycle' });
}

function apiServerOf(config: KubeConfig, clock: Clock): ApiServer {
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    throw new Error(`context '${config.getCurrentContext()}' names no cluster: check the kubeconfig.`);
  const usesProxy = cluster.proxyUrl !== undefined;
  let read: { readonly at: number; readonly credentials: Credentials } | undefined;
  return {
    url: new URL(cluster.server),
    forgetCredentials: () => {
      read = undefined;
    },
    async credentials() {
      const now = clock.monotonicMs();
      if (read !== undefined && now - read.at < credentialsMaxAgeMs) return read.credentials;
      const credentials = await readCredentials(config, usesProxy);
      read = { at: now, credentials };
      return credentials;
    },
  };
}

/** The agent that client-node returns is kept by cluster and user *name*, so a rotated CA would never reach it: only
 * the plain options are taken (a proxy agent excepted, which cannot be made otherwise). */
async function readCredentials(config: KubeConfig, usesProxy: boolean): Promise<Credentials> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized } = options;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value);
  if (typeof options.auth === 'string')
    headers['Authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  const tls: Record<string, unknown> = { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized };
  for (const [name, value] of Object.entries(tls)) if (value === undefined) Reflect.deleteProperty(tls, name);
  return { tls, headers, ...(usesProxy ? { proxyAgent: proxyAgentOf(options) } : {}) };
}

/** client-node puts its proxy agent there whenever the cluster has a proxy URL; its type also allows `false`. */
function proxyAgentOf(options: RequestOptions): Agent {
  return options.agent as Agent;
}
