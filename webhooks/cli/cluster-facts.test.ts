import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { KubeApi } from '../platform/kube/api.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { askCluster } from './ask-cluster.ts';
import { askPolicy } from './cluster-policy.ts';
import { readFacts, renderFacts } from './facts-file.ts';
import type { ClusterFacts, NamedObject } from './known-facts.ts';
import { factsSchemaVersion } from './schemas/facts.ts';
import { runCli } from './testing/run-cli.ts';
import { serveContexts, type ServedContexts } from './testing/serve-contexts.ts';

const using = `apiVersion: mcp.x-k8s.io/v1beta1
kind: MCPServer
metadata: {name: search, namespace: tools}
spec:
  source: {type: ContainerImage, containerImage: {ref: "example.com/search:1.4.0"}}
  config:
    port: 8080
    env:
    - name: TOKEN
      valueFrom: {secretKeyRef: {name: token, key: token}}
    envFrom:
    - configMapRef: {name: settings}
  runtime: {security: {serviceAccountName: search}}
`;

/** On nodes and volumes of its own. */
const placed = `apiVersion: mcp.x-k8s.io/v1beta1
kind: MCPServer
metadata: {name: search, namespace: tools}
spec:
  source: {type: ContainerImage, containerImage: {ref: "example.com/search:1.4.0"}}
  config: {port: 8080}
  runtime: {replicas: 2}
  mcp: {stateless: true}
  extensions:
    storage: [{claimName: index, path: /index}]
    scheduling: {runtimeClassName: kata, priorityClassName: late}
`;

/** At a Gateway of the cluster. */
const published = `apiVersion: v1
kind: ConfigMap
metadata: {name: edge, namespace: tools}
data: {gateway-name: public, gateway-namespace: gateways, route-hostname: mcp.example.com}
---
apiVersion: mcp.x-k8s.io/v1beta1
kind: MCPServer
metadata: {name: search, namespace: tools}
spec:
  source: {type: ContainerImage, containerImage: {ref: "example.com/search:1.4.0"}}
  config: {port: 8080}
  gateway: {provider: httproute, configRef: edge}
`;

const named: readonly NamedObject[] = [
  { kind: 'Secret', namespace: 'tools', name: 'token' },
  { kind: 'ConfigMap', namespace: 'tools', name: 'settings' },
  { kind: 'ServiceAccount', namespace: 'tools', name: 'search' },
];

const secret = (key: string): object => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'token', namespace: 'tools' },
  data: { [key]: Buffer.from('s3cret').toString('base64') },
});

function clusterWith(
  ...objects: readonly (readonly [path: string, object: object])[]
): ReturnType<typeof createFakeKubeApi> {
  const api = createFakeKubeApi();
  for (const [path, object] of objects) api.put(`/api/v1/namespaces/tools/${path}`, { ...object });
  return api;
}

const everything = (key = 'token') =>
  clusterWith(
    ['secrets/token', secret(key)],
    [
      'configmaps/settings',
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { b: '1', a: '2' } },
    ],
    ['serviceaccounts/search', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'search' } }],
  );

async function factsOf(context: string, api: KubeApi): Promise<ClusterFacts> {
  const { facts, problem } = await askCluster(api, { context, objects: named });
  expect(problem).toBeUndefined();
  return facts;
}

