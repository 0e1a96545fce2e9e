import { spawn } from 'node:child_process';
import { commandInCluster } from '../../scripts/cluster/cluster.ts';
import { localCluster } from './components.ts';
import { node } from './node-pod.ts';

/** What a client saw that called all the time, one call after the other, each on a connection of its own. */
export interface Calls {
  readonly answered: number;
  /** The first of those that got no answer, or none of MCP. */
  readonly failures: readonly string[];
  /** How many sessions it has begun; 0 of the era without. */
  readonly sessions: number;
}

export interface CallingClient {
  readonly namespace: string;
  /**
   * That runs, and whose image has Node. Absent: the node itself, on a cluster whose node is this machine. A pod is told what to do
   * by way of the API server, and ends its calls with that.
   */
  readonly pod?: string;
  readonly url: string;
  /** Of the older era: told with 404 that its session is gone it begins another one, as the specification asks for, which is no failed call. */
  readonly keepsSession?: boolean;
}

/** Several servers called at the same time, each as {@link CallingClient} calls one. */
export interface ManyCallingClient extends Omit<CallingClient, 'url'> {
  readonly urls: readonly string[];
}

/** Between two calls of all servers together, in milliseconds. */
const pauseMs = 20;
/**
 * How long sessions are begun for one call, and between two of them, in milliseconds: while pods are replaced, the one that answers next is
 * another one, each time where they are taken in turn.
 */
const sessionsForMs = 30_000;
const sessionPauseMs = 100;

/** Calls the tools of a server for as long as `work` takes. */
export async function whileCalling(client: CallingClient, work: () => Promise<unknown>): Promise<Calls> {
  const [calls] = await whileCallingMany({ ...client, urls: [client.url] }, work);
  if (calls === undefined) throw new Error('one server was called, and nothing is known of it');
  return calls;
}

/** The same of several, in the order of their addresses; from one process, which takes less of what is tested. */
export async function whileCallingMany(
  client: ManyCallingClient,
  work: () => Promise<unknown>,
): Promise<readonly Calls[]> {
  const [program = '', ...args] = await commandOf(client);
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let [printed, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const ended = new Promise((resolve) => child.once('close', resolve));
  const begun = new Promise<void>((resolve) => {
    child.stdout.on('data', () => {
      if (printed.includes('\n')) resolve();
    });
  });
  try {
    // What happens before the first call of each is no upgrade under traffic: on a busy machine a client takes seconds to start.
    await Promise.race([begun, ended]);
    await work();
  } finally {
    // That is how the script is told.
    child.stdin.end();
    await ended;
  }
  const [, calls = ''] = printed.split('\n');
  if (calls === '') throw new Error(`the client said nothing: ${errors.trim()}`);
  return JSON.parse(calls) as readonly Calls[];
}

async function commandOf(client: ManyCallingClient): Promise<readonly string[]> {
  const { namespace, pod } = client;
  if (pod === undefined) return commandInCluster(await localCluster(), [process.execPath, '-e', scriptOf(client)]);
  return ['kubectl', 'exec', '--stdin', '--namespace', namespace, pod, '--', node, '-e', scriptOf(client)];
}

/** Both eras at once, from the same pod: what a rollout does to clients of each. */
export async function whileBothAreCalling(
  { namespace, pod }: Required<Pick<CallingClient, 'namespace' | 'pod'>>,
  urls: { readonly stateless: string; readonly sessions: string },
  work: () => Promise<unknown>,
): Promise<{ readonly stateless: Calls; readonly sessions: Calls }> {
  const found: { stateless?: Calls } = {};
  const sessions = await whileCalling({ namespace, pod, url: urls.sessions, keepsSession: true }, async () => {
    found.stateless = await whileCalling({ namespace, pod, url: urls.stateless }, work);
  });
  if (found.stateless === undefined) throw new Error('the client without sessions has ended before the other one');
  return { stateless: found.stateless, sessions };
}

function scriptOf({ urls, keepsSession = false }: ManyCallingClient): string {
  return `
    const http = require('node:http');
    const version = ${JSON.stringify(keepsSession ? '2025-11-25' : '2026-07-28')};
    const urls = ${JSON.stringify(urls)};
    const post = (url, message, more = {}) => new Promise((resolve) => {
      const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream',
        'mcp-protocol-version': version, ...more };
      const options = { method: 'POST', headers, agent: false, timeout: 10000 };
      const request = http.request(url, options, (response) => {
        const { statusCode: status, headers } = response;
        let text = '';
        response.setEncoding('utf8').on('data', (part) => (text += part));
        response.on('end', () => resolve({ status, headers, text }));
        response.on('error', ({ message }) => resolve({ status: 0, headers: {}, text: message }));
      });
      request.on('timeout', () => request.destroy(new Error('no answer in 10 s')));
      request.on('error', ({ code, message }) => resolve({ status: 0, headers: {}, text: code ?? message }));
      request.end(JSON.stringify({ jsonrpc: '2.0', ...message }));
    });
    const judge = ({ status, text }) => (text.includes('"inputSchema"') ? '' : status + ' ' + text.slice(0, 100));
    let isOver = false;
    let toBegin = urls.length;
    const callOn = async (url) => {
      let hasBegun = false;
      let sessions = 0;
      let session;
      const begin = async () => {
        const params = { protocolVersion: version, capabilities: {}, clientInfo: { name: 'loop', version: '1' } };
        const begun = await post(url, { id: 1, method: 'initialize', params });
        const id = begun.headers['mcp-session-id'];
        if (begun.status !== 200 || id === undefined) return 'initialize: ' + begun.status + ' ' + begun.text.slice(0, 100);
        session = { 'mcp-session-id': id };
        sessions += 1;
        return '';
      };
      const callInSession = async () => {
        const deadline = Date.now() + ${sessionsForMs};
        while (Date.now() < deadline) {
          const failure = session === undefined ? await begin() : '';
          if (failure !== '') return failure;
          const answer = await post(url, { id: 2, method: 'tools/list' }, session);
          if (answer.status !== 404) return judge(answer);
          session = undefined;
          await new Promise((resolve) => setTimeout(resolve, ${sessionPauseMs}));
        }
        return 'no session has lasted until its first call';
      };
      const params = { _meta: {
        'io.modelcontextprotocol/protocolVersion': version,
        'io.modelcontextprotocol/clientInfo': { name: 'loop', version: '1' },
        'io.modelcontextprotocol/clientCapabilities': {},
      } };
      const call = async () => judge(await post(url, { id: 1, method: 'tools/list', params }, { 'mcp-method': 'tools/list' }));
      let answered = 0;
      const failures = [];
      while (!isOver) {
        const failure = await ${keepsSession ? 'callInSession' : 'call'}();
        if (failure === '') answered += 1;
        else if (failures.length < 20) failures.push(new Date().toISOString() + ' ' + failure);
        if (!hasBegun && --toBegin === 0) console.log('begun');
        hasBegun = true;
        await new Promise((resolve) => setTimeout(resolve, ${pauseMs} * urls.length));
      }
      return { answered, failures, sessions };
    };
    process.stdin.on('end', () => (isOver = true)).resume();
    Promise.all(urls.map(callOn)).then((calls) => {
      console.log(JSON.stringify(calls));
      process.exit(0);
    });`;
}
