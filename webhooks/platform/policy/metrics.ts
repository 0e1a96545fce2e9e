import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import { metricPrefix } from '../metrics.ts';
import { policyOrigins } from './policy-source.ts';
import type { RunningPolicySource } from './policy-source.ts';

/** The same in both programs: each follows the policy by itself. */
export function registerPolicyMetrics(
  registry: Registry,
  policies: Pick<RunningPolicySource, 'current' | 'reads'>,
): void {
  const registers = [registry];
  new Gauge({
    name: `${metricPrefix}policy_origin`,
    help: 'Which policy judges: 1 for one of the origins; last-good and fallback mean that the configured one cannot be used.',
    labelNames: ['origin'],
    registers,
    collect() {
      const { origin } = policies.current();
      for (const one of policyOrigins) this.set({ origin: one }, one === origin ? 1 : 0);
    },
  });
  new Gauge({
    name: `${metricPrefix}policy_ignored_parts`,
    help: 'Parts of the policy without effect, as rules that this release does not have; the log tells each.',
    registers,
    collect() {
      this.set(policies.current().ignored.length);
    },
  });
  new Counter({
    name: `${metricPrefix}policy_reads_total`,
    help: 'Policies that were read, by what came of it: taken, refused.',
    labelNames: ['read'],
    registers,
    collect() {
      this.reset();
      const { taken, refused } = policies.reads;
      this.inc({ read: 'taken' }, taken);
      this.inc({ read: 'refused' }, refused);
    },
  });
}