describe('a cluster', () => {
  it('is asked once for each object, and nothing is written', async () => {
    const api = everything();
    await askCluster(api, { context: 'prod', objects: named });
    expect(api.reads).toHaveLength(named.length);
    expect(api.writes).toEqual([]);
  });

  it('tells names of keys; values are in no record', async () => {
    const text = renderFacts([await factsOf('prod', everything())]);
    expect(JSON.parse(text)).toEqual({
      schemaVersion: 'mcp-lifecycle.facts/v1',
      clusters: [
        {
          context: 'prod',
          objects: [
            { kind: 'ConfigMap', namespace: 'tools', name: 'settings', state: 'found', keys: ['a', 'b'] },
            { kind: 'Secret', namespace: 'tools', name: 'token', state: 'found', keys: ['token'] },
            { kind: 'ServiceAccount', namespace: 'tools', name: 'search', state: 'found', keys: [] },
          ],
        },
      ],
    });
    expect(text).not.toMatch(/s3cret|czNjcmV0/);
  });

  it('tells access modes of claims, and which classes it has, in no namespace', async () => {
    const api = clusterWith([
      'persistentvolumeclaims/index',
      { metadata: { name: 'index', namespace: 'tools' }, spec: { accessModes: ['ReadWriteOnce'] } },
    ]);
    api.put('/apis/node.k8s.io/v1/runtimeclasses/kata', { metadata: { name: 'kata' }, handler: 'kata' });
    const objects = [
      { kind: 'PersistentVolumeClaim', namespace: 'tools', name: 'index' },
      { kind: 'RuntimeClass', namespace: '', name: 'kata' },
      { kind: 'PriorityClass', namespace: '', name: 'late' },
    ] as const;
    const { facts } = await askCluster(api, { context: 'prod', objects });
    expect(JSON.parse(renderFacts([facts]))).toHaveProperty('clusters.0.objects', [
      {
        ...{ kind: 'PersistentVolumeClaim', namespace: 'tools', name: 'index', state: 'found', keys: [] },
        accessModes: ['ReadWriteOnce'],
      },
      { kind: 'PriorityClass', namespace: '', name: 'late', state: 'missing' },
      { kind: 'RuntimeClass', namespace: '', name: 'kata', state: 'found', keys: [] },
    ]);
  });

  it('that forbids something leaves that unknown', async () => {
    const api = everything();
    api.answer(({ path }) => path.includes('secrets'), 403);
    const facts = await factsOf('prod', api);
    expect([...facts.objects.values()].map(({ kind, state }) => `${kind} ${state.state}`).sort()).toEqual([
      'ConfigMap found',
      'Secret unknown',
      'ServiceAccount found',
    ]);
  });

  it('that does not answer is asked no more, and is a problem', async () => {
    let asked = 0;
    const error = {
      status: 0,
      reason: 'Unreachable',
      message: 'GET secrets tools/token: connection refused',
      retry: true,
    };
    const api: KubeApi = {
      ...everything(),
      request: () => {
        asked += 1;
        return Promise.resolve({ ok: false, error });
      },
    };
    const objects = Array.from(
      { length: 100 },
      (_, index) => ({ kind: 'Secret', namespace: 'tools', name: `s${index}` }) as const,
    );
    const { facts, problem } = await askCluster(api, { context: 'prod', objects });
    expect(problem).toEqual({ file: 'context prod', message: error.message });
    expect(facts.objects.size).toBe(100);
    expect(asked).toBeLessThan(20);
  });
});

