import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { proxyUrl } from './api.ts';
import { eventually } from './eventually.ts';

/** Requests on their way, as the work beside them sees them. */
export interface AdmissionLoad {
  /** Waits until so many more were answered as they have to be. */
  readonly untilMore: (count: number) => Promise<void>;
  /** Does something, during which at least one must have been on its way that was answered so. */
  readonly during: (what: string, step: () => Promise<unknown>) => Promise<void>;
}

/** Between two requests, in milliseconds; a request takes about ten. */
const pauseMs = 15;

/** Whether only dry runs are sent, or servers and Deployments without pods are created and changed for good, too. */
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
  const failures: string[] = [];
  let answered = 0;
  let isOver = false;
  const ask = async (question: Question): Promise<void> => {
    const failure = await judge(namespace, question).catch((error: unknown) => inspect(error).slice(0, 500));
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
        // There is always one: on a busy machine it may take longer than the step.
        await eventually(`a request is answered that was on its way while ${what}`, () =>
          Promise.resolve(answered > before || failures.length > 0),
        );
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
  readonly isDryRun: boolean;
  readonly object: object;
  readonly name: string;
  /** `mcp.x-k8s.io/v1beta1/…/mcpservers`, with the namespace where the dots are. */
  readonly api: string;
  readonly statuses: readonly number[];
  /** What has to be in the answer. */
  readonly mark: string;
}

const asRoot = { security: { securityContext: { runAsUser: 0 } } };
/** What only our webhooks put there. */
const defaulted = { statuses: [200, 201], mark: '"readOnlyRootFilesystem":true' };
const denied = { statuses: [422], mark: '[run-as-non-root]' };

const dryRuns: readonly Question[] = [
  { how: 'create', isDryRun: true, ...aServer('load', { runtime: {} }), ...defaulted },
  { how: 'create', isDryRun: true, ...aServer('load', { runtime: asRoot }), ...denied },
];

/** Each object is created in one round and changed in those after it. */
function applies(round: number): readonly Question[] {
  const name = `load-${Math.floor(round / 10)}`;
  const spec = { runtime: { replicas: 0 }, extraLabels: { round: String(round) } };
  const next = { ...spec, extraLabels: { round: 'next' } };
  // Nobody of us is asked about it: it fails when what we install is in the way of others.
  const deployment = { ...aDeployment(`bystander-${name}`, round), statuses: [200, 201], mark: `"round":"${round}"` };
  return [
    { how: 'apply', isDryRun: false, ...aServer(name, spec), ...defaulted },
    { how: 'apply', isDryRun: true, ...aServer(name, next), ...defaulted },
    { how: 'apply', isDryRun: true, ...aServer(name, { ...spec, runtime: asRoot }), ...denied },
    { how: 'apply', isDryRun: true, ...deployment },
    { how: 'apply', isDryRun: false, ...deployment },
  ];
}

type Named = Pick<Question, 'api' | 'name' | 'object'>;

function aServer(name: string, spec: object): Named {
  const source = { type: 'ContainerImage', containerImage: { ref: 'example.com/load:1.0.0' } };
  return {
    ...{ api: 'mcp.x-k8s.io/v1beta1/…/mcpservers', name },
    object: {
      ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name } },
      spec: { source, config: { port: 8080 }, ...spec },
    },
  };
}

function aDeployment(name: string, round: number): Named {
  const labels = { bystander: name };
  const containers = [{ name: 'load', image: 'example.com/load:1.0.0' }];
  return {
    ...{ api: 'apps/v1/…/deployments', name },
    object: {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, labels: { round: String(round) } } },
      spec: {
        replicas: 0,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers } },
      },
    },
  };
}

async function judge(namespace: string, question: Question): Promise<string | undefined> {
  const { how, name, api, isDryRun, object, statuses, mark } = question;
  const url = `${proxyUrl()}/apis/${api.replace('…', `namespaces/${namespace}`)}`;
  const dryRun = isDryRun ? '&dryRun=All' : '';
  const [method, target, type] =
    how === 'create'
      ? (['POST', `${url}?fieldManager=e2e${dryRun}`, 'application/json'] as const)
      : (['PATCH', `${url}/${name}?fieldManager=e2e${dryRun}`, 'application/apply-patch+yaml'] as const);
  const answer = await fetch(target, { method, headers: { 'Content-Type': type }, body: JSON.stringify(object) });
  const text = await answer.text();
  return statuses.includes(answer.status) && text.includes(mark)
    ? undefined
    : `${new Date().toISOString()} ${how} ${name}: ${answer.status}: ${text.slice(0, 500)}`;
}
