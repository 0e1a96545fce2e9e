import { randomBytes } from 'node:crypto';

import type { Clock } from '../platform/clock.ts';
import { createCollector } from '../platform/collect-garbage.ts';
import type { ReconcilerConfig } from '../platform/config.ts';
import { healthRoutes } from '../platform/http/health.ts';
import { startPlainServer } from '../platform/http/plain-server.ts';
import type { KubeApi } from '../platform/kube/api.ts';
import { countRequests } from '../platform/kube/count-requests.ts';
import { fenceWrites } from '../platform/kube/fence.ts';
import { LeaderElector } from '../platform/kube/lease.ts';
import { errorText } from '../platform/log.ts';
import type { Logger } from '../platform/log.ts';
import { startMetricsServer } from '../platform/metrics-server.ts';
import { createMetricsRegistry } from '../platform/metrics.ts';
import { registerPolicyMetrics } from '../platform/policy/metrics.ts';
import { openPolicySource } from '../platform/policy/open-policy-source.ts';
import type { RunningPolicySource } from '../platform/policy/policy-source.ts';
import { lead } from './lead.ts';
import { createReconcilerMetrics } from './metrics.ts';
import type { ReconcilerMetrics } from './metrics.ts';
import type { Probe } from '../platform/mcp/probe.ts';

export interface StartReconcilerOptions {
  readonly api: KubeApi;
  readonly config: ReconcilerConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly version: string;
  /** How an endpoint is asked; tests on clusters whose Services they cannot reach give their own. */
  readonly probe?: Probe;
}

/**
 * Runs the reconciler until the signal aborts: waits for the Lease, then reconciles. Resolves when the work under way
 * is done and the Lease is given back. Rejects only when a port cannot be taken.
 */
export async function startReconciler(given: StartReconcilerOptions): Promise<void> {
  const registry = createMetricsRegistry({ program: 'reconciler', process: true });
  const options = { ...given, api: countRequests(given.api, registry) };
  const { config, log } = options;
  const metrics = createReconcilerMetrics(registry, { perServer: config.metricsPerServer });
  const policies = await openPolicySource(options);
  registerPolicyMetrics(registry, policies);
  // Standing by is being ready: this replica does what it is there for.
  const routes = healthRoutes({ readiness: () => ({ ready: true }) });
  const health = await startPlainServer({ port: config.healthPort, routes, log });
  // An open health server would keep a failed program alive, and looking well.
  try {
    const scraped = await startMetricsServer({ ...options, registry });
    try {
      await reconcileInTurn(options, metrics, policies);
    } finally {
      await scraped.close();
    }
  } finally {
    await health.close();
  }
}

/** With other replicas: only while we hold the Lease. */
async function reconcileInTurn(
  options: StartReconcilerOptions,
  metrics: ReconcilerMetrics,
  policies: RunningPolicySource,
): Promise<void> {
  const { api, clock, config, log, signal, version, probe } = options;
  const random = Math.random;
  // By every replica, whether or not it leads: who leads next knows the last policy that could be used.
  policies.run(signal).catch((error: unknown) => {
    log.error('the policy is not followed any more', { error: errorText(error) });
  });
  const elector = new LeaderElector({
    ...{ api, clock, log, random },
    namespace: config.namespace,
    name: config.leaseName,
    identity: `${config.podName}_${randomBytes(4).toString('hex')}`,
  });
  const { clusterDomain, features, installation, maxRollouts, podName, watchNamespaces: namespaces } = config;
  const { namespace, networkProbe } = config;
  const leadOptions = {
    ...{ api, clock, log, random, metrics, clusterDomain, features, installation, namespaces, podName, version },
    ...{ policies, maxRollouts },
    collectGarbage: createCollector(),
    ...(probe === undefined ? {} : { probe }),
    ...(networkProbe === undefined ? {} : { networkProbe: { namespace, name: networkProbe } }),
  };
  await elector.run((term) => lead({ ...leadOptions, api: fenceWrites(api, term.isCurrent) }, term.signal), signal);
}
