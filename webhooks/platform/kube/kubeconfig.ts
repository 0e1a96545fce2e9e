import { KubeConfig } from '@kubernetes/client-node';
import type { Agent } from 'node:https';
import type { RequestOptions } from 'node:https';

import type { Clock } from '../clock.ts';
import type { ApiServer, Credentials } from './api.ts';
import { createApiServer } from './api-server.ts';

/** The cluster of KUBECONFIG or ~/.kube/config, as kubectl would choose it. Throws when its context names none. */
export function apiServerOfKubeconfig(clock: Clock): ApiServer {
  return apiServerOf(loadConfig(), clock);
}

export interface ServerOfContext {
  readonly server: ApiServer;
  readonly context: string;
  /** Of objects that name none, as kubectl has it. */
  readonly namespace: string;
}

/**
 * The cluster of one context there, of the current one by default. Throws with what is wrong, when there is none of that
 * name for one.
 */
export function apiServerOfContext(name: string | undefined, clock: Clock): ServerOfContext {
  const { config, context } = configOfContext(name);
  const namespace = config.getContextObject(context)?.namespace ?? '';
  return { server: apiServerOf(config, clock), context, namespace: namespace === '' ? 'default' : namespace };
}

/** The same for those who need client-node itself. */
export function configOfContext(name: string | undefined): { readonly config: KubeConfig; readonly context: string } {
  const config = loadConfig();
  const context = name ?? config.getCurrentContext();
  const names = config.getContexts().map((one) => one.name);
  if (isInvented(names)) throw new Error('there is no kubeconfig, neither in KUBECONFIG nor in ~/.kube/config');
  if (!names.includes(context)) {
    throw new Error(`the kubeconfig has no context '${context}': it has ${names.join(', ')}`);
  }
  config.setCurrentContext(context);
  return { config, context };
}

function loadConfig(): KubeConfig {
  const config = new KubeConfig();
  let absent: string | undefined;
  try {
    config.loadFromDefault();
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' || path === undefined) throw error;
    absent = path;
  }
  if (absent !== undefined) throw new Error(`there is no file ${absent}, which KUBECONFIG names`);
  return config;
}

/** What client-node makes up where it finds no kubeconfig, and no pod around it. */
function isInvented(names: readonly string[]): boolean {
  return names.length === 1 && names[0] === 'loaded-context';
}

function apiServerOf(config: KubeConfig, clock: Clock): ApiServer {
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    throw new Error(`context '${config.getCurrentContext()}' names no cluster: check the kubeconfig.`);
  const usesProxy = cluster.proxyUrl !== undefined;
  // client-node says so with each request, in words of its own.
  if (!usesProxy && !cluster.skipTLSVerify && cluster.server.startsWith('http:')) {
    const advice = 'name an https URL, or set insecure-skip-tls-verify: true beside it';
    throw new Error(`cluster '${cluster.name}' of the kubeconfig has the server ${cluster.server}: ${advice}`);
  }
  return createApiServer(new URL(cluster.server), clock, () => readCredentials(config, usesProxy));
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
