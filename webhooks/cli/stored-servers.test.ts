import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { anMCPServer, withImage, withName, withNamespace, withRawSpec } from '../core/testing/builders.ts';
import type { KubeApi } from '../platform/kube/api.ts';
import { createFakeKubeApi, type FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { namespacesSchema } from './schemas/namespaces.ts';
import { closed, problemsOf } from './outputs/testing/problems-of.ts';
import { runCli, type CliRun } from './testing/run-cli.ts';
import { serveContexts, type ServedContexts } from './testing/serve-contexts.ts';

const collection = '/apis/mcp.x-k8s.io/v1beta1/mcpservers';

function clusterWith(...servers: readonly ReturnType<typeof anMCPServer>[]): FakeKubeApi {
  const api = createFakeKubeApi();
  for (const server of servers) {
    const { namespace = '', name } = server.metadata;
    api.put(`/apis/mcp.x-k8s.io/v1beta1/namespaces/${namespace}/mcpservers/${name}`, { ...server });
  }
  return api;
}

const unpinned = (namespace: string, name: string) =>
  anMCPServer(withNamespace(namespace), withName(name), withImage('ghcr.io/example/a:latest'));

const usingSecret = anMCPServer(
  withNamespace('tools'),
  withRawSpec({
    config: { port: 8080, env: [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'token', key: 'token' } } }] },
  }),
);

const policyOf = (document: object) =>
  stringify({ apiVersion: 'mcp-lifecycle.policy/v1alpha1', kind: 'Policy', ...document });

const pinned = { rules: { 'image-tag-pinned': { action: 'deny' } } };

const requests: string[] = [];

/** The same API, which remembers what it was asked for. */
function recorded(api: KubeApi): KubeApi {
  return {
    ...api,
    request: (request) => {
      requests.push(`${request.method} ${request.path} ${JSON.stringify(request.query ?? {})}`);
      return api.request(request);
    },
  };
}

let served: ServedContexts | undefined;

beforeEach(() => {
  requests.length = 0;
});

afterEach(async () => {
  await served?.end();
  served = undefined;
});

/** `policy try` of a policy on the cluster. */
async function tryOn(api: KubeApi, document: object, ...args: readonly string[]): Promise<CliRun> {
  served = await serveContexts({ prod: recorded(api) });
  const file = join(served.folder, 'policy.yaml');
  writeFileSync(file, policyOf(document));
  return runCli(['policy', 'try', file, '--context', 'prod', ...args]);
}

