import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

export interface AdmissionReport {
  /** Server dry runs that were judged by us. */
  readonly answered: number;
  /** What every other one got instead. */
  readonly failures: readonly string[];
}

export interface AdmissionLoad {
  stop(): Promise<AdmissionReport>;
}

/** Between two requests, in milliseconds; a request takes about ten. */
const pauseMs = 15;

/**
 * Asks for the creation of MCPServers without a pause until it is stopped, one after another, as dry runs: a good one,
 * which must come back with our defaults, and a bad one, which must be denied by our rule.
 */
export async function startAdmissionLoad(namespace: string): Promise<AdmissionLoad> {
  const proxy = spawn('kubectl', ['proxy', '--port=0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = `${await addressOf(proxy)}/apis/mcp.x-k8s.io/v1beta1/namespaces/${namespace}/mcpservers?dryRun=All`;
  const failures: string[] = [];
  let answered = 0;
  let isStopped = false;
  const ask = async (question: Question): Promise<void> => {
    const failure = await judge(url, question);
    if (failure === undefined) answered += 1;
    else failures.push(failure);
    await sleep(pauseMs);
  };
  const work = async (): Promise<void> => {
    while (!isStopped) for (const question of questions) await ask(question);
  };
  const done = work();
  return {
    async stop() {
      isStopped = true;
      await done;
      proxy.kill();
      return { answered, failures };
    },
  };
}

interface Question {
  readonly runtime: object;
  readonly status: number;
  /** What only our webhooks put into the answer. */
  readonly mark: string;
}

const questions: readonly Question[] = [
  { runtime: {}, status: 201, mark: '"allowPrivilegeEscalation":false' },
  { runtime: { security: { securityContext: { runAsUser: 0 } } }, status: 422, mark: '[run-as-non-root]' },
];

async function judge(url: string, { runtime, status, mark }: Question): Promise<string | undefined> {
  const server = {
    apiVersion: 'mcp.x-k8s.io/v1beta1',
    kind: 'MCPServer',
    metadata: { name: 'load' },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: 'example.com/load:1.0.0' } },
      config: { port: 8080 },
      runtime,
    },
  };
  const headers = { 'Content-Type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(server) });
  const text = await answer.text();
  return answer.status === status && text.includes(mark) ? undefined : `${answer.status}: ${text.slice(0, 500)}`;
}

/** `Starting to serve on 127.0.0.1:37035`. */
function addressOf(proxy: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    proxy.once('error', reject);
    proxy.stdout?.setEncoding('utf8').once('data', (text: string) => {
      const [, address] = / on (\S+)/.exec(text) ?? [];
      if (address === undefined) reject(new Error(`kubectl proxy said: ${text}`));
      else resolve(`http://${address}`);
    });
  });
}
