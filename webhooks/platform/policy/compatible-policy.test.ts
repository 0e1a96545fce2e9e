import { describe, expect, it } from '@jest/globals';
import { builtInPolicy } from '../../core/rules/built-in-policy.ts';
import { createFakeKubeApi } from '../kube/testing/fake-kube-api.ts';
import { createFakeClock } from '../kube/testing/fake-clock.ts';
import { silentLogger } from '../log.ts';
import { openPolicySource } from './open-policy-source.ts';
import type { RunningPolicySource } from './policy-source.ts';

const head = 'apiVersion: mcp-lifecycle.policy/v1alpha1\nkind: Policy\n';
const path = '/api/v1/namespaces/system/configmaps/policy';

/** The policy in force once this text was read; without one it is not there. */
async function inForce(compatibility: 'default' | 'reference', text?: string): Promise<RunningPolicySource> {
  const api = createFakeKubeApi();
  const clock = createFakeClock();
  if (text !== undefined)
    api.put(path, { metadata: { name: 'policy', namespace: 'system' }, data: { 'policy.yaml': text } });
  const policy = { configMap: 'policy', key: 'policy.yaml', readsNamespaces: false };
  const config = { namespace: 'system', policy, compatibility };
  const source = await openPolicySource({ api, clock, log: silentLogger, config });
  const stop = new AbortController();
  void source.run(stop.signal);
  await clock.advance(100);
  stop.abort();
  return source;
}

describe('the profile of an installation', () => {
  it.each(['default', 'reference'] as const)('is that of a policy that says the same: %s', async (profile) => {
    const source = await inForce(profile, `${head}compatibility: {profile: ${profile}}\n`);
    expect(source.current()).toMatchObject({ origin: 'configured', policy: { compatibility: profile } });
  });

  it.each([
    [
      'reference',
      head,
      'compatibility.profile is default, and the value compatibility.profile of the chart is reference',
    ],
    [
      'default',
      `${head}compatibility: {profile: reference}\n`,
      'compatibility.profile is reference, and the value compatibility.profile of the chart is default',
    ],
  ] as const)(
    'is not changed by a ConfigMap, which would restart every pod: one that says another than %s is not used',
    async (profile, text, problem) => {
      const { policy, origin, problem: told } = (await inForce(profile, text)).current();
      expect({ origin, compatibility: policy.compatibility ?? 'default' }).toEqual({
        origin: 'fallback',
        compatibility: profile,
      });
      expect(told).toContain(problem);
    },
  );

  it('stays what it is while the policy is not there: what stands in for it builds the same pods', async () => {
    const { policy, origin } = (await inForce('reference')).current();
    expect({ origin, compatibility: policy.compatibility }).toEqual({ origin: 'fallback', compatibility: 'reference' });
    expect(policy.entriesFor('tools').find(({ rule }) => rule.id === 'privileged')?.severity).toBe('warn');
  });

  it('needs no policy, and costs nothing where it is the default', async () => {
    const options = { api: createFakeKubeApi(), clock: createFakeClock(), log: silentLogger };
    const open = (compatibility: 'default' | 'reference') =>
      openPolicySource({ ...options, config: { namespace: 'system', compatibility } });
    expect((await open('default')).current().policy).toBe(builtInPolicy);
    expect((await open('reference')).current().policy.compatibility).toBe('reference');
  });
});
