import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { proxyUrl } from './api.ts';
import { eventually } from './eventually.ts';

/** Requests on their way, as the work beside them sees them. */
export interface AdmissionLoad {
  /** Waits until so many more were answered as they have to be. */
  readonly untilMore: (count: number) => Promise<void>;
  /** Does something, during which at least one must have been answered so. */
  readonly during: (what: string, step: () => Promise<unknown>) => Promise<void>;
}

/** Between two requests, in milliseconds; a request takes about ten. */
const pauseMs = 15;

/** Whether only dry runs are sent, or servers without pods are created and changed for good, too. */
export type Load = 'dry runs' | 'dry runs and applies';

/**
 * Sends MCPServers without a pause as long as `work` takes, one request after another: good ones, which must come back
 * with our defaults, and bad ones, which must be denied by our rule. Returns what every other one got instead.
 */
export async function whileAdmitting(
  namespace: string,
  work: (load: AdmissionLoad) => Promise<void>,
  load: Load = 'dry runs',
): Promise<readonly string[]> {
  const url = `${proxyUrl()}/apis/mcp.x-k8s.io/v1beta1/namespaces/${namespace}/mcpservers`;
  const failures: string[] = [];
  let answered = 0;
  let isOver = false;
  const ask = async (question: Question): Promise<void> => {
    const failure = await judge(url, question).catch((error: unknown) => inspect(error).slice(0, 500));
    if (failure === undefined) answered += 1;
    else failures.push(failure);
    await sleep(pauseMs);
  };
  const send = async (): Promise<void> => {
    for (let round = 0; !isOver; round++) {
      const more = load === 'dry runs' ? [] : applies(round);
      for (const question of [...dryRuns, ...more]) await ask(question);
    }
  };
  const sent = send();
  try {
    await work({
      async untilMore(count) {
        const enough = answered + count;
        await eventually(`${count} requests more are judged`, () => Promise.resolve(answered >= enough), {
          describe: () => Promise.resolve(failures.slice(0, 5)),
        });
      },
      async during(what, step) {
        const before = answered;
        await step();
        if (answered === before && failures.length === 0) throw new Error(`no request was answered while ${what}`);
      },
    });
  } finally {
    isOver = true;
    await sent;
  }
  return failures;
}

interface Question {
  readonly how: 'create' | 'apply';
  readonly name: string;
  readonly isDryRun: boolean;
  readonly spec: object;
  readonly statuses: readonly number[];
  /** What only our webhooks put into the answer. */
  readonly mark: string;
}

const asRoot = { security: { securityContext: { runAsUser: 0 } } };
const defaulted = { statuses: [200, 201], mark: '"readOnlyRootFilesystem":true' };
const denied = { statuses: [422], mark: '[run-as-non-root]' };

const dryRuns: readonly Question[] = [
  { how: 'create', name: 'load', isDryRun: true, spec: { runtime: {} }, ...defaulted },
  { how: 'create', name: 'load', isDryRun: true, spec: { runtime: asRoot }, ...denied },
];

/** Each server is created in one round and changed in those after it. */
function applies(round: number): readonly Question[] {
  const name = `load-${Math.floor(round / 10)}`;
  const spec = { runtime: { replicas: 0 }, extraLabels: { round: String(round) } };
  return [
    { how: 'apply', name, isDryRun: false, spec, ...defaulted },
    { how: 'apply', name, isDryRun: true, spec: { ...spec, extraLabels: { round: 'next' } }, ...defaulted },
    { how: 'apply', name, isDryRun: true, spec: { ...spec, runtime: asRoot }, ...denied },
  ];
}

async function judge(
  url: string,
  { how, name, isDryRun, spec, statuses, mark }: Question,
): Promise<string | undefined> {
  const server = {
    apiVersion: 'mcp.x-k8s.io/v1beta1',
    kind: 'MCPServer',
    metadata: { name },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: 'example.com/load:1.0.0' } },
      config: { port: 8080 },
      ...spec,
    },
  };
  const dryRun = isDryRun ? '&dryRun=All' : '';
  const [method, target, type] =
    how === 'create'
      ? (['POST', `${url}?fieldManager=e2e${dryRun}`, 'application/json'] as const)
      : (['PATCH', `${url}/${name}?fieldManager=e2e${dryRun}`, 'application/apply-patch+yaml'] as const);
  const answer = await fetch(target, { method, headers: { 'Content-Type': type }, body: JSON.stringify(server) });
  const text = await answer.text();
  return statuses.includes(answer.status) && text.includes(mark)
    ? undefined
    : `${how} ${name}: ${answer.status}: ${text.slice(0, 500)}`;
}
