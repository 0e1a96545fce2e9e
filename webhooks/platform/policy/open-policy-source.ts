import type { CompatibilityProfile } from '../../core/mcpserver/compatibility.ts';
import type { PolicyLocation } from '../config.ts';
import { asInstalled } from './compatible-policy.ts';
import { FollowedPolicy } from './followed-policy.ts';
import type { FollowedPolicyOptions } from './followed-policy.ts';
import { loadBuiltIn, loadPolicyReader } from './load-policy-reader.ts';
import { fixedPolicy } from './policy-source.ts';
import type { RunningPolicySource } from './policy-source.ts';

export interface OpenPolicySourceOptions extends Pick<FollowedPolicyOptions, 'api' | 'clock' | 'log'> {
  readonly config: {
    readonly namespace: string;
    readonly policy?: PolicyLocation;
    readonly compatibility: CompatibilityProfile;
  };
}

/** What judges in this program; not running yet. */
export async function openPolicySource(options: OpenPolicySourceOptions): Promise<RunningPolicySource> {
  const { api, clock, log, config } = options;
  const { namespace, policy, compatibility } = config;
  const fallback = await loadBuiltIn(compatibility);
  if (policy === undefined) return fixedPolicy(fallback);
  const read = await loadPolicyReader();
  return new FollowedPolicy({
    ...{ api, clock, log, random: Math.random, namespace, ...policy },
    read: (text) => asInstalled(read(text), compatibility),
    fallback,
  });
}
