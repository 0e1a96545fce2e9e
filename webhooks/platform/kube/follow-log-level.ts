import type { Clock } from '../clock.ts';
import { logLevels, type AdjustableLogger, type LogLevel } from '../log.ts';
import type { KubeApi } from './api.ts';
import { ListWatch } from './list-watch.ts';
import { keyOf, metaOf, recordAt, stringAt } from './object.ts';
import { selectByName } from './read-object.ts';

export interface LogLevelOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly log: AdjustableLogger;
  readonly random: () => number;
  /** Of the ConfigMap: our own. */
  readonly namespace: string;
  /** The chart leaves it empty, so that neither an upgrade nor GitOps takes away what somebody wrote there. */
  readonly configMap: string;
}

/** The key that names a level. */
const key = 'level';

/** What the ConfigMap names, a level or not; undefined: nothing. */
export function levelNamedIn(configMap: unknown): string | undefined {
  const named = stringAt(recordAt(configMap, 'data'), key)?.trim();
  return named === '' ? undefined : named;
}

/**
 * Takes over the level that the ConfigMap names while we run, for both containers of every pod and those that start later;
 * without one, that of the start (LOG_LEVEL). A ConfigMap, because who may write it is decided by the rights that a cluster has already:
 * an endpoint would be open to whoever reaches the pod, and a signal takes a shell in the container, or a second Node there,
 * for which its memory has no room. Not that of the policy, which most installations do not have. Ends when the signal aborts.
 */
export async function followLogLevel(options: LogLevelOptions, signal: AbortSignal): Promise<void> {
  const { api, clock, log, random, namespace, configMap } = options;
  const atStart = log.level;
  const object = { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespace, name: configMap };
  const take = (named: string | undefined): void => {
    if (named === undefined) setLevel(log, atStart);
    else if (isLevel(named)) setLevel(log, named);
    else log.warn('the log level stays: what is written is none', { configMap, use: logLevels.join(', ') });
  };
  const watch = new ListWatch({
    ...{ api, clock, log, random, kind: object.kind, name: 'log-level', ...selectByName(object) },
    handlers: {
      onUpsert: (raw) => {
        if (metaOf(raw).name === configMap) take(levelNamedIn(raw));
      },
      onDelete: () => {
        take(undefined);
      },
      onReplace: (keys) => {
        if (!keys.has(keyOf(object))) take(undefined);
      },
    },
  });
  await watch.run(signal);
}

export function isLevel(text: string): text is LogLevel {
  return logLevels.some((level) => level === text);
}

/** Told under the more talkative of both levels, so that it is seen wherever anything is. */
function setLevel(log: AdjustableLogger, level: LogLevel): void {
  const before = log.level;
  if (before === level) return;
  const isLouder = logLevels.indexOf(level) < logLevels.indexOf(before);
  if (isLouder) log.level = level;
  log.warn('another log level is in force', { level, before });
  log.level = level;
}
