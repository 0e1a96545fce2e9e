import { lookup } from 'node:dns';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { printable } from '../core/engine/text.ts';
import { errorText } from '../platform/log.ts';
import type { ProbeTarget } from '../platform/mcp/probe.ts';
import type { ProbeBudget } from '../platform/mcp/probe-budget.ts';
import { createProbeCost } from '../platform/mcp/probe-cost.ts';
import { AnswerPool } from '../platform/mcp/answer-pool.ts';
import { openServer, serverNamed } from './contract-cluster.ts';
import { nameOfUrl } from './contract-url.ts';
import { contractJson, lockTools, maxContractBytes, readLock } from './contract-lock.ts';
import type { Locked } from './contract-lock.ts';
import type { CommandOptions, OptionValues } from './options.ts';
import type { Terminal } from './terminal.ts';
import { inWordsOfUrls } from './words-of-urls.ts';

/** How servers are asked by each command about contracts. */
export const sourceOptions = {
  stdio: { type: 'flag', help: 'the server is a command: behind --, with its arguments' },
  namespace: {
    type: 'text',
    placeholder: 'NAME',
    default: '',
    short: 'n',
    help: 'of mcpserver/NAME; without it that of the context, as kubectl does',
  },
  context: { type: 'text', placeholder: 'NAME', default: '', help: 'of the kubeconfig: the cluster of mcpserver/NAME' },
  timeout: { type: 'text', placeholder: 'SECONDS', default: '30', help: 'for all that one server is asked' },
  'bearer-token-env': {
    type: 'text',
    placeholder: 'NAME',
    default: '',
    help: 'environment variable with a token for one server; sent over https, or to this machine itself',
  },
} as const satisfies CommandOptions;

export type SourceValues = OptionValues<typeof sourceOptions>;

/** Where a contract is read: a URL, a lock file, an MCPServer of a cluster, or a command with its arguments. */
export type Source =
  | { readonly type: 'url' | 'file'; readonly at: string }
  | { readonly type: 'server'; readonly name: string }
  | { readonly type: 'command'; readonly command: string; readonly args: readonly string[] };

/** What is wrong with the options for these sources, if anything is. */
export function judgeSourceOptions(values: SourceValues, sources: readonly Source[]): string | undefined {
  const { timeout, namespace, context } = values;
  const isOfCluster = sources.some(({ type }) => type === 'server');
  if (!isOfCluster && (namespace !== '' || context !== '')) {
    return `${namespace === '' ? '--context' : '--namespace'} is for an MCPServer of a cluster: name it as mcpserver/NAME`;
  }
  if (values['bearer-token-env'] !== '' && !sources.some(({ type }) => type === 'url' || type === 'server')) {
    return '--bearer-token-env is for a server that is asked over HTTP: a URL, or mcpserver/NAME. A command has the environment of this one';
  }
  const seconds = Number(timeout);
  return seconds >= 1 && seconds <= 3_600 ? undefined : `--timeout takes seconds from 1 to 3600, not '${timeout}'`;
}

/** What is wrong with the arguments of a command about one source, if anything is. */
export function judgeOneSource(
  [first = '', ...more]: readonly string[],
  { stdio }: Pick<SourceValues, 'stdio'>,
): string | undefined {
  if (first === '') return 'name a URL, a lock file, or with --stdio a command';
  return more.length > 0 && !stdio ? `takes one SOURCE, found ${more.length} more` : undefined;
}

/** What is named: with --stdio a command, whose arguments come after it. */
export function sourceNamed([first = '', ...args]: readonly string[], { stdio }: Pick<SourceValues, 'stdio'>): Source {
  return stdio ? { type: 'command', command: first, args } : toSource(first);
}

/** Says why there is nothing of a source. */
export function tellUnread(source: Source, why: string, { writeError }: Pick<Terminal, 'writeError'>): void {
  writeError(`${printable(nameOfSource(source))}: ${printable(why)}\n`);
}

export function toSource(at: string): Source {
  const name = serverNamed(at);
  if (name !== undefined) return { type: 'server', name };
  return { type: isUrl(at) ? 'url' : 'file', at };
}

/** Of any scheme: none of them is a file. */
export function isUrl(at: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(at);
}

/** How people know it, without what may be secret. */
function nameOfSource(source: Source): string {
  switch (source.type) {
    case 'url':
      return nameOfUrl(source.at);
    case 'file':
      return source.at;
    case 'server':
      return `mcpserver/${source.name}`;
    case 'command':
      return source.command;
  }
}

/** `ignore`: of servers; a lock file has its own, and an MCPServer, where nothing is given. */
export async function readSource(
  source: Source,
  { values, ignore }: { readonly values: SourceValues; readonly ignore: readonly string[] },
  terminal: Terminal,
): Promise<Locked> {
  const timeoutMs = Number(values.timeout) * 1_000;
  const clientVersion = (await terminal.readVersion?.()) ?? '0.0.0';
  switch (source.type) {
    case 'file':
      return readLockFile(source.at, terminal);
    case 'url':
      return readUrl(source.at, { timeoutMs, clientVersion, token: tokenOf(values, terminal) }, ignore);
    case 'server':
      return readServerOf(
        source.name,
        { timeoutMs, clientVersion, token: tokenOf(values, terminal) },
        { values, ignore },
      );
    case 'command': {
      const { command, args } = source;
      const limits = { timeoutMs, clientVersion, json: contractJson, maxBytes: maxContractBytes };
      // Here and below: who reads lock files needs no HTTP.
      const { listToolsOfProcess } = await import('../platform/mcp/stdio-server.ts');
      const listed = await listToolsOfProcess({ command, args, env: terminal.env, ...limits });
      return listed.type === 'failed' ? { type: 'problem', why: listed.why } : lockTools(listed.tools, ignore);
    }
  }
}

