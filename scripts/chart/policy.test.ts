import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { loadPolicyReader } from '../../webhooks/platform/policy/load-policy-reader.ts';
import { at, render, type Manifest } from './render.ts';

// Each helm is a process of its own, and the machine may be busy.
/** Rendered with these values, each as a file: they keep their types. Later ones are laid over earlier ones. */
async function renderWith(...all: readonly object[]): Promise<readonly Manifest[]> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-values-'));
  try {
    const files = await Promise.all(
      all.map(async (values, index) => {
        const file = join(folder, `values-${index}.yaml`);
        // JSON is YAML.
        await writeFile(file, JSON.stringify({ crds: { enabled: false }, ...values }));
        return ['--values', file];
      }),
    );
    return await render(...files.flat());
  } finally {
    await rm(folder, { recursive: true });
  }
}

const policy = {
  extends: 'baseline',
  rules: { 'image-tag-pinned': { action: 'deny' }, 'image-reference-valid': {} },
  exemptions: [
    ...[
      {
        rule: 'image-tag-pinned',
        namespace: 'tools',
        name: 'search',
        reason: 'a: b',
        owner: '1',
        expires: '2030-01-01',
      },
    ],
  ],
};
const byLabel = {
  overrides: [{ namespaceLabels: { stage: 'prod' }, rules: { 'image-tag-pinned': { action: 'deny' } } }],
};

/** That of the log level is always there. */
const logging = 'mcp-lifecycle-logging';

function policyOf(manifests: readonly Manifest[]): Manifest | undefined {
  return manifests.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name !== logging);
}

/** Under a key that has a dot. */
function textIn(configMap: Manifest | undefined): string {
  const data: unknown = at(configMap, 'data');
  const entries = Object.entries(typeof data === 'object' && data !== null ? data : {});
  return String(entries.find(([key]) => key === 'policy.yaml')?.[1]);
}

function templateOf(manifests: readonly Manifest[]): unknown {
  return at(
    manifests.find(({ kind }) => kind === 'Deployment'),
    'spec.template',
  );
}

/** `POLICY_…` of each of the two containers. */
function toldIn(manifests: readonly Manifest[]): readonly Readonly<Record<string, unknown>>[] {
  return ['0', '1'].map((container) => {
    const env = at(templateOf(manifests), `spec.containers.${container}.env`);
    const entries = Array.isArray(env)
      ? env.map((entry) => [String(at(entry, 'name')), at(entry, 'value')] as const)
      : [];
    return Object.fromEntries(entries.filter(([name]) => name.startsWith('POLICY_')));
  });
}

function rulesOf(manifests: readonly Manifest[], role: string, resource: string): readonly unknown[] {
  const found = manifests.filter(({ kind, metadata }) => `${kind}/${metadata.name}` === role);
  return found.flatMap(({ rules = [] }) => rules.filter(({ resources }) => resources.includes(resource)));
}

