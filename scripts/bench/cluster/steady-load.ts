import { setTimeout as sleep } from 'node:timers/promises';
import { objectPath, type KubeApi } from '../../../webhooks/platform/kube/api.ts';
import { apiVersion, plural, stoppedServer } from './servers.ts';

export interface LoadCount {
  readonly sent: number;
  /** What was not admitted, in the API server's words, each once, with how often. */
  readonly failures: ReadonlyMap<string, number>;
}

/** Requests that may be on their way at once; above it the load waits, and says so by sending less. */
const maxInFlight = 100;

/**
 * Creates MCPServers at a steady rate until told to stop. Dry runs: both webhooks are called as ever, nothing is stored,
 * so the numbers speak about admission and not about the disk.
 */
export function startSteadyLoad(
  api: KubeApi,
  options: { readonly namespace: string; readonly perSecond: number },
): { stop(): Promise<LoadCount> } {
  const failures = new Map<string, number>();
  const inFlight = new Set<Promise<void>>();
  const path = objectPath({ apiVersion, plural, namespace: options.namespace });
  let sent = 0;
  let isRunning = true;

  const send = async (number: number): Promise<void> => {
    const body = stoppedServer(options.namespace, `load-${number}`);
    const result = await api.request({ method: 'POST', path, query: { dryRun: 'All' }, body });
    if (result.ok) return;
    const why = result.error.message.replaceAll(/load-\d+/g, 'load-N').slice(0, 300);
    failures.set(why, (failures.get(why) ?? 0) + 1);
  };
  const run = async (): Promise<void> => {
    const startedAt = performance.now();
    while (isRunning) {
      const due = ((performance.now() - startedAt) / 1000) * options.perSecond;
      for (; sent < due && inFlight.size < maxInFlight; sent += 1) {
        const one = send(sent).finally(() => inFlight.delete(one));
        inFlight.add(one);
      }
      await sleep(5);
    }
    await Promise.all(inFlight);
  };
  const ended = run();
  return {
    async stop() {
      isRunning = false;
      await ended;
      return { sent, failures };
    },
  };
}

export function countFailures({ failures }: LoadCount): number {
  return [...failures.values()].reduce((sum, count) => sum + count, 0);
}