describe('policy try --context', () => {
  it('counts what a cluster has, by namespace and rule, and writes nothing', async () => {
    const api = clusterWith(unpinned('shop', 'a'), unpinned('shop', 'b'), unpinned('play', 'c'));
    const document = {
      ...pinned,
      overrides: [{ namespaces: ['play'], rules: { 'image-tag-pinned': { action: 'audit' } } }],
    };
    expect(await tryOn(api, document)).toEqual({
      code: 0,
      out: `NAMESPACE  RULE              ACTION  SERVERS  POLICY
play       image-tag-pinned  audit   1        overrides[0] play
shop       image-tag-pinned  deny    2        rules
3 MCPServers: 2 would be refused, 0 warned about (policy: ${join(served?.folder ?? '', 'policy.yaml')})
`,
      error: '',
    });
    expect(api.writes).toEqual([]);
  });

  it('reads page by page', async () => {
    const servers = Array.from({ length: 120 }, (_, index) => unpinned('shop', `s-${index}`));
    const { out } = await tryOn(clusterWith(...servers), pinned);
    expect(out).toContain('120 MCPServers: 120 would be refused');
    expect(requests.filter((request) => request.includes('mcpservers'))).toHaveLength(3);
  });

  it('asks for one namespace only where one is named', async () => {
    const api = clusterWith(unpinned('shop', 'a'), unpinned('play', 'b'));
    const { code, out } = await tryOn(api, pinned, '-n', 'play');
    expect(code).toBe(0);
    expect(out).toContain('1 MCPServer: 1 would be refused');
    expect(out).not.toContain('shop');
    expect(requests.join()).not.toContain(`${collection} `);
  });

  it('is content with a cluster that has none, and with an older one', async () => {
    expect(await tryOn(createFakeKubeApi(), pinned)).toMatchObject({
      code: 0,
      error: 'no MCPServer in context prod\n',
    });
    await served?.end();
    const older = createFakeKubeApi();
    const server = { ...unpinned('shop', 'a'), apiVersion: 'mcp.x-k8s.io/v1alpha1' };
    older.put('/apis/mcp.x-k8s.io/v1alpha1/namespaces/shop/mcpservers/a', server);
    older.answer(({ path }) => path === collection, 404);
    expect((await tryOn(older, pinned)).out).toContain('1 MCPServer: 1 would be refused');
  });

  it('says which right is missing when it may not list them', async () => {
    const api = clusterWith(unpinned('shop', 'a'));
    api.answer(({ path }) => path.includes('mcpservers'), 403);
    const { code, error } = await tryOn(api, pinned);
    expect(code).toBe(2);
    expect(error).toContain(
      'the right to list mcpservers.mcp.x-k8s.io in all namespaces, or in one that --namespace names',
    );
    expect(error).not.toContain('no MCPServer in');
  });

  it('tells a cluster without the kind, and one that does not answer', async () => {
    const api = createFakeKubeApi();
    api.answer(() => true, 404);
    const missing = await tryOn(api, pinned);
    expect(missing).toMatchObject({
      code: 2,
      error: expect.stringContaining('CustomResourceDefinition is not installed'),
    });
    await served?.stop();
    const policy = join(served?.folder ?? '', 'policy.yaml');
    const lost = await runCli(['policy', 'try', policy, '--context', 'prod']);
    expect(lost).toMatchObject({ code: 2, error: expect.stringContaining('context prod: GET mcpservers') });
  });

  it('judges what was read before a page was refused, and is not done', async () => {
    const api = clusterWith(...Array.from({ length: 60 }, (_, index) => unpinned('shop', `s-${index}`)));
    api.answer(({ query }) => query?.['continue'] !== undefined, 410);
    const { code, out, error } = await tryOn(api, pinned);
    expect(code).toBe(2);
    expect(out).toContain('50 MCPServers: 50 would be refused');
    expect(error).toContain('try again');
  });

  it('asks the same cluster for what servers name', async () => {
    const { code, out, error } = await tryOn(clusterWith(usingSecret), {});
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(out).toMatch(/^tools +secret-exists +warn +1 /m);
  });

  it('leaves what it may not read unchecked, and says so', async () => {
    const api = clusterWith(usingSecret);
    api.answer(({ path }) => path.includes('secrets'), 403);
    const { code, out, error } = await tryOn(api, {});
    expect(code).toBe(0);
    expect(out).not.toContain('secret-exists');
    expect(error).toBe('not checked, because prod says HTTP403: Secret tools/token\n');
  });
});

