import { systemClock } from '../platform/clock.ts';
import { followLogLevel } from '../platform/kube/follow-log-level.ts';
import type { KubeApi } from '../platform/kube/api.ts';
import type { Program } from './serve.ts';

/** Runs `work`, and while it does takes over the log level that somebody writes into the cluster. */
export async function withLogLevel(
  api: KubeApi,
  { config, program }: { readonly config: LogConfig; readonly program: Program },
  work: () => Promise<void>,
): Promise<void> {
  const { namespace, logConfigMap } = config;
  if (logConfigMap === undefined) {
    await work();
    return;
  }
  const end = new AbortController();
  const { log } = program;
  const following = followLogLevel(
    { api, clock: systemClock, log, random: Math.random, namespace, configMap: logConfigMap },
    AbortSignal.any([program.signal, end.signal]),
  );
  try {
    await work();
  } finally {
    end.abort();
    await following;
  }
}

interface LogConfig {
  readonly namespace: string;
  readonly logConfigMap?: string;
}