describe('contexts of the kubeconfig', () => {
  const served: ServedContexts[] = [];
  const serve = async (apis: Readonly<Record<string, KubeApi>>): Promise<ServedContexts> => {
    const contexts = await serveContexts(apis);
    served.push(contexts);
    return contexts;
  };

  afterEach(async () => {
    // The last one first: each puts back what was before it.
    for (const contexts of served.splice(0).toReversed()) await contexts.end();
  });

  it('are asked, and what they told is replayed to the letter', async () => {
    const prod = everything('other');
    const { folder } = await serve({ staging: everything(), prod });
    const file = join(folder, 'facts.json');
    const asked = await runCli(['check', '--context', 'staging', '--context', 'prod', '--record', file, '-'], using);
    expect(asked.error).toBe('');
    expect(asked.out).toMatch(/no key 'token' in Secret 'token'.*, in prod\. /);
    expect(asked.out).not.toContain('not checked');
    expect(prod.writes).toEqual([]);
    expect(readFileSync(file, 'utf8')).not.toMatch(/s3cret|czNjcmV0/);
    expect(await runCli(['check', '--facts', file, '-'], using)).toEqual(asked);
    const nowhere = join(folder, 'no/such/folder');
    const unwritten = await runCli(['check', '--context', 'staging', '--record', nowhere, '-'], using);
    expect(unwritten).toMatchObject({ code: 2, error: `--record ${nowhere} cannot be written: no such folder\n` });
  });

  it('are not said to exist where there is no kubeconfig', async () => {
    const { folder } = await serve({ staging: everything() });
    const { HOME: home = '' } = process.env;
    Object.assign(process.env, { KUBECONFIG: '', HOME: folder });
    const named = await runCli(['check', '--context', 'staging', '-'], using);
    // It asked http://localhost:8080, which client-node makes up.
    const current = await runCli(['report']);
    process.env['HOME'] = home;
    const none = 'there is no kubeconfig, neither in KUBECONFIG nor in ~/.kube/config\n';
    expect(named).toMatchObject({ code: 2, error: `--context staging: ${none}` });
    expect(current).toMatchObject({ code: 2, error: `the current context: ${none}` });
  });

  it('know claims and classes, and what they told of them is replayed to the letter', async () => {
    const prod = clusterWith([
      'persistentvolumeclaims/index',
      { metadata: { name: 'index', namespace: 'tools' }, spec: { accessModes: ['ReadWriteOnce'] } },
    ]);
    prod.put('/apis/node.k8s.io/v1/runtimeclasses/kata', { metadata: { name: 'kata' }, handler: 'kata' });
    const { folder } = await serve({ prod });
    const file = join(folder, 'facts.json');
    const asked = await runCli(['check', '--context', 'prod', '--record', file, '-'], placed);
    expect(asked.error).toBe('');
    expect(asked.out).toContain('only the pods of one node can mount this claim');
    expect(asked.out).toContain("PriorityClass 'late' not found");
    expect(asked.out).not.toContain('RuntimeClass');
    expect(asked.out).not.toContain('not checked');
    expect(await runCli(['check', '--facts', file, '-'], placed)).toEqual(asked);
  });

  it('know the listeners of Gateways that ConfigMaps name, and what they told of them is replayed to the letter', async () => {
    const prod = clusterWith();
    const listener = { protocol: 'HTTP', port: 80, hostname: '*.example.org', allowedRoutes: {} };
    prod.put('/apis/gateway.networking.k8s.io/v1/namespaces/gateways/gateways/public', {
      spec: { listeners: [listener] },
    });
    const { folder } = await serve({ prod });
    const file = join(folder, 'facts.json');
    const asked = await runCli(['check', '--context', 'prod', '--record', file, '-'], published);
    expect(asked.error).toBe('');
    expect(asked.out).toContain('[gateway-hostname-matches-listener]');
    const { clusters } = JSON.parse(readFileSync(file, 'utf8')) as { readonly clusters: readonly object[] };
    const told = { 'gateways/public': [{ protocol: 'HTTP', port: 80, hostname: '*.example.org' }] };
    expect(clusters).toMatchObject([{ gateways: told }]);
    expect(await runCli(['check', '--facts', file, '-'], published)).toEqual(asked);
  });

  it('that may not tell of a Gateway leave its host unjudged', async () => {
    const prod = clusterWith();
    prod.answer(({ path }) => path.includes('/gateways/'), 403);
    await serve({ prod });
    const asked = await runCli(['check', '--context', 'prod', '-'], published);
    expect(asked).toMatchObject({ code: 0, error: '' });
    expect(asked.out).not.toContain('gateway-hostname');
  });

  it('that the kubeconfig does not have are refused', async () => {
    await serve({ staging: everything() });
    const { code, error } = await runCli(['check', '--context', 'prod', '-'], using);
    expect(code).toBe(2);
    expect(error).toContain("--context prod: the kubeconfig has no context 'prod': it has staging");
  });

  describe('have policies of their own', () => {
    const install = (
      api: ReturnType<typeof createFakeKubeApi>,
      body: string,
      ...more: readonly object[]
    ): ReturnType<typeof createFakeKubeApi> => {
      const env = [
        { name: 'POLICY_CONFIG_MAP', value: 'ours' },
        { name: 'WEBHOOK_SERVICE', value: 'ours-webhook' },
        ...more,
      ];
      api.put('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/mcp-lifecycle', {
        metadata: { name: 'mcp-lifecycle' },
        webhooks: [{ clientConfig: { service: { namespace: 'system', name: 'ours-webhook' } } }],
      });
      api.put('/apis/apps/v1/namespaces/system/deployments/mcp-lifecycle', {
        metadata: { name: 'mcp-lifecycle', namespace: 'system', labels: { 'app.kubernetes.io/name': 'mcp-lifecycle' } },
        spec: { template: { spec: { containers: [{ name: 'webhook', env }] } } },
      });
      const text = `apiVersion: mcp-lifecycle.policy/v1alpha1\nkind: Policy\n${body}`;
      const metadata = { name: 'ours', namespace: 'system' };
      api.put('/api/v1/namespaces/system/configmaps/ours', { metadata, data: { 'policy.yaml': text } });
      return api;
    };
    const limit = 'rules:\n  image-registry: {action: deny, parameters: {allowed: [ours.example.com]}}\n';

    it('by which a manifest is judged, as the cluster would, and the output says so (it was the built-in one)', async () => {
      const { folder } = await serve({ prod: install(everything(), limit) });
      const asked = await runCli(['check', '--context', 'prod', '-'], using);
      expect(asked.code).toBe(1);
      expect(asked.out).toContain('(policy: rules) [image-registry]');
      expect(asked.out).toContain('; policy: ConfigMap system/ours of prod\n');
      const { out } = await runCli(['check', '--context', 'prod', '-o', 'json', '-'], using);
      expect(JSON.parse(out)).toMatchObject({ policies: [{ context: 'prod', configMap: 'system/ours' }] });
      const file = join(folder, 'policy.yaml');
      writeFileSync(file, 'apiVersion: mcp-lifecycle.policy/v1alpha1\nkind: Policy\n');
      const named = await runCli(['check', '--context', 'prod', '--policy', file, '-'], using);
      expect({ code: named.code, out: named.out }).toEqual({
        code: 0,
        out: expect.stringContaining(`policy: ${file}\n`),
      });
    });

    it('that do not count where they say another profile than the installation: the cluster does not use them', async () => {
      const body = `${limit}compatibility: {profile: reference}\n`;
      await serve({ prod: install(everything(), body) });
      const { code, error } = await runCli(['check', '--context', 'prod', '-'], using);
      expect(code).toBe(2);
      expect(error).toContain('compatibility.profile is reference, and the value compatibility.profile of the chart');
      await serve({ prod: install(everything(), body, { name: 'COMPATIBILITY_PROFILE', value: 'reference' }) });
      expect((await runCli(['check', '--context', 'prod', '-'], using)).code).toBe(1);
    });

    const reference = { name: 'COMPATIBILITY_PROFILE', value: 'reference' };

    it.each<[what: string, change: (api: ReturnType<typeof createFakeKubeApi>) => void]>([
      [
        'may not be read',
        (api) => {
          api.answer(({ path }) => path.includes('configmaps'), 403);
        },
      ],
      [
        'is gone',
        (api) => {
          api.remove('/api/v1/namespaces/system/configmaps/ours');
        },
      ],
      [
        'means nothing',
        (api) => {
          const metadata = { name: 'ours', namespace: 'system' };
          api.put('/api/v1/namespaces/system/configmaps/ours', { metadata, data: { 'policy.yaml': 'extends: lax\n' } });
        },
      ],
    ])(
      'of which one %s: what stands in is of the profile of the installation (it was the default)',
      async (_what, change) => {
        const api = install(everything(), `${limit}compatibility: {profile: reference}\n`, reference);
        change(api);
        await serve({ prod: api });
        const { chosen } = await askPolicy(api, 'prod');
        expect(chosen.by).toMatchObject({ profile: 'restricted', because: expect.any(String) });
        expect(chosen.policy.compatibility).toBe('reference');
      },
    );

    it('or none at all: the built-in one is of the profile of the installation, also when it is replayed', async () => {
      const api = install(everything(), '', { name: 'POLICY_CONFIG_MAP', value: '' }, reference);
      const policy = await askPolicy(api, 'prod');
      expect(policy.chosen.policy.compatibility).toBe('reference');
      const { folder } = await serve({ prod: api });
      const file = join(folder, 'facts.json');
      writeFileSync(file, renderFacts([{ context: 'prod', objects: new Map(), policy }]));
      const read = readFacts(file);
      const replayed = read.type === 'read' ? read.clusters.map((one) => one.policy?.chosen.policy.compatibility) : [];
      expect(replayed).toEqual(['reference']);
    });

    it('that no tenant can name: a Deployment that looks like ours decides nothing (the first namespace decided)', async () => {
      const prod = install(everything(), limit);
      const ours = prod.get('/apis/apps/v1/namespaces/system/deployments/mcp-lifecycle') ?? {};
      const metadata = {
        name: 'mcp-lifecycle',
        namespace: 'a-tenant',
        labels: { 'app.kubernetes.io/name': 'mcp-lifecycle' },
      };
      prod.put('/apis/apps/v1/namespaces/a-tenant/deployments/mcp-lifecycle', { ...ours, metadata });
      const text = 'apiVersion: mcp-lifecycle.policy/v1alpha1\nkind: Policy\nextends: audit-only\n';
      prod.put('/api/v1/namespaces/a-tenant/configmaps/ours', {
        metadata: { name: 'ours', namespace: 'a-tenant' },
        data: { 'policy.yaml': text },
      });
      await serve({ prod });
      const asked = await runCli(['check', '--context', 'prod', '-'], using);
      expect(asked.out).toContain('; policy: ConfigMap system/ours of prod\n');
      expect(asked.code).toBe(1);
    });

    it('that cannot be told from two fails the gate: either may be stricter (exit code 0)', async () => {
      const twice = install(everything(), limit);
      const ours = twice.get('/apis/apps/v1/namespaces/system/deployments/mcp-lifecycle') ?? {};
      const labels = { 'app.kubernetes.io/name': 'mcp-lifecycle' };
      const metadata = { name: 'another', namespace: 'system', labels };
      twice.put('/apis/apps/v1/namespaces/system/deployments/another', { ...ours, metadata });
      await serve({ twice });
      const { code, error } = await runCli(['check', '--context', 'twice', '-'], using);
      expect(code).toBe(2);
      expect(error).toContain(
        'context twice: several Deployments are of Service system/ours-webhook; what the cluster',
      );
    });

    it('that may not be looked for: then the built-in one judges, and the output says why', async () => {
      const locked = install(everything(), limit);
      locked.answer(({ path }) => path.includes('validatingwebhookconfigurations'), 403);
      await serve({ locked });
      const { out } = await runCli(['check', '--context', 'locked', '-'], using);
      expect(out).toContain(
        'because ValidatingWebhookConfiguration mcp-lifecycle, which says where its policy is, may not be read',
      );
    });

    it('that cannot be used fail the gate, recorded or asked, unless one is named (exit code 0: nobody said what judges)', async () => {
      const unreadable = install(everything(), 'extends: lax\n');
      const gone = install(everything(), limit);
      gone.remove('/api/v1/namespaces/system/configmaps/ours');
      const { folder } = await serve({ unreadable, gone });
      const file = join(folder, 'facts.json');
      for (const context of ['unreadable', 'gone']) {
        const asked = await runCli(['check', '--context', context, '--record', file, '-'], using);
        expect(asked.code).toBe(2);
        expect(asked.error).toContain(`context ${context}: `);
        expect(asked.error).toContain('it may refuse what passes here: mend that');
        expect(existsSync(file)).toBe(false);
      }
      const written = { configMap: 'system/ours', text: 'kind: Policy\nextends: lax\n' };
      const clusters = [{ context: 'unreadable', policy: written, objects: [] }];
      writeFileSync(file, JSON.stringify({ schemaVersion: factsSchemaVersion, clusters }));
      expect((await runCli(['check', '--facts', file, '-'], using)).code).toBe(2);
      const policy = join(folder, 'policy.yaml');
      writeFileSync(policy, 'apiVersion: mcp-lifecycle.policy/v1alpha1\nkind: Policy\n');
      const named = await runCli(['check', '--context', 'unreadable', '--policy', policy, '-'], using);
      expect(named.code).toBe(0);
    });

    it('each judges by its own, and what only one of them says is said of that one', async () => {
      await serve({ staging: everything(), prod: install(everything(), limit) });
      const { code, out } = await runCli(['check', '--context', 'staging', '--context', 'prod', '-'], using);
      expect(code).toBe(1);
      expect(out).toMatch(/, in prod\. .*\[image-registry\]/);
      expect(out).toMatch(
        /; policy: in staging restricted, the built-in profile, because .* and ConfigMap system\/ours of prod/,
      );
    });

    it('which are recorded with the labels that they ask for, and replayed to the letter', async () => {
      const byLabel = `overrides:\n- namespaceLabels: {stage: prod}\n  ${limit.replaceAll('\n', '\n  ')}`;
      const prod = install(everything(), byLabel);
      prod.put('/api/v1/namespaces/tools', { metadata: { name: 'tools', labels: { stage: 'prod' } } });
      const { folder } = await serve({ prod });
      const file = join(folder, 'facts.json');
      const asked = await runCli(['check', '--context', 'prod', '--record', file, '-'], using);
      expect(asked.out).toContain('(policy: overrides[0] stage=prod) [image-registry]');
      expect(await runCli(['check', '--facts', file, '-'], using)).toEqual(asked);
      expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
        clusters: [{ policy: { configMap: 'system/ours' }, labels: { tools: { stage: 'prod' } } }],
      });
    });

    describe('and tell what is there of other projects', () => {
      const named = `${using}  extensions: {network: {egressHosts: [{host: api.example.com}]}}
`;
      const published = `${using}  gateway: {provider: kuadrant}
`;
      const withCilium = (features: string, ...nodes: readonly string[]) => {
        const api = install(everything(), '', { name: 'FEATURES', value: features });
        api.put('/apis/cilium.io/v2', { kind: 'APIResourceList', resources: [{ name: 'ciliumnetworkpolicies' }] });
        for (const name of nodes) api.put(`/apis/cilium.io/v2/ciliumnodes/${name}`, { metadata: { name } });
        return api;
      };
      /** With what a cluster tells, and with what was recorded of that. */
      const checkTwice = async (prod: KubeApi, input = named) => {
        const { folder } = await serve({ prod });
        const file = join(folder, 'facts.json');
        const asked = await runCli(['check', '--context', 'prod', '--record', file, '-'], input);
        expect(await runCli(['check', '--facts', file, '-'], input)).toEqual(asked);
        const { clusters } = JSON.parse(readFileSync(file, 'utf8')) as {
          readonly clusters: readonly { readonly apis?: unknown }[];
        };
        return { code: asked.code, out: asked.out, apis: clusters[0]?.apis };
      };

      it.each([
        ['where the chart has them off', withCilium('ingress', 'node-1'), 'off', 'egressHosts is switched off'],
        ['where no agent is', withCilium('ingress,egressHosts'), 'absent', 'no ciliumnodes'],
      ])('refuses a server with hosts %s', async (_, api, state, said) => {
        const { code, out, apis } = await checkTwice(api);
        expect([code, apis]).toEqual([1, { CiliumNetworkPolicy: state }]);
        expect(out).toContain(said);
        expect(out).toContain('[egress-hosts-enforced]');
      });

      it('passes it where they are on and an agent is there', async () => {
        const { code, out, apis } = await checkTwice(withCilium('egressHosts', 'node-1'));
        expect([code, apis]).toEqual([0, { CiliumNetworkPolicy: 'served' }]);
        expect(out).not.toContain('not checked');
      });

      it('warns of what is switched off, and of what is missing, as at admission', async () => {
        const serving = (features: string, ...apis: readonly (readonly [string, string])[]) => {
          const api = withCilium(features);
          for (const [path, name] of [['mcp.x-k8s.io/v1alpha1', 'mcpgatewaybindings'] as const, ...apis])
            api.put(`/apis/${path}`, { kind: 'APIResourceList', resources: [{ name }] });
          return api;
        };
        const warned = ({ out }: { readonly out: string }): readonly string[] =>
          out.split('\n').filter((line) => line.includes('[feature-available]'));

        const off = await checkTwice(serving('gateway'), published);
        const state = { HTTPRoute: 'off', MCPGatewayBinding: 'served', MCPServerRegistration: 'off' };
        expect([off.code, off.apis]).toEqual([0, state]);
        expect(warned(off)).toEqual([
          expect.stringMatching(
            /switched off here: set gateway\.httpRoute\.enabled=true.*Set gateway\.httpRoute\.enabled=true/,
          ),
          expect.stringMatching(
            /switched off here: set gateway\.kuadrant\.enabled=true.*Set gateway\.kuadrant\.enabled=true/,
          ),
        ]);

        const [route, registration] = ['gateway.networking.k8s.io/v1', 'mcp.kuadrant.io/v1alpha1'];
        const features = 'gateway,gateway.httpRoute,gateway.kuadrant';
        const missing = await checkTwice(serving(features, [route, 'httproutes']), published);
        expect(warned(missing)).toEqual([expect.stringContaining('this cluster has no MCPServerRegistration')]);
        const there = serving(features, [route, 'httproutes'], [registration, 'mcpserverregistrations']);
        expect(warned(await checkTwice(there, published))).toEqual([]);
      });

      it('says of what nobody could tell that it was not checked, and asks for nothing that no server needs', async () => {
        const api = withCilium('egressHosts', 'node-1');
        api.answer(({ path }) => path.includes('cilium') || path.includes('deployments'), 403);
        const { code, out, apis } = await checkTwice(api);
        expect([code, apis]).toEqual([0, {}]);
        expect(out).toContain(
          'not checked, because prod does not tell: whether spec.extensions.network.egressHosts has an effect\n',
        );
        expect((await checkTwice(withCilium('egressHosts'), using)).apis).toBeUndefined();
      });
    });

    it('judge updates as well: what a pull request leaves as it was is tolerated', async () => {
      const { folder } = await serve({ prod: install(everything(), limit) });
      const before = join(folder, 'before');
      mkdirSync(before);
      writeFileSync(join(before, 'search.yaml'), using);
      const now = join(folder, 'search.yaml');
      writeFileSync(now, using);
      const { code, out } = await runCli(['check', '--context', 'prod', '--base', before, now]);
      expect(out).toMatch(/ tolerated tools\/search: .*\[image-registry\]/);
      expect(code).toBe(0);
    });
  });

  it('that do not answer make the verdict incomplete, and record nothing', async () => {
    const { folder, stop } = await serve({ staging: everything() });
    await stop();
    const file = join(folder, 'facts.json');
    const { code, out, error } = await runCli(['check', '--context', 'staging', '--record', file, '-'], using);
    expect(code).toBe(2);
    expect(error).toContain('context staging: GET ');
    expect(out).toContain('because it is not in the input, and staging says Unreachable: ');
    expect(() => readFileSync(file)).toThrow('ENOENT');
  });
});