describe('labels of namespaces', () => {
  const byLabel = {
    ...pinned,
    overrides: [{ namespaceLabels: { stage: 'play' }, rules: { 'image-tag-pinned': { action: 'off' } } }],
  };
  const labelled = (): FakeKubeApi => {
    const api = clusterWith(unpinned('shop', 'a'), unpinned('play', 'b'));
    api.put('/api/v1/namespaces/shop', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    const metadata = { name: 'play', labels: { stage: 'play' } };
    api.put('/api/v1/namespaces/play', { apiVersion: 'v1', kind: 'Namespace', metadata });
    return api;
  };

  it('are asked where the policy chooses by them, and only there', async () => {
    const { out, error } = await tryOn(labelled(), byLabel);
    expect(error).toBe('');
    expect(out).toMatch(/^shop +image-tag-pinned +deny +1 /m);
    expect(out).not.toMatch(/play|not checked/);
    expect(requests.filter((request) => /namespaces\/(shop|play) /.test(request))).toHaveLength(2);
    await served?.end();
    requests.length = 0;
    await tryOn(labelled(), pinned);
    expect(requests.some((request) => /namespaces\/(shop|play) /.test(request))).toBe(false);
  });

  it('that may not be read make it the strictest, which is told', async () => {
    const api = labelled();
    api.answer(({ path }) => path === '/api/v1/namespaces/play', 403);
    const { code, out, error } = await tryOn(api, byLabel);
    expect(code).toBe(0);
    expect(out).toMatch(/^play +image-tag-pinned +deny +1 +overrides\[0\] stage=play not checked$/m);
    expect(error).toMatch(/^labels of namespaces not read \(HTTP403\), .* the strictest .* counts in play$/m);
  });
});

describe('what policy try judges', () => {
  it('is named once: files or a cluster', async () => {
    expect((await runCli(['policy', 'try', 'policy.yaml'])).error).toContain('or a cluster with --context');
    const both = await runCli(['policy', 'try', 'policy.yaml', '-', '--context', 'prod']);
    expect(both).toMatchObject({ code: 2, error: expect.stringContaining('not both') });
  });
});

/** Said of a cluster that has MCPServers alone. */
const notInstalled = 'ValidatingWebhookConfiguration mcp-lifecycle, which says where its policy is, does not exist';

describe('report', () => {
  const root = anMCPServer(
    withNamespace('play'),
    withRawSpec({ runtime: { security: { securityContext: { runAsUser: 0 } } } }),
  );
  const mixed = () =>
    clusterWith(unpinned('shop', 'a'), unpinned('shop', 'b'), anMCPServer(withNamespace('calm')), root);

  async function reportOn(api: KubeApi, ...args: readonly string[]): Promise<CliRun> {
    // The first is the current context.
    served = await serveContexts({ prod: recorded(api), other: createFakeKubeApi() });
    return runCli(['report', ...args]);
  }

  it('tables namespaces and rules of the current context by the built-in profile, whatever it finds', async () => {
    const api = mixed();
    expect(await reportOn(api)).toEqual({
      code: 0,
      out: `NAMESPACE  SERVERS  run-as-non-root  image-tag-pinned
calm       1        -                -
play       1        1 deny           -
shop       2        -                2 warn
(all)      4        1 deny           2 warn
4 MCPServers: 1 would be refused, 2 warned about (policy: restricted, the built-in profile, because ${notInstalled})
`,
      error: '',
    });
    expect(api.writes).toEqual([]);
  });

  it('judges by the policy that it is given, and counts each action', async () => {
    await reportOn(mixed());
    const file = join(served?.folder ?? '', 'policy.yaml');
    const exemptions = [
      { rule: 'image-tag-pinned', namespace: 'shop', name: 'a', reason: 'R', owner: 'O', expires: '2999-01-01' },
    ];
    writeFileSync(file, policyOf({ ...pinned, exemptions }));
    const { code, out } = await runCli(['report', '--policy', file, '--context', 'prod', '-n', 'shop']);
    expect(code).toBe(0);
    expect(out).toBe(`NAMESPACE  SERVERS  image-tag-pinned
shop       2        1 deny, 1 audit
(all)      2        1 deny, 1 audit
2 MCPServers: 1 would be refused, 0 warned about (policy: ${file})
`);
  });

  it('says the same as JSON, with each finding on request', async () => {
    const { code, out } = await reportOn(mixed(), '-o', 'json', '--findings');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      schemaVersion: 'mcp-lifecycle.namespaces/v1',
      policy: { profile: 'restricted', context: 'prod', because: notInstalled },
      servers: 4,
      refused: 1,
      warned: 2,
      namespaces: [
        { namespace: 'calm', servers: 1, rules: [] },
        { namespace: 'play', servers: 1, rules: [{ rule: 'run-as-non-root', action: 'deny', servers: 1 }] },
        { namespace: 'shop', servers: 2, rules: [{ rule: 'image-tag-pinned', action: 'warn', servers: 2 }] },
      ],
      findings: ['shop', 'shop', 'play'].map((namespace): unknown =>
        expect.objectContaining({ namespace, message: expect.stringMatching(/./) }),
      ),
      notChecked: [],
      rulesNotJudgedFor: [],
      ...{ problems: [], ignoredOfPolicy: [], notes: [] },
    });
    expect(problemsOf(closed(namespacesSchema), JSON.parse(out))).toEqual([]);
    const text = await runCli(['report', '--findings']);
    expect(text.out).toMatch(/^warn shop\/a: .*\[image-tag-pinned\]$/m);
    expect(JSON.parse((await runCli(['report', '-o', 'json'])).out)).not.toHaveProperty('findings');
  });

  it('reads files as well, and then no cluster', async () => {
    served = await serveContexts({ prod: recorded(mixed()) });
    const { code, out } = await runCli(
      ['report', '-'],
      [root, unpinned('shop', 'a')].map((one) => stringify(one)).join('---\n'),
    );
    expect(code).toBe(0);
    expect(out).toContain('2 MCPServers: 1 would be refused, 1 warned about');
    expect(requests).toEqual([]);
    expect(await runCli(['report', '-'], '')).toMatchObject({ code: 2, error: 'no MCPServer in -\n' });
    expect((await runCli(['report', '-', '--context', 'prod'])).error).toContain('not both');
  });

  it('is not whole where something could not be read', async () => {
    const api = mixed();
    api.answer(({ path }) => path.includes('mcpservers'), 403);
    expect(await reportOn(api)).toMatchObject({
      code: 2,
      error: expect.stringContaining('the right to list mcpservers'),
    });
    expect(await runCli(['report', '--context', 'nowhere'])).toMatchObject({
      ...{ code: 2, out: '', error: expect.stringContaining("no context 'nowhere': it has prod, other") },
    });
  });

  it('of a cluster without any is empty', async () => {
    expect(await reportOn(createFakeKubeApi())).toEqual({
      code: 0,
      out: `0 MCPServers: 0 would be refused, 0 warned about (policy: restricted, the built-in profile, because ${notInstalled})\n`,
      error: 'no MCPServer in context prod\n',
    });
  });
});

