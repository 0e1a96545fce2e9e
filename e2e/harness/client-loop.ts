import { spawn } from 'node:child_process';
import { node } from './node-pod.ts';

/** What a client saw that called all the time, one call after the other, each on a connection of its own. */
export interface Calls {
  readonly answered: number;
  /** The first of those that got no answer, or none of MCP. */
  readonly failures: readonly string[];
}

/** Between two calls, in milliseconds. */
const pauseMs = 20;

/** Calls the tools of a server from a running pod whose image has Node, for as long as `work` takes. */
export async function whileCalling(
  { namespace, pod, url }: { readonly namespace: string; readonly pod: string; readonly url: string },
  work: () => Promise<unknown>,
): Promise<Calls> {
  const args = ['exec', '--stdin', '--namespace', namespace, pod, '--', node, '-e', scriptOf(url)];
  const child = spawn('kubectl', args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let [printed, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const ended = new Promise((resolve) => child.once('close', resolve));
  try {
    await work();
  } finally {
    // That is how the script is told.
    child.stdin.end();
    await ended;
  }
  if (printed === '') throw new Error(`the client in pod ${pod} said nothing: ${errors.trim()}`);
  return JSON.parse(printed) as Calls;
}

function scriptOf(url: string): string {
  return `
    const http = require('node:http');
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {
      _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } } });
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' };
    let isOver = false;
    let answered = 0;
    const failures = [];
    const call = () => new Promise((resolve) => {
      const request = http.request(${JSON.stringify(url)}, { method: 'POST', headers, agent: false, timeout: 10000 }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part) => (text += part));
        response.on('end', () => resolve(text.includes('"tools"') ? '' : response.statusCode + ' ' + text.slice(0, 100)));
        response.on('error', ({ message }) => resolve(message));
      });
      request.on('timeout', () => request.destroy(new Error('no answer in 10 s')));
      request.on('error', ({ code, message }) => resolve(code ?? message));
      request.end(body);
    });
    process.stdin.on('end', () => (isOver = true)).resume();
    (async () => {
      while (!isOver) {
        const failure = await call();
        if (failure === '') answered += 1;
        else if (failures.length < 20) failures.push(new Date().toISOString() + ' ' + failure);
        await new Promise((resolve) => setTimeout(resolve, ${pauseMs}));
      }
      console.log(JSON.stringify({ answered, failures }));
      process.exit(0);
    })();`;
}