describe('recorded facts', () => {
  let folder = '';
  let file = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mcp-lifecycle-'));
    file = join(folder, 'facts.json');
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('leave nothing unchecked, and say what is missing as the cluster would', async () => {
    writeFileSync(file, renderFacts([await factsOf('prod', everything('other'))]));
    const { code, out } = await runCli(['check', '--fail-on', 'warn', '--facts', file, '-'], using);
    expect(code).toBe(1);
    expect(out).toContain("no key 'token' in Secret 'token'");
    expect(out).not.toContain('not checked');
    expect(out).toContain('0 refused, 1 warned about');
  });

  it('of several clusters say in which of them it is so', async () => {
    const clusters = [await factsOf('staging', everything()), await factsOf('prod', clusterWith())];
    writeFileSync(file, renderFacts(clusters));
    const { out } = await runCli(['check', '--facts', file, '-'], using);
    expect(out).toMatch(/Secret 'token'.*, in prod\. /);
    expect(out.replace(/; policy: .*/, '')).not.toContain('staging');
    writeFileSync(
      file,
      renderFacts([clusters[1], { ...clusters[1], context: 'other' }].flatMap((one) => one as ClusterFacts)),
    );
    const both = await runCli(['check', '--facts', file, '-'], using);
    expect(both.out).toMatch(/Secret 'token'/);
    expect(both.out).not.toContain(', in ');
  });

  it('give way to the input', async () => {
    writeFileSync(file, renderFacts([await factsOf('prod', clusterWith())]));
    const beside = `${using}---\n${JSON.stringify(secret('token'))}`;
    const { out } = await runCli(['check', '--facts', file, '-'], beside);
    expect(out).not.toMatch(/Secret/);
  });

  it('know nothing of what was not asked', async () => {
    writeFileSync(file, renderFacts([await factsOf('prod', everything())]));
    const { code, out } = await runCli(
      ['check', '--fail-on', 'warn', '--facts', file, '-'],
      using.replace('name: token, key', 'name: new, key'),
    );
    expect(code).toBe(0);
    expect(out).toContain('because it is not in the input, and not in the facts of prod: Secret tools/new\n');
  });

  it.each([
    ['of another version', '{"schemaVersion": "mcp-lifecycle.facts/v2"}', 'is not of version mcp-lifecycle.facts/v1'],
    ['that are none', 'a: 1', 'is no file of facts'],
  ])('%s are refused', async (_what, text, problem) => {
    writeFileSync(file, text);
    const { code, error } = await runCli(['check', '--facts', file, '-'], using);
    expect(code).toBe(2);
    expect(error).toContain(problem);
  });

  it('need somebody who tells them', async () => {
    const { code, error } = await runCli(['check', '--record', file, '-'], using);
    expect(code).toBe(2);
    expect(error).toContain('--record keeps what clusters told: name one with --context');
    expect(() => readFileSync(file)).toThrow('ENOENT');
  });
});