/** Undefined: none is asked for. An empty one is a mistake: see `whyNoToken`. */
function tokenOf(values: SourceValues, { env }: Terminal): Token | undefined {
  const { 'bearer-token-env': name } = values;
  return name === '' ? undefined : { name, value: env[name] ?? '' };
}

interface Token {
  /** Of the environment variable. */
  readonly name: string;
  readonly value: string;
}

async function readLockFile(file: string, { readStdin }: Terminal): Promise<Locked> {
  try {
    return readLock(file === '-' ? await readStdin() : readFileSync(file));
  } catch (error) {
    return { type: 'problem', why: `cannot be read: ${errorText(error)}${whatElse(file)}` };
  }
}

/** What a name that is no file may have been meant for. */
function whatElse(file: string): string {
  if (/^[a-z0-9-]+$/.test(file)) return `; an MCPServer of a cluster is mcpserver/${file}`;
  if (/^mcpservers?[./]/.test(file)) return '; an MCPServer of a cluster is mcpserver/NAME';
  // A host before the path, or a port.
  return /^[a-z0-9-]+(\.[a-z0-9-]+)+\/|^[a-z0-9.-]+:\d/i.test(file) ? '; a URL begins with https:// or http://' : '';
}

/** One server alone may take what a laptop has. */
const budget: ProbeBudget = {
  json: contractJson,
  maxPageBytes: maxContractBytes,
  createCost: (owner) => createProbeCost({ owner, cpuMs: () => 0, pool: new AnswerPool(64 * maxContractBytes) }),
  keepTool: (item) => ({ item, bytes: 0 }),
};

function whyNoToken(token: Token | undefined): string | undefined {
  return token?.value === ''
    ? `the environment variable ${token.name} of --bearer-token-env is empty, or not set`
    : undefined;
}

function whyNotAsked(url: string, token: Token | undefined): string | undefined {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !['http:', 'https:'].includes(parsed.protocol)) return 'is no URL of http or https';
  if (token === undefined) return undefined;
  const why = whyNoToken(token);
  if (why !== undefined || keepsSecrets(parsed)) return why;
  return `the token of --bearer-token-env is not sent over plain http to ${parsed.host}: name an https URL, or have kubectl port-forward bring it to 127.0.0.1`;
}

/** Whether what is sent there can be read by nobody between. */
function keepsSecrets({ protocol, hostname }: URL): boolean {
  if (protocol === 'https:' || hostname === '[::1]') return true;
  return isIP(hostname) === 4 ? hostname.startsWith('127.') : /^(.+\.)?localhost$/.test(hostname);
}

interface UrlReading {
  readonly timeoutMs: number;
  readonly clientVersion: string;
  readonly token: Token | undefined;
}

async function readUrl(url: string, { token, ...how }: UrlReading, ignore: readonly string[]): Promise<Locked> {
  const why = whyNotAsked(url, token);
  if (why !== undefined) return { type: 'problem', why };
  const asked = await askServer({ url, lookup }, { token, ...how }, ignore);
  return asked.type === 'problem' ? { type: 'problem', why: inWordsOfUrls(asked.why) } : asked;
}

/** Through the API server, which lets nobody read what goes by: a token is safe. */
async function readServerOf(
  name: string,
  how: UrlReading,
  { values, ignore }: { readonly values: SourceValues; readonly ignore: readonly string[] },
): Promise<Locked> {
  const whyNone = whyNoToken(how.token);
  if (whyNone !== undefined) return { type: 'problem', why: whyNone };
  const opened = await openServer({ name, namespace: values.namespace, context: values.context });
  if (opened.type === 'problem') return opened;
  const { url, connect, tls, whyNot, close } = opened;
  try {
    const asked = await askServer({ url, connect, tls }, how, ignore.length === 0 ? opened.ignore : ignore);
    const why = asked.type === 'problem' ? whyNot() : undefined;
    return why === undefined ? asked : { type: 'problem', why };
  } finally {
    close();
  }
}

async function askServer(
  server: Pick<ProbeTarget, 'url' | 'connect' | 'lookup' | 'tls'>,
  { token, ...how }: UrlReading,
  ignore: readonly string[],
): Promise<Locked> {
  const listed: (readonly unknown[])[] = [];
  const { probeMcpServer } = await import('../platform/mcp/probe.ts');
  const result = await probeMcpServer({
    ...{ ...server, ...how, budget, countsOffers: true, signal: new AbortController().signal },
    onTools: (tools) => void listed.push(tools),
    ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token.value}` } }),
  });
  switch (result.state) {
    case 'verified': {
      const [tools] = listed;
      if (tools !== undefined) return lockTools(tools, ignore);
      if (!result.serverInfo.capabilities.tools) return lockTools([], ignore);
      return { type: 'problem', why: result.notCounted ?? 'its tools could not be listed' };
    }
    case 'auth-required': {
      const why = `it wants credentials (HTTP ${result.statusCode}): name an environment variable with a token, --bearer-token-env`;
      return { type: 'problem', why };
    }
    case 'throttled':
    case 'failed':
      return { type: 'problem', why: result.message };
  }
}