describe('the policy of the chart', () => {
  it('is none without a value: no ConfigMap, and nothing in the pods', async () => {
    const manifests = await renderWith({});
    expect(policyOf(manifests)).toBeUndefined();
    expect(toldIn(manifests)).toEqual([{}, {}]);
  });

  it('is a ConfigMap that the programs can read, of exactly what the values say', async () => {
    const configMap = policyOf(await renderWith({ policy }));
    expect(configMap?.metadata).toMatchObject({ name: 'mcp-lifecycle-policy', namespace: 'mcp-lifecycle-system' });
    const text = textIn(configMap);
    expect(parse(text)).toEqual({ apiVersion: 'mcp-lifecycle.policy/v1alpha1', kind: 'Policy', ...policy });
    expect((await loadPolicyReader())(text)).toMatchObject({ ok: true, ignored: [] });
  });

  it('keeps what a later file no longer has, which is why the guide resets the values', async () => {
    const night = { policy: { extends: 'audit-only', rules: { 'run-as-non-root': { action: 'off' } } } };
    const morning = { policy: { rules: { 'image-tag-pinned': { action: 'deny' } } } };
    const read = async (...values: readonly object[]): Promise<unknown> =>
      parse(textIn(policyOf(await renderWith(...values))));
    expect(await read(night, morning)).toMatchObject({
      extends: 'audit-only',
      rules: { 'run-as-non-root': { action: 'off' } },
    });
    expect(await read(morning)).toEqual({
      apiVersion: 'mcp-lifecycle.policy/v1alpha1',
      kind: 'Policy',
      ...morning.policy,
    });
  });

  it('is found by both containers, which it restarts neither of when it changes', async () => {
    const manifests = await renderWith({ policy });
    const told = { POLICY_CONFIG_MAP: 'mcp-lifecycle-policy', POLICY_KEY: 'policy.yaml' };
    expect(toldIn(manifests)).toEqual([told, told]);
    expect(templateOf(await renderWith({ policy: { extends: 'audit-only' } }))).toEqual(templateOf(manifests));
  });

  it('says the profile of the installation, and so do the pods: a change of it is a roll-out of ours', async () => {
    const reference = { compatibility: { profile: 'reference' } };
    const manifests = await renderWith(reference);
    const read = (await loadPolicyReader())(textIn(policyOf(manifests)));
    expect(read).toMatchObject({ ok: true, ignored: [], policy: { compatibility: 'reference' } });
    const env = at(templateOf(manifests), 'spec.containers.1.env');
    expect(env).toContainEqual({ name: 'COMPATIBILITY_PROFILE', value: 'reference' });
    expect(at(templateOf(manifests), 'spec.containers.0.env')).toContainEqual({
      ...{ name: 'COMPATIBILITY_PROFILE', value: 'reference' },
    });
    const both = await renderWith({ ...reference, policy: { ...policy, ...reference } });
    expect(parse(textIn(policyOf(both)))).toMatchObject({ ...policy, ...reference });
    expect(policyOf(await renderWith({ ...reference, policyConfigMap: { name: 'ours' } }))).toBeUndefined();
    expect(JSON.stringify(await renderWith({}))).not.toContain('COMPATIBILITY_PROFILE');
  });

  it('says it once: the policy among the values cannot say another one', async () => {
    await expect(renderWith({ policy: { compatibility: { profile: 'reference' } } })).rejects.toThrow(
      /policy\.compatibility\.profile is reference, and compatibility\.profile is default/,
    );
    await expect(renderWith({ compatibility: { profile: 'go' } })).rejects.toThrow(/compatibility/);
  });

  it('may be a ConfigMap of the user', async () => {
    const manifests = await renderWith({ policyConfigMap: { name: 'ours', key: 'p.yaml' } });
    expect(policyOf(manifests)).toBeUndefined();
    const told = { POLICY_CONFIG_MAP: 'ours', POLICY_KEY: 'p.yaml' };
    expect(toldIn(manifests)).toEqual([told, told]);
    await expect(renderWith({ policy, policyConfigMap: { name: 'ours' } })).rejects.toThrow(/exclude each other/);
  });

  it.each([
    [{ policy }, 'mcp-lifecycle-policy'],
    [{ policyConfigMap: { name: 'ours' } }, 'ours'],
  ])('may be read by name, and written by nobody of ours, with %j', async (values, name) => {
    const right = (of: string): object => ({
      ...{ apiGroups: [''], resources: ['configmaps'], resourceNames: [of], verbs: ['list', 'watch'] },
    });
    const rules = rulesOf(await renderWith(values), 'Role/mcp-lifecycle', 'configmaps');
    expect(rules).toEqual([right(logging), right(name)]);
    expect(rulesOf(await renderWith({}), 'Role/mcp-lifecycle', 'configmaps')).toEqual([right(logging)]);
  });

  it('can be told about in our own namespace, also where we may only look at some', async () => {
    const values = { policy, watchNamespaces: ['a'] };
    expect(rulesOf(await renderWith(values), 'Role/mcp-lifecycle', 'events')).toEqual([
      { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
    ]);
  });

  it('gives the right to read namespaces only where it chooses them by label', async () => {
    const namespaces = async (values: object): Promise<readonly unknown[]> =>
      rulesOf(await renderWith(values), 'ClusterRole/mcp-lifecycle', 'namespaces');
    const right = [{ apiGroups: [''], resources: ['namespaces'], verbs: ['list', 'watch'] }];
    expect(await namespaces({ policy })).toEqual([]);
    expect(await namespaces({ policy: byLabel })).toEqual(right);
    expect(await namespaces({ policyConfigMap: { name: 'ours' } })).toEqual([]);
    expect(await namespaces({ policyConfigMap: { name: 'ours', readsNamespaces: true } })).toEqual(right);
    expect(toldIn(await renderWith({ policy: byLabel }))[0]).toMatchObject({ POLICY_READS_NAMESPACES: 'true' });
    await expect(renderWith({ policy: byLabel, watchNamespaces: ['a'] })).rejects.toThrow(
      /no right to read namespaces/,
    );
  });

  it.each<[what: string, values: object, isAsked: boolean]>([
    ['no policy', {}, false],
    ['a policy without it', { policy }, false],
    ['it', { policy: { rules: { 'max-replicas': {} } } }, true],
    ['it, switched off', { policy: { rules: { 'max-replicas': { action: 'off' } } } }, false],
    ['it, switched off as YAML reads that', { policy: { rules: { 'max-replicas': { action: false } } } }, false],
    [
      'it in one namespace',
      { policy: { overrides: [{ namespaces: ['a'], rules: { 'max-replicas': { action: 'warn' } } }] } },
      true,
    ],
    ['a ConfigMap of the user', { policyConfigMap: { name: 'ours' } }, false],
    ['a ConfigMap of the user with it', { policyConfigMap: { name: 'ours', limitsReplicas: true } }, true],
  ])('asks about scaling only where it has max-replicas: %s', async (_, values, isAsked) => {
    const manifests = await renderWith(values);
    const configuration = manifests.find(({ kind }) => kind === 'ValidatingWebhookConfiguration');
    expect(at(configuration, 'webhooks.0')).toMatchObject({ name: 'validate.mcpservers.mcp.x-k8s.io' });
    const scale = at(configuration, 'webhooks.1');
    if (!isAsked) {
      expect(scale).toBeUndefined();
      return;
    }
    expect(scale).toMatchObject({
      name: 'scale.mcpservers.mcp.x-k8s.io',
      clientConfig: { service: { path: '/scale' } },
      rules: [{ operations: ['UPDATE'], resources: ['mcpservers/scale'] }],
      failurePolicy: 'Ignore',
      sideEffects: 'None',
    });
  });

  it.each([
    ['a misspelt action', { rules: { 'image-tag-pinned': { action: 'refuse' } } }],
    ['a rule that this release does not have', { rules: { 'image-tag-pined': { action: 'deny' } } }],
    [
      'a demand for a label of pods that no author can give them',
      { rules: { 'required-labels': { parameters: { podLabels: { app: '*' } } } } },
    ],
    ['a misspelt field', { exemption: [] }],
    ['an exemption without an end', { exemptions: [{ rule: 'image-tag-pinned', namespace: 'a', name: 'b' }] }],
    ['a rule without the parameter that it needs', { rules: { 'image-registry': { action: 'deny' } } }],
    ['namespaces by no label', { overrides: [{ namespaceLabels: {}, rules: {} }] }],
    ['another kind', { kind: 'ClusterPolicy', extends: 'restricted' }],
  ])('is refused by Helm with %s', async (_what, wrong) => {
    await expect(renderWith({ policy: wrong })).rejects.toThrow(/values don't meet the specifications/);
  });
});
