import type { MCPServerStatus, PodFailure } from '../mcpserver/types.gen.ts';
import { conditionOf } from './condition.ts';

/** Whether a status is of a release that did not sign what it wrote (until 0.1.0), or of the reference operator. */
export function wroteFormerRelease(status: MCPServerStatus | undefined): boolean {
  return status !== undefined && status.extensions?.release === undefined;
}

/**
 * Why a pod failed, where status says it in the words of an earlier release only; undefined when it says nothing of that.
 * Asked where the typed `status.extensions.podFailure` is missing; in a status of ours it is missing for good reason. The
 * sentences below are that release's, whatever ours are by now.
 */
export function formerPodFailure(status: MCPServerStatus | undefined): PodFailure | undefined {
  const message = wroteFormerRelease(status) ? whyUnavailable(status) : '';
  if (message === '') return undefined;
  const { what = '', pod = '' } = /^(?<what>.*) \(pod: (?<pod>\S+)\)$/.exec(message)?.groups ?? {};
  for (const [sentence, toFailure] of sentences) {
    const groups: Groups | undefined = sentence.exec(what)?.groups;
    if (groups !== undefined) return { ...toFailure(groups), pod };
  }
  return undefined;
}

function whyUnavailable(status: MCPServerStatus | undefined): string {
  const available = conditionOf(status, 'Available');
  return available?.status === 'False' ? available.message : '';
}

type Groups = Readonly<Record<string, string | undefined>>;

const sentences: readonly (readonly [RegExp, (groups: Groups) => Omit<PodFailure, 'pod'>])[] = [
  [
    /^Image pull failed for "(?<image>.*?)": (?<detail>.*)$/,
    ({ image = '', detail = '' }) => ({ cause: 'ImagePull', image, detail }),
  ],
  [/^Container config error: (?<detail>.*)$/, ({ detail = '' }) => ({ cause: 'Configuration', detail })],
  [/^Pod cannot be scheduled: (?<detail>.*)$/, ({ detail = '' }) => ({ cause: 'Unschedulable', detail })],
  [/^Container crashing:(?: exit code (?<exit>\d+),)? restarts: (?<restarts>\d+)\+?(?<hint>; )?/, toCrash('Crashing')],
  [/^Container OOMKilled:(?: exit code (?<exit>\d+),)? restarts: (?<restarts>\d+)/, toCrash('OutOfMemory')],
  [
    /^Container not passing health checks: restarts: (?<restarts>\d+)/,
    ({ restarts }) => ({ cause: 'Unhealthy', restarts: Number(restarts) }),
  ],
  [
    /^Container not passing health checks: not ready (?<seconds>\d+) seconds after its start/,
    ({ seconds }) => ({ cause: 'Unhealthy', notReadyAfterSeconds: Number(seconds) }),
  ],
];

function toCrash(cause: 'Crashing' | 'OutOfMemory'): (groups: Groups) => Omit<PodFailure, 'pod'> {
  return ({ exit, restarts, hint }) => ({
    cause,
    ...(exit === undefined ? {} : { exitCode: Number(exit) }),
    restarts: Number(restarts),
    ...(hint === undefined ? {} : { hint: exit === '0' ? 'Stdio' : 'Crash' }),
  });
}