describe('the policy of the cluster', () => {
  const deployments = '/apis/apps/v1/namespaces/system/deployments';
  const configuration = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/mcp-lifecycle';
  const configMaps = '/api/v1/namespaces/system/configmaps';

  /** mcp-lifecycle as the chart installs it, with the names of its variables. */
  function install(api: FakeKubeApi, env: Readonly<Record<string, string>>): FakeKubeApi {
    const labels = { 'app.kubernetes.io/name': 'mcp-lifecycle' };
    const variables = Object.entries({ WEBHOOK_SERVICE: 'webhook', ...env }).map(([name, value]) => ({ name, value }));
    const containers = [{ name: 'webhook', env: [{ name: 'NODE_OPTIONS', value: '' }, ...variables] }];
    api.put('/apis/apps/v1/namespaces/system/deployments/mcp-lifecycle', {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', spec: { template: { spec: { containers } } } },
      metadata: { name: 'mcp-lifecycle', namespace: 'system', labels },
    });
    api.put(configuration, {
      metadata: { name: 'mcp-lifecycle' },
      webhooks: [{ clientConfig: { service: { name: 'webhook', namespace: 'system' } } }],
    });
    return api;
  }

  function withPolicy(document: object, { name = 'ours', key = 'policy.yaml' } = {}): FakeKubeApi {
    const api = install(clusterWith(unpinned('shop', 'a')), { POLICY_CONFIG_MAP: name, POLICY_KEY: key });
    const data = { [key]: policyOf(document) };
    const metadata = { name, namespace: 'system' };
    api.put(`${configMaps}/${name}`, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
    return api;
  }

  async function reportOn(api: KubeApi, ...args: readonly string[]): Promise<CliRun> {
    served = await serveContexts({ prod: recorded(api) });
    return runCli(['report', ...args]);
  }

  it.each([{ name: 'mcp-lifecycle-policy' }, { name: 'ours', key: 'p.yaml' }])(
    'judges a report for which none is named, and the last line says so (it was the built-in one): $name',
    async (where) => {
      const { code, out, error } = await reportOn(withPolicy(pinned, where));
      expect({ code, error }).toEqual({ code: 0, error: '' });
      expect(out).toMatch(/^shop +1 +1 deny$/m);
      expect(out).toContain(
        `1 MCPServer: 1 would be refused, 0 warned about (policy: ConfigMap system/${where.name} of prod)\n`,
      );
    },
  );

  it('is named in the JSON, with what of it is ignored', async () => {
    const api = withPolicy({ ...pinned, rules: { ...pinned.rules, 'not-yet': { action: 'deny' } } });
    const { out, error } = await reportOn(api, '-o', 'json');
    expect(JSON.parse(out)).toMatchObject({
      policy: { context: 'prod', configMap: 'system/ours' },
      refused: 1,
      ignoredOfPolicy: [{ file: 'ConfigMap system/ours', message: expect.stringContaining('rules.not-yet') }],
    });
    expect(error).toMatch(/^ConfigMap system\/ours:\d+:\d+: ignored: rules\.not-yet: /);
    expect(problemsOf(closed(namespacesSchema), JSON.parse(out))).toEqual([]);
  });

  it('gives way to the one that is named, and then is not looked for', async () => {
    served = await serveContexts({ prod: recorded(withPolicy(pinned)) });
    const file = join(served.folder, 'policy.yaml');
    writeFileSync(file, policyOf({}));
    const { out } = await runCli(['report', '--policy', file]);
    expect(out).toContain(`0 would be refused, 1 warned about (policy: ${file})`);
    expect(requests.join()).not.toMatch(/deployments|configmaps|configurations/);
  });

  it('chooses namespaces by labels that are asked of the cluster', async () => {
    const labels = { stage: 'play' };
    const api = withPolicy({ overrides: [{ namespaceLabels: labels, ...pinned }] });
    api.put('/api/v1/namespaces/shop', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels } });
    expect((await reportOn(api)).out).toContain('1 would be refused');
  });

  it.each<[what: string, cluster: () => FakeKubeApi, because: string]>([
    ['it has none', () => install(clusterWith(), {}), 'the cluster has no policy of its own'],
    ['mcp-lifecycle is not there', () => clusterWith(), notInstalled],
    [
      'the Deployment may not be read',
      () => refusing(withPolicy(pinned), deployments, 403),
      'where its policy is may not be read (HTTP403): it is in a Deployment in system',
    ],
    [
      'the webhook configuration may not be read',
      () => refusing(withPolicy(pinned), configuration, 403),
      'ValidatingWebhookConfiguration mcp-lifecycle, which says where its policy is, may not be read (HTTP403)',
    ],
    [
      'the Deployment is of another Service',
      () => install(clusterWith(), { POLICY_CONFIG_MAP: 'ours', WEBHOOK_SERVICE: 'another' }),
      'no Deployment app.kubernetes.io/name=mcp-lifecycle of Service system/webhook was found',
    ],
    [
      'the ConfigMap may not be read',
      () => refusing(withPolicy(pinned), `${configMaps}/ours`, 403),
      'ConfigMap system/ours, which holds its policy, may not be read (HTTP403)',
    ],
  ])('is replaced by the built-in profile, which is said with the reason: %s', async (_what, cluster, because) => {
    const { code, out } = await reportOn(cluster());
    expect(code).toBe(0);
    expect(out).toContain(`(policy: restricted, the built-in profile, because ${because}`);
  });

  it.each<[what: string, cluster: () => FakeKubeApi, because: string]>([
    [
      'the ConfigMap does not exist',
      () => install(clusterWith(), { POLICY_CONFIG_MAP: 'ours' }),
      'ConfigMap system/ours, which holds its policy, does not exist',
    ],
    [
      'the Deployments were not listed, which is no matter of rights',
      () => refusing(withPolicy(pinned), deployments, 500),
      'where its policy is could not be read (',
    ],
    [
      'the webhook configuration was not read, which is no matter of rights',
      () => refusing(withPolicy(pinned), configuration, 500),
      'ValidatingWebhookConfiguration mcp-lifecycle, which says where its policy is, could not be read (',
    ],
    [
      'the ConfigMap has no such key',
      () => {
        const api = install(clusterWith(), { POLICY_CONFIG_MAP: 'ours' });
        api.put(`${configMaps}/ours`, { metadata: { name: 'ours', namespace: 'system' }, data: { other: '' } });
        return api;
      },
      'ConfigMap system/ours has no key policy.yaml with a policy',
    ],
    [
      'the policy means nothing',
      () => withPolicy({ extends: 'lax' }),
      'its policy cannot be used, so the cluster judges by an earlier one or by this: ConfigMap system/ours:3:',
    ],
  ])(
    'is there and cannot be used: exit code 2, because the cluster may judge by an earlier one (it was 0): %s',
    async (_what, cluster, because) => {
      const { code, out, error } = await reportOn(cluster());
      expect(code).toBe(2);
      expect(out).toContain(`(policy: restricted, the built-in profile, because ${because}`);
      expect(error).toContain(because);
      expect(error).toContain('it may refuse what passes here: mend that, or name a policy with --policy');
    },
  );
});

function refusing(api: FakeKubeApi, path: string, status: number): FakeKubeApi {
  api.answer((request) => request.path === path, status);
  return api;
}
