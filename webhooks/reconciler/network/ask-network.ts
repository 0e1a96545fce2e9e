import type { Clock } from '../../platform/clock.ts';
import { objectPath } from '../../platform/kube/api.ts';
import type { ApiError, ApiResult, KubeApi } from '../../platform/kube/api.ts';
import { listAt, recordAt, stringAt } from '../../platform/kube/object.ts';
import { targetPort } from '../../platform/network-target.ts';
import type { Reaches } from '../../platform/network-target.ts';
import type { NetworkOutcome } from '../../platform/network-verdict.ts';
import { buildPolicy, buildTarget, podsApi, policiesApi } from './probe-objects.ts';
import type { ProbeNames } from './probe-objects.ts';

export interface Asking extends ProbeNames {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly reaches: Reaches;
  /** Our own. */
  readonly namespace: string;
  readonly podName: string;
  readonly signal: AbortSignal;
}

/** `isPassing`: the API server failed, which says nothing about the network. */
export interface Asked {
  readonly outcome: NetworkOutcome;
  readonly because?: string;
  readonly isPassing?: true;
}

/** In milliseconds. */
const waits = {
  /** Until the former pod is gone, and until the new one runs: an image may have to be pulled. */
  pod: 120_000,
  /** Until who may speak does. */
  control: 60_000,
  /** Until a policy that is enforced is in force. Whoever takes longer is told to enforce none. */
  policy: 30_000,
  /** Between two looks. */
  pause: 1_000,
  /** For one connection. */
  connection: 2_000,
};

/** Failures in a row that are no accident: who spoke a moment before is kept from it. */
const enough = 3;

/**
 * Whether a NetworkPolicy keeps this pod from speaking to one of ours: it must speak to it before, must not while the policy
 * stands, and must again after it. Whatever else comes of that is unknown. Nothing of it stays.
 */
export async function askNetwork(asking: Asking, configMap: unknown): Promise<Asked> {
  try {
    return (await untilRemoved(asking)) ?? (await compare(asking, configMap));
  } finally {
    await removeProbe(asking);
  }
}

async function compare(asking: Asking, configMap: unknown): Promise<Asked> {
  const own = await read(asking, podsApi, asking.podName);
  if (!own.ok) return refused(own.error);
  const target = buildTarget(own.body, configMap, asking);
  if (target === undefined) return unknown('our own pod has no container reconciler to make a copy of');
  const created = await create(asking, podsApi, target);
  if (!created.ok) return refused(created.error);
  const started = await untilRunning(asking);
  if ('outcome' in started) return started;
  const { host } = started;
  if (!(await untilReached(asking, host)))
    return unknown(
      `its pod could not be reached at ${host} without a NetworkPolicy of ours either; see whether others keep pods of this namespace apart`,
    );
  const limited = await create(asking, policiesApi, buildPolicy(configMap, asking));
  if (!limited.ok) return refused(limited.error);
  const kept = await whileLimited(asking, host);
  if (kept === 'reached') return { outcome: 'NotEnforced' };
  if (kept === 'unclear') return unknown('with the NetworkPolicy its pod was reached now and then');
  const opened = await remove(asking, policiesApi, asking.name);
  if (!opened.ok) return refused(opened.error);
  return (await untilReached(asking, host))
    ? { outcome: 'Enforced' }
    : unknown('its pod was not reached any more, with the NetworkPolicy and after it');
}

/** Takes away what an attempt left, of this process or of one that was killed. Also when the term is over: nobody else may come. */
export async function removeProbe(asking: Omit<Asking, 'signal'>): Promise<void> {
  await remove(asking, policiesApi, asking.name);
  await remove(asking, podsApi, asking.name);
}

/** Undefined: the name is free. */
async function untilRemoved(asking: Asking): Promise<Asked | undefined> {
  await removeProbe(asking);
  return within(asking, waits.pod, async () => {
    const found = await read(asking, podsApi, asking.name);
    if (found.ok) return 'later';
    return found.error.status === 404 ? undefined : refused(found.error);
  }).then((end) => (end === 'late' ? unknown('the pod of an earlier attempt does not end') : end));
}

async function untilRunning(asking: Asking): Promise<{ readonly host: string } | Asked> {
  let why = '';
  const end = await within(asking, waits.pod, async () => {
    const found = await read(asking, podsApi, asking.name);
    if (!found.ok) return refused(found.error);
    const status = recordAt(found.body, 'status');
    const [phase, host] = [stringAt(status, 'phase'), stringAt(status, 'podIP')];
    why = whyNotRunning(status);
    if (phase === 'Failed' || phase === 'Succeeded') return unknown(`its pod ended${why}`);
    return phase === 'Running' && host !== undefined ? { host } : 'later';
  });
  return end === 'late' ? unknown(`its pod did not run after ${waits.pod / 1_000} s${why}`) : end;
}

/** In the words of whoever keeps it from that. */
function whyNotRunning(status: unknown): string {
  const container = recordAt(listAt(status, 'containerStatuses')[0], 'state');
  const state = recordAt(container, 'waiting') ?? recordAt(container, 'terminated');
  const condition = listAt(status, 'conditions').find((one) => stringAt(one, 'status') === 'False');
  const said = [state, condition, status].find((one) => stringAt(one, 'reason') !== undefined);
  const words = [stringAt(said, 'reason'), stringAt(said, 'message')].filter((word) => word !== undefined);
  return words.length === 0 ? '' : `: ${words.join(', ')}`;
}

async function untilReached(asking: Asking, host: string): Promise<boolean> {
  const end = await within(asking, waits.control, async () => ((await isReached(asking, host)) ? 'reached' : 'later'));
  return end === 'reached';
}

async function whileLimited(asking: Asking, host: string): Promise<'cut-off' | 'reached' | 'unclear'> {
  let failures = 0;
  const end = await within(asking, waits.policy, async () => {
    failures = (await isReached(asking, host)) ? 0 : failures + 1;
    return failures === enough ? 'cut-off' : 'later';
  });
  if (end === 'cut-off') return end;
  return failures === 0 ? 'reached' : 'unclear';
}

function isReached({ reaches }: Asking, host: string): Promise<boolean> {
  return reaches({ host, port: targetPort, timeoutMs: waits.connection });
}

/** Looks until there is an answer; `late`: there was none in time, or the term is over. */
async function within<T>({ clock, signal }: Asking, ms: number, look: () => Promise<T | 'later'>): Promise<T | 'late'> {
  const endMs = clock.monotonicMs() + ms;
  for (;;) {
    const seen = await look();
    if (seen !== 'later') return seen;
    if (signal.aborted || clock.monotonicMs() >= endMs) return 'late';
    await clock.sleep(waits.pause, signal);
  }
}

type Requests = Pick<Asking, 'api' | 'namespace'>;
type Api = Pick<Parameters<typeof objectPath>[0], 'apiVersion' | 'plural'>;

function read({ api, namespace }: Requests, of: Api, name: string): Promise<ApiResult> {
  return api.request({ method: 'GET', path: objectPath({ ...of, namespace, name }) });
}

function create({ api, namespace }: Requests, of: Api, body: object): Promise<ApiResult> {
  return api.request({ method: 'POST', path: objectPath({ ...of, namespace }), body });
}

function remove({ api, namespace }: Requests, of: Api, name: string): Promise<ApiResult> {
  return api.request({ method: 'DELETE', path: objectPath({ ...of, namespace, name }) });
}

function unknown(because: string): Asked {
  return { outcome: 'Unknown', because };
}

function refused({ message, retry }: ApiError): Asked {
  return { ...unknown(message), ...(retry ? { isPassing: true } : {}) };
}
