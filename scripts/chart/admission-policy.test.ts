import { describe, expect, it } from '@jest/globals';
import { rules } from '../../webhooks/core/rules/index.gen.ts';
import { at, render, type Manifest } from './render.ts';

const privileges = rules.filter(({ isAboutPrivileges }) => isAboutPrivileges === true).map(({ id }) => id);
const without = (...ids: readonly string[]): readonly string[] => privileges.filter((id) => !ids.includes(id));

const open = ['--set', 'webhook.failurePolicy.validating=Ignore'];

/** With what the API server is given to judge by itself. */
async function renderPolicy(...args: readonly string[]): Promise<readonly Manifest[]> {
  const manifests = await render('--set', 'crds.enabled=false', ...args);
  return manifests.filter(({ kind }) => kind.startsWith('ValidatingAdmissionPolicy'));
}

/** The ids of the rules in it, which end each message. */
async function judgedWith(policy: object): Promise<readonly string[]> {
  const [rendered] = await renderPolicy(...open, '--set-json', `policy=${JSON.stringify(policy)}`);
  const validations: unknown = at(rendered, 'spec.validations');
  return (Array.isArray(validations) ? validations : []).map((one) => {
    return /\[([a-z-]+)\]$/.exec(String(at(one, 'message')))?.[1] ?? '';
  });
}

const exemption = { namespace: 'tools', name: 'search', reason: 'a', owner: 'b', expires: '2030-01-01' };

describe('the ValidatingAdmissionPolicy about privileges', () => {
  it('is there with its binding where the webhook fails open', async () => {
    const [policy, binding, ...others] = await renderPolicy(...open);
    expect(others).toEqual([]);
    expect(policy?.metadata.name).toBe('mcp-lifecycle-privileges');
    expect(at(policy, 'spec')).toMatchObject({
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: ['mcp.x-k8s.io'],
            apiVersions: ['v1alpha1', 'v1beta1'],
            operations: ['CREATE', 'UPDATE'],
            resources: ['mcpservers'],
          },
        ],
      },
      matchConditions: [{ expression: '!has(object.metadata.deletionTimestamp)' }],
    });
    expect(at(policy, 'spec.matchConstraints.namespaceSelector')).toBeUndefined();
    expect(at(binding, 'spec')).toEqual({ policyName: policy?.metadata.name, validationActions: ['Deny'] });
  });

  it.each([
    ['the webhook fails closed', []],
    ['what the reference operator accepts is accepted', [...open, '--set', 'compatibility.profile=reference']],
    ['the policy is in a ConfigMap that the chart cannot read', [...open, '--set', 'policyConfigMap.name=ours']],
    ['nothing is denied', [...open, '--set', 'policy.extends=audit-only']],
  ])('is not there where %s', async (_what, args) => {
    expect(await renderPolicy(...args)).toEqual([]);
  });

  it('judges in the watched namespaces only', async () => {
    const [policy] = await renderPolicy(...open, '--set', 'watchNamespaces={a,b}');
    expect(at(policy, 'spec.matchConstraints.namespaceSelector')).toEqual({
      matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['a', 'b'] }],
    });
  });

  it.each([
    ['no policy', {}, privileges],
    ['a profile', { extends: 'baseline' }, without('allow-privilege-escalation', 'run-as-non-root')],
    ['a rule that only warns', { rules: { sysctls: { action: 'warn' } } }, without('sysctls')],
    ['a rule that is off in the words of YAML', { rules: { sysctls: { action: false } } }, without('sysctls')],
    ['a rule of which nothing is said', { rules: { sysctls: {} } }, privileges],
    [
      'a rule that denies beyond its profile',
      { extends: 'baseline', rules: { 'run-as-non-root': { action: 'deny' } } },
      without('allow-privilege-escalation'),
    ],
    [
      'a rule that only warns in some namespaces',
      { overrides: [{ namespaces: ['tools'], rules: { privileged: { action: 'warn' } } }] },
      without('privileged'),
    ],
    [
      'a rule that denies only in some namespaces',
      { extends: 'audit-only', overrides: [{ namespaces: ['tools'], rules: { privileged: { action: 'deny' } } }] },
      [],
    ],
    ['an exemption', { exemptions: [{ ...exemption, rule: 'capabilities' }] }, without('capabilities')],
  ])('has the rules that are denied everywhere without exemption: %s', async (_what, policy, judged) => {
    expect(await judgedWith(policy)).toEqual(judged);
  });
});
