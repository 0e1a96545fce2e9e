import { builtInPolicy } from '../../core/rules/built-in-policy.ts';
import { silentLogger } from '../../platform/log.ts';
import { fixedPolicy } from '../../platform/policy/policy-source.ts';
import type { Clock } from '../../platform/clock.ts';
import { lead } from '../lead.ts';
import type { LeadOptions } from '../lead.ts';

/** What differs between tests; all else is the same for all of them. */
export interface LeadTestOptions extends Pick<LeadOptions, 'api' | 'metrics' | 'namespaces' | 'version'> {
  readonly clock: Clock;
  readonly probe: NonNullable<LeadOptions['probe']>;
  readonly installation?: LeadOptions['installation'];
  readonly features?: LeadOptions['features'];
  readonly policies?: LeadOptions['policies'];
  readonly log?: LeadOptions['log'];
  readonly askBroker?: LeadOptions['askBroker'];
  readonly maxRollouts?: LeadOptions['maxRollouts'];
  readonly networkProbe?: NonNullable<LeadOptions['networkProbe']>;
}

/** Begins one term of leadership; the returned function ends it. For tests. */
export function startLead(options: LeadTestOptions): () => Promise<void> {
  const stopping = new AbortController();
  const surroundings = { random: () => 1, clusterDomain: 'cluster.local', podName: 'p' };
  const done = lead(
    {
      installation: undefined,
      features: [],
      maxRollouts: 10,
      policies: fixedPolicy(builtInPolicy),
      log: silentLogger,
      ...options,
      ...surroundings,
      collectGarbage: () => undefined,
    },
    stopping.signal,
  );
  return () => (stopping.abort(), done);
}
