import { builtInPolicy } from '../../core/rules/built-in-policy.ts';
import type { PolicyLocation } from '../config.ts';
import { FollowedPolicy } from './followed-policy.ts';
import type { FollowedPolicyOptions } from './followed-policy.ts';
import { loadPolicyReader } from './load-policy-reader.ts';
import { fixedPolicy } from './policy-source.ts';
import type { RunningPolicySource } from './policy-source.ts';

export interface OpenPolicySourceOptions extends Pick<FollowedPolicyOptions, 'api' | 'clock' | 'log'> {
  readonly config: { readonly namespace: string; readonly policy?: PolicyLocation };
}

/** What judges in this program; not running yet. */
export async function openPolicySource(options: OpenPolicySourceOptions): Promise<RunningPolicySource> {
  const { api, clock, log, config } = options;
  const { namespace, policy } = config;
  if (policy === undefined) return fixedPolicy(builtInPolicy);
  return new FollowedPolicy({
    ...{ api, clock, log, random: Math.random, namespace, ...policy },
    read: await loadPolicyReader(),
    fallback: builtInPolicy,
  });
}
