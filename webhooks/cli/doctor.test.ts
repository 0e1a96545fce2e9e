import { readFileSync } from 'node:fs';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { anMCPServer, withGeneration, withName, withNamespace, withStatus } from '../core/testing/builders.ts';
import type { ApiRequest, ApiResult, KubeApi } from '../platform/kube/api.ts';
import { createFakeKubeApi, type FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { issueAuthority, issueServing, type ServingCertificate } from '../platform/tls/certificates.ts';
import { closed, problemsOf } from './outputs/testing/problems-of.ts';
import { doctorSchema } from './schemas/doctor.ts';
import { runCli, type CliRun } from './testing/run-cli.ts';
import { serveContexts, type ServedContexts } from './testing/serve-contexts.ts';

type Json = Readonly<Record<string, unknown>>;

const paths = {
  crd: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/mcpservers.mcp.x-k8s.io',
  validating: '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/mcp-lifecycle',
  mutating: '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/mcp-lifecycle',
  deployment: '/apis/apps/v1/namespaces/system/deployments/mcp-lifecycle',
  slice: '/apis/discovery.k8s.io/v1/namespaces/system/endpointslices/webhook-1',
  pod: '/api/v1/namespaces/system/pods/mcp-lifecycle-1',
  policy: '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/mcp-lifecycle-privileges',
  binding: '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/mcp-lifecycle-privileges',
  lease: '/apis/coordination.k8s.io/v1/namespaces/system/leases/leader',
  secret: '/api/v1/namespaces/system/secrets/certificate',
  logging: '/api/v1/namespaces/system/configmaps/logging',
} as const;

/** `mcpservers.mcp.x-k8s.io` of this release, as Helm would have it. */
const crd = parse(readFileSync('crds/mcpservers.mcp.x-k8s.io.yaml', 'utf8')) as Json & {
  readonly metadata: Json;
  readonly spec: Json & {
    readonly versions: readonly (Json & { schema: { openAPIV3Schema: { properties: Json } } })[];
  };
};

const ofRelease = {
  'meta.helm.sh/release-name': 'mcp-lifecycle',
  'meta.helm.sh/release-namespace': 'system',
};

const labels = {
  'app.kubernetes.io/name': 'mcp-lifecycle',
  'app.kubernetes.io/version': '0.0.0',
  'helm.sh/chart': 'mcp-lifecycle-0.0.0',
};

let serving: ServingCertificate;
let bundle = '';
let old: ServingCertificate;

const base64 = (text: string): string => Buffer.from(text).toString('base64');

beforeAll(async () => {
  const authority = await issueAuthority(new Date());
  bundle = authority.certificate;
  serving = await issueServing(authority, ['webhook.system.svc'], new Date());
  const before = new Date(Date.now() - 400 * 86_400_000);
  old = await issueServing(await issueAuthority(before), ['webhook.system.svc'], before);
});

/** A cluster in which all is well. */
function healthy(): FakeKubeApi {
  const api = createFakeKubeApi();
  const webhook = (verb: string): Json => ({
    name: `${verb}.mcpservers.mcp.x-k8s.io`,
    failurePolicy: 'Fail',
    clientConfig: { caBundle: base64(bundle), service: { name: 'webhook', namespace: 'system' } },
  });
  const env = {
    ...{ WEBHOOK_SERVICE: 'webhook', CERTIFICATE_SECRET: 'certificate', LOG_CONFIG_MAP: 'logging', LOG_LEVEL: 'info' },
    ...{ LEASE_NAME: 'leader', FEATURES: 'monitoring' },
  };
  const container = (name: string): Json => ({
    ...{ name, image: 'registry.example.com/mcp-lifecycle:0.0.0' },
    env: Object.entries(env).map(([variable, value]) => ({ name: variable, value })),
  });
  const metadata = (name: string): Json => ({ name, namespace: 'system', labels, annotations: ofRelease });
  api.put('/version', { gitVersion: 'v1.35.0', major: '1', minor: '35+' });
  api.put(paths.crd, { ...crd, metadata: { ...crd.metadata, annotations: ofRelease } });
  api.put(paths.validating, { metadata: { name: 'mcp-lifecycle' }, webhooks: [webhook('validate')] });
  api.put(paths.mutating, { metadata: { name: 'mcp-lifecycle' }, webhooks: [webhook('mutate')] });
  api.put(paths.deployment, {
    metadata: metadata('mcp-lifecycle'),
    spec: { replicas: 2, template: { spec: { containers: [container('webhook'), container('reconciler')] } } },
    status: { readyReplicas: 2, updatedReplicas: 2 },
  });
  api.put(paths.slice, {
    metadata: { name: 'webhook-1', namespace: 'system', labels: { 'kubernetes.io/service-name': 'webhook' } },
    endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true } }],
  });
  api.put(paths.pod, { metadata: metadata('mcp-lifecycle-1'), status: { containerStatuses: [] } });
  api.put(paths.lease, {
    metadata: metadata('leader'),
    spec: { holderIdentity: 'mcp-lifecycle-1_a', renewTime: new Date().toISOString() },
  });
  api.put(paths.secret, {
    metadata: metadata('certificate'),
    data: { 'tls.crt': base64(serving.certificate), 'tls.key': base64(serving.privateKey) },
  });
  api.put(paths.logging, { metadata: metadata('logging') });
  api.put('/apis/monitoring.coreos.com/v1', {
    kind: 'APIResourceList',
    resources: [{ name: 'podmonitors' }, { name: 'servicemonitors' }],
  });
  return api;
}

let served: ServedContexts | undefined;

afterEach(async () => {
  await served?.end();
  served = undefined;
});

async function examine(api: FakeKubeApi, ...args: readonly string[]): Promise<CliRun> {
  await served?.end();
  served = await serveContexts({ prod: api });
  return runCli(['doctor', ...args]);
}

const above = '/apis/mcp.v2dy.io/v1';

/** A cluster that serves what becomes MCPServers, with one of each; `features`: what is switched on. */
function withAbove(features: string, status: Json = {}): FakeKubeApi {
  const api = healthy();
  const text = JSON.stringify(api.get(paths.deployment)).replaceAll('"monitoring"', JSON.stringify(features));
  api.put(paths.deployment, JSON.parse(text) as Json);
  api.put(above, { kind: 'APIResourceList', resources: [{ name: 'mcpservers' }, { name: 'mcppools' }] });
  for (const plural of ['mcpservers', 'mcppools'])
    api.put(`${above}/namespaces/a/${plural}/x`, { metadata: { name: 'x', namespace: 'a' }, status });
  return api;
}

/** A cluster whose webhook fails open, with what the chart has then. */
function failingOpen(policy: Json = {}, binding: Json = {}): FakeKubeApi {
  const api = healthy();
  const text = JSON.stringify(api.get(paths.validating)).replace('"Fail"', '"Ignore"');
  api.put(paths.validating, JSON.parse(text) as Json);
  const name = 'mcp-lifecycle-privileges';
  api.put(paths.policy, {
    metadata: { name, generation: 1, labels },
    status: { observedGeneration: 1, typeChecking: {} },
    ...policy,
  });
  api.put(paths.binding, { metadata: { name }, spec: { policyName: name, validationActions: ['Deny'], ...binding } });
  return api;
}

const privileges = 'ValidatingAdmissionPolicy mcp-lifecycle-privileges';

describe('what API servers refuse while no webhook answers', () => {
  const name = 'mcp-lifecycle-privileges';

  it('is looked at where the webhook fails open', async () => {
    const { code, out } = await examine(failingOpen(), '--fail-on', 'warning');
    expect(code).toBe(0);
    expect(out).toContain(`${privileges} refuses privileges`);
  });

  it('is no matter where it fails closed, and what is left of it is told', async () => {
    expect((await examine(healthy())).out).not.toContain(privileges);
    const api = failingOpen();
    const text = JSON.stringify(api.get(paths.validating)).replace('"Ignore"', '"Fail"');
    api.put(paths.validating, JSON.parse(text) as Json);
    expect((await examine(api)).out).toMatch(new RegExp(`^note +${privileges} is there although`, 'm'));
  });

  it.each<[string, 'policy' | 'binding', RegExp]>([
    ['is missing', 'policy', /^problem +There is no Validating/m],
    ['has no binding', 'binding', /^problem .* is not enforced: .* is missing\.$/m],
  ])('%s, which is a problem', async (_, which, line) => {
    const api = failingOpen();
    api.remove(paths[which]);
    const { code, out } = await examine(api);
    expect(out).toMatch(line);
    expect(code).toBe(1);
  });

  it.each<[string, Json, RegExp]>([
    ['only warns', { validationActions: ['Warn'] }, /does not deny by it\.$/m],
    ['is of another policy', { policyName: 'other' }, /does not deny by it\.$/m],
    ['holds in some namespaces', { matchResources: { namespaceSelector: {} } }, /limits where it holds\.$/m],
  ])('has a binding that %s, which is a problem', async (_, binding, line) => {
    const { code, out } = await examine(failingOpen({}, binding));
    expect(out).toMatch(line);
    expect(code).toBe(1);
  });

  it.each<[string, Json, RegExp]>([
    [
      'is of an older chart',
      { metadata: { name, labels: { ...labels, 'helm.sh/chart': 'mcp-lifecycle-0.0.1' } } },
      /^warning .* is of chart mcp-lifecycle-0\.0\.1, the installation of mcp-lifecycle-0\.0\.0\.$/m,
    ],
    [
      'is warned of by the API server, on one line',
      {
        status: {
          observedGeneration: 1,
          typeChecking: {
            expressionWarnings: [
              { fieldRef: 'spec.validations[0].expression', warning: "ERROR: <input>:1:8:\nundefined field 'x'" },
              { fieldRef: 'spec.variables[0].expression', warning: 'y' },
            ],
          },
        },
      },
      /^warning .*: spec\.validations\[0\]\.expression: ERROR: <input>:1:8: ?.*undefined field 'x', and 1 more\.$/m,
    ],
    ['was not looked at by it', { status: {} }, /^note +No API server has checked the types/m],
  ])('%s, which is told', async (_, policy, line) => {
    const { code, out } = await examine(failingOpen(policy));
    expect(out).toMatch(line);
    expect(code).toBe(0);
  });

  it('is missing where the chart may have none, which is worth knowing', async () => {
    const api = failingOpen();
    api.remove(paths.policy);
    const deployment = JSON.stringify(api.get(paths.deployment));
    const withPolicy = deployment.replaceAll('"env":[', '"env":[{"name":"POLICY_CONFIG_MAP","value":"theirs"},');
    api.put(paths.deployment, JSON.parse(withPolicy) as Json);
    expect((await examine(api)).out).toMatch(/^note +There is no Validating/m);
  });
});

describe('what becomes MCPServers', () => {
  it('is counted where it is switched on', async () => {
    const ready = { observedGeneration: 1, phase: 'Running', conditions: [condition('Ready', 'True')] };
    const { code, out } = await examine(withAbove('monitoring,v2dy,v2dy.pools', ready), '--fail-on', 'warning');
    expect(code).toBe(0);
    expect(out).toMatch(/^ok +1 MCPServer\.mcp\.v2dy\.io: 1 Available, 0 Pending, 0 Failed\.$/m);
    expect(out).toMatch(/^ok +1 MCPPool\.mcp\.v2dy\.io: 1 Available/m);
  });

  it('is warned of where it is switched off, and nobody follows it any more', async () => {
    const { code, out } = await examine(withAbove('monitoring,v2dy'), '--fail-on', 'warning');
    expect(code).toBe(1);
    expect(out).toMatch(
      /^warning +1 MCPPool\.mcp\.v2dy\.io, and v2dy\.pools\.enabled is not set: .*\n +Set v2dy\.pools\.enabled/m,
    );
    expect(out).toMatch(/^ok +1 MCPServer\.mcp\.v2dy\.io/m);
    expect(out).toMatch(/\n1 warning, 9 notes, \d+ ok\n$/);
  });

  it('is a problem where it is switched on and the cluster does not have it', async () => {
    const api = withAbove('monitoring,v2dy');
    api.remove(above);
    const { code, out } = await examine(api);
    expect(code).toBe(1);
    expect(out).toMatch(/^problem +v2dy\.enabled is set, and the cluster has no mcpservers\.mcp\.v2dy\.io/m);
  });

  it('is not known where it may not be listed', async () => {
    const api = withAbove('monitoring,v2dy,v2dy.pools');
    api.answer(({ path }) => path.startsWith(`${above}/`), 403);
    const { code, out } = await examine(api, '--fail-on', 'warning');
    expect(code).toBe(0);
    expect(out).toMatch(/^unknown +Not known how objects of mcp\.v2dy\.io are: /m);
  });
});

const condition = (type: string, status: 'True' | 'False') => ({
  ...{ type, status, reason: 'R', message: 'm', observedGeneration: 1, lastTransitionTime: '2026-01-01T00:00:00Z' },
});

interface Role {
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

/** `get apps/deployments`; empty for what every account may ask. */
function rightOf(path: string): string {
  const match = /^\/(?:api|apis\/(?<group>[^/]+))\/[^/]+(?:\/namespaces\/[^/]+)?\/(?<plural>[^/]+)(?<name>\/.+)?$/.exec(
    path,
  )?.groups;
  if (match === undefined) return '';
  return `${match['name'] === undefined ? 'list' : 'get'} ${match['group'] ?? ''}/${match['plural'] ?? ''}`;
}

const changed = (path: string, change: (before: Json) => Json): FakeKubeApi => {
  const api = healthy();
  const before = api.get(path) ?? {};
  api.remove(path);
  api.put(path, change(before));
  return api;
};

const without = (path: string): FakeKubeApi => {
  const api = healthy();
  api.remove(path);
  return api;
};

/** Without the extensions of ours, as the reference operator's own. */
function foreignCrd(before: Json): Json {
  const versions = crd.spec.versions.map((version) => {
    const { properties } = version.schema.openAPIV3Schema;
    const without = (part: string): Json => {
      const of = properties[part] as { readonly properties: Json };
      const known = Object.fromEntries(Object.entries(of.properties).filter(([field]) => field !== 'extensions'));
      return { ...of, properties: known };
    };
    const schema = { properties: { ...properties, spec: without('spec'), status: without('status') } };
    return { ...version, schema: { openAPIV3Schema: schema } };
  });
  return {
    ...before,
    metadata: {
      name: 'mcpservers.mcp.x-k8s.io',
      labels: { 'olm.managed': 'true' },
    },
    spec: { ...crd.spec, versions },
  };
}

describe('whether NetworkPolicies are enforced', () => {
  const path = '/api/v1/namespaces/system/configmaps/network-probe';

  /** A cluster in which that is tried, with what came of it. */
  function tried(data?: Json): FakeKubeApi {
    const api = changed(paths.deployment, (before) => {
      const name = '"name":"LEASE_NAME"';
      const both = `"name":"NETWORK_PROBE_CONFIG_MAP","value":"network-probe"},{${name}`;
      return JSON.parse(JSON.stringify(before).replaceAll(name, both)) as Json;
    });
    api.put(path, {
      metadata: { name: 'network-probe', namespace: 'system' },
      ...(data === undefined ? {} : { data }),
    });
    return api;
  }
  const said = (outcome: string, more: Json = {}): FakeKubeApi =>
    tried({ outcome, askedAt: '2026-11-30T10:00:00Z', release: '1', ...more });

  it('is not told where nobody wants to know', async () => {
    expect((await examine(healthy())).out).not.toContain('NetworkPolicies');
  });

  it.each<[string, () => FakeKubeApi, RegExp]>([
    ['fine', () => said('Enforced'), /^ok +NetworkPolicies are enforced, as was tried at 2026-11-30 10:00 UTC\.$/m],
    [
      'a warning, and what to do,',
      () => said('NotEnforced'),
      /^warning +Nothing enforces NetworkPolicies: at 2026-11-30 10:00 UTC .* did not keep two pods of system apart\.\n +Install a network plugin/m,
    ],
    [
      'a warning, in the words of who refused,',
      () => said('Unknown', { because: 'exceeded quota\u001b[31m: pods' }),
      /^warning +Not known whether NetworkPolicies are enforced, as of 2026-11-30 10:00 UTC: exceeded quota \[31m: pods\.\n +Mend what that names: it is tried again every hour/m,
    ],
    ['a note', () => tried(), /^note +Not known whether .*: that is tried within minutes/m],
    ['a note', () => tried({ outcome: 'Perhaps', askedAt: 'once' }), /^note +Not known whether .*: that is tried/m],
    [
      'a warning',
      () => {
        const api = tried();
        api.remove(path);
        return api;
      },
      /^warning +Not known whether .*: the ConfigMap that keeps it is gone.*\n +helm upgrade/m,
    ],
  ])('is %s as it was found', async (_, cluster, line) => {
    const { code, out } = await examine(cluster());
    expect(code).toBe(0);
    expect(out).toMatch(line);
  });
});

describe('doctor', () => {
  it('finds nothing wrong where all is well, writes nothing, and shows no key', async () => {
    const api = healthy();
    const { code, out, error } = await examine(api);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(out).not.toMatch(/^(problem|warning|unknown)/m);
    expect(out).toMatch(/^ok +Context prod is Kubernetes v1\.35\.0\.$/m);
    expect(out).toMatch(
      /^ok +mcp-lifecycle 0\.0\.0 \(chart mcp-lifecycle-0\.0\.0, Helm release system\/mcp-lifecycle\) /m,
    );
    expect(out).toMatch(/^ok +Serving certificate is valid until \d{4}-\d\d-\d\d \d\d:\d\d UTC, 89 more days\.$/m);
    expect(out).toMatch(/^ok +PodMonitor .* is there and used\.$/m);
    expect(out).toMatch(/^note +PodDisruptionBudget: disruptionBudgets is switched off/m);
    expect(api.writes).toEqual([]);
    expect(out).not.toContain('PRIVATE');
  });

  it('does not call a kind used that is of no use without another one', async () => {
    const api = withAbove('monitoring,gateway,gateway.httpRoute');
    api.put('/apis/gateway.networking.k8s.io/v1', { kind: 'APIResourceList', resources: [{ name: 'httproutes' }] });
    const { out } = await examine(api);
    expect(out).toMatch(/^note +HTTPRoute .* is there, and not used without MCPGatewayBinding\.$/m);
    expect(out).toMatch(/^warning +MCPGatewayBinding: /m);
  });

  it('calls a kind used that is served in an older version alone, and says in which', async () => {
    const api = withAbove('monitoring,gateway,gateway.httpRoute,gateway.kuadrant');
    api.put('/apis/gateway.networking.k8s.io/v1', { kind: 'APIResourceList', resources: [{ name: 'httproutes' }] });
    expect((await examine(api)).out).toMatch(/^warning +MCPServerRegistration: this cluster has no /m);
    const list = { kind: 'APIResourceList', resources: [{ name: 'mcpserverregistrations' }] };
    api.put('/apis/mcp.kuadrant.io/v1alpha1', list);
    const bindings = { kind: 'APIResourceList', resources: [{ name: 'mcpgatewaybindings' }] };
    const unused = /^note +MCPServerRegistration .* is there, and not used without MCPGatewayBinding\.$/m;
    expect((await examine(api)).out).toMatch(unused);
    api.put('/apis/mcp.x-k8s.io/v1alpha1', bindings);
    const isUsed = /^ok +MCPServerRegistration \(mcp\.kuadrant\.io\/v1alpha1\) is there and used\.$/m;
    expect((await examine(api)).out).toMatch(isUsed);
    api.put('/apis/mcp.kuadrant.io/v1', { kind: 'APIResourceList', resources: [{ name: 'mcpgatewayextensions' }] });
    expect((await examine(api)).out).toMatch(isUsed);
    api.put('/apis/mcp.kuadrant.io/v1', list);
    expect((await examine(api)).out).toMatch(
      /^ok +MCPServerRegistration \(mcp\.kuadrant\.io\/v1\) is there and used\.$/m,
    );
  });

  it('does not call a kind used that nobody obeys', async () => {
    const api = withAbove('monitoring,egressHosts');
    api.put('/apis/cilium.io/v2', { kind: 'APIResourceList', resources: [{ name: 'ciliumnetworkpolicies' }] });
    expect((await examine(api)).out).toMatch(/^warning +CiliumNetworkPolicy: .*no ciliumnodes/m);
    api.put('/apis/cilium.io/v2/ciliumnodes/node-1', { metadata: { name: 'node-1' } });
    expect((await examine(api)).out).toMatch(/^ok +CiliumNetworkPolicy .* is there and used\.$/m);
  });

  it.each([
    [
      403,
      0,
      /^unknown +Not known whether the cluster has CiliumN.*you may not.*\n +Ask somebody who may list ciliumnodes/m,
    ],
    [500, 1, /^problem +Not known whether the cluster has CiliumNetworkPolicy .*\n +Try again/m],
  ])('says why it does not know whether somebody obeys a kind: %d', async (status, exitCode, found) => {
    const api = withAbove('monitoring,egressHosts');
    api.put('/apis/cilium.io/v2', { kind: 'APIResourceList', resources: [{ name: 'ciliumnetworkpolicies' }] });
    api.answer(({ path }) => path.endsWith('/ciliumnodes'), status);
    const { code, out } = await examine(api);
    expect(out).toMatch(found);
    expect(code).toBe(exitCode);
  });

  it.each<[what: string, cluster: () => FakeKubeApi, found: RegExp]>([
    [
      'Kubernetes is too old',
      () => changed('/version', () => ({ gitVersion: 'v1.29.9', minor: '29' })),
      /older than 1\.30/,
    ],
    ['the CRD is gone', () => without(paths.crd), /There is no CustomResourceDefinition/],
    [
      'the CRD belongs to somebody else, and what is lost',
      () => {
        const api = healthy();
        const before = api.get(paths.crd) ?? {};
        api.remove(paths.crd);
        api.putAs('catalog-operator', paths.crd, foreignCrd(before));
        return api;
      },
      /does not know spec\.extensions, status\.extensions: the API server prunes .* so does one that was rejected before.* labelled olm\.managed, written by catalog-operator/,
    ],
    [
      'the conversion webhook of another operator is left',
      () => changed(paths.crd, (before) => ({ ...before, spec: { ...crd.spec, conversion: { strategy: 'Webhook' } } })),
      /conversion webhook/,
    ],
    ['it is not installed', () => without(paths.validating), /mcp-lifecycle is not installed/],
    ['the mutating configuration is gone', () => without(paths.mutating), /There is no MutatingWebhookConfiguration/],
    [
      'somebody has emptied the validating configuration (it was ok)',
      () => changed(paths.validating, (before) => ({ ...before, webhooks: [] })),
      /^problem +ValidatingWebhookConfiguration mcp-lifecycle has no webhook validate: /m,
    ],
    [
      'somebody has emptied the mutating configuration (it was ok)',
      () => changed(paths.mutating, (before) => ({ ...before, webhooks: [] })),
      /^problem +MutatingWebhookConfiguration mcp-lifecycle has no webhook mutate: /m,
    ],
    [
      'the webhook that validates was taken out, and the one for scaling is left (it was ok)',
      () =>
        changed(paths.validating, (before) => ({
          ...before,
          webhooks: (before['webhooks'] as readonly Json[]).map((one) => ({ ...one, name: 'scale.mcpservers.x' })),
        })),
      /has no webhook validate: API servers do not ask us to validate MCPServers/,
    ],
    [
      'the webhook that validates was taken out, and the one for MCPServers of mcp.v2dy.io is left (it was ok)',
      () =>
        changed(paths.validating, (before) => ({
          ...before,
          webhooks: (before['webhooks'] as readonly Json[]).map((one) => ({
            ...one,
            name: 'validate.mcpservers.mcp.v2dy.io',
          })),
        })),
      /has no webhook validate: API servers do not ask us to validate MCPServers/,
    ],
    [
      'the Deployment is gone',
      () => {
        const api = without(paths.deployment);
        api.remove(paths.slice);
        return api;
      },
      /No Deployment .* behind Service system\/webhook/,
    ],
    [
      'no pod is ready',
      () => changed(paths.deployment, (before) => ({ ...before, status: {} })),
      /0 of 2 pods are ready/,
    ],
    ['the Service leads nowhere', () => without(paths.slice), /Service system\/webhook leads to no ready pod/],
    [
      'a container does not run',
      () =>
        changed(paths.pod, (before) => ({
          ...before,
          status: {
            containerStatuses: [{ name: 'webhook', state: { waiting: { reason: 'ImagePullBackOff', message: 'no' } } }],
          },
        })),
      /Container webhook of system\/mcp-lifecycle-1 does not run: ImagePullBackOff, no/,
    ],
    [
      'API servers are told no CA',
      () =>
        changed(paths.validating, (before) => ({
          ...before,
          webhooks: [
            {
              name: 'validate.mcpservers.mcp.x-k8s.io',
              clientConfig: { service: { name: 'webhook', namespace: 'system' } },
            },
          ],
        })),
      /has no CA bundle/,
    ],
    [
      'the certificate has expired, and is of another CA',
      () => changed(paths.secret, (before) => ({ ...before, data: { 'tls.crt': base64(old.certificate) } })),
      /Serving certificate has expired[^]*do not trust the serving certificate/,
    ],
    [
      'there is no certificate',
      () => changed(paths.secret, (before) => ({ ...before, data: {} })),
      /no serving certificate/,
    ],
    ['nobody leads', () => changed(paths.lease, (before) => ({ ...before, spec: {} })), /No reconciler leads/],
    [
      'the leader is silent',
      () =>
        changed(paths.lease, (before) => ({
          ...before,
          spec: { holderIdentity: 'a', renewTime: new Date(Date.now() - 600_000).toISOString() },
        })),
      /reconciler a has not renewed its Lease for 600 seconds/,
    ],
  ])('says what is wrong and what to do, with exit code 1: %s', async (_what, cluster, found) => {
    const { code, out } = await examine(cluster());
    expect(code).toBe(1);
    expect(out).toMatch(found);
    expect(out).toMatch(/^problem .*\n {9}\S/m);
  });

  it.each<[what: string, cluster: () => FakeKubeApi, found: RegExp]>([
    [
      'pods that are not all ready',
      () => changed(paths.deployment, (before) => ({ ...before, status: { readyReplicas: 1, updatedReplicas: 2 } })),
      /1 of 2 pods are ready/,
    ],
    [
      'a container that was killed for want of memory',
      () =>
        changed(paths.pod, (before) => ({
          ...before,
          status: {
            containerStatuses: [
              { name: 'reconciler', restartCount: 1, state: {}, lastState: { terminated: { reason: 'OOMKilled' } } },
            ],
          },
        })),
      /killed for want of memory[^]*reconciler\.resources\.limits\.memory/,
    ],
    [
      'an API that is switched on and not there',
      () => without('/apis/monitoring.coreos.com/v1'),
      /PodMonitor: this cluster has no PodMonitor/,
    ],
    [
      'a CRD of another release, which may be put back',
      () =>
        changed(paths.crd, (before) => ({
          ...before,
          metadata: { ...crd.metadata, annotations: { ...ofRelease, 'meta.helm.sh/release-name': 'other' } },
        })),
      /belongs to somebody else; it is of Helm release system\/other/,
    ],
    [
      'a server that fails',
      () => {
        const api = healthy();
        const server = anMCPServer(
          ...[withNamespace('tools'), withName('a'), withGeneration(1)],
          withStatus({
            phase: 'Failed',
            conditions: [condition('Accepted', 'True'), condition('Ready', 'False')],
          }),
        );
        api.put('/apis/mcp.x-k8s.io/v1beta1/namespaces/tools/mcpservers/a', { ...server });
        return api;
      },
      /1 MCPServer: 0 Available, 0 Pending, 1 Failed/,
    ],
  ])('warns, which fails with --fail-on warning only: %s', async (_what, cluster, found) => {
    const { code, out } = await examine(cluster());
    expect(code).toBe(0);
    expect(out).toMatch(found);
    expect(out).toMatch(/^warning /m);
    expect((await runCli(['doctor', '--fail-on', 'warning'])).code).toBe(1);
  });

  it('says which log level is in force where somebody has changed it', async () => {
    const api = changed(paths.logging, (before) => ({ ...before, data: { level: 'debug' } }));
    expect((await examine(api)).out).toMatch(
      /^note +The log level is debug, as ConfigMap system\/logging says; the chart has info\.$/m,
    );
  });

  it.each(['DEBUG', 'verbose', 'debug info'])(
    'warns of a log level that is none, which no pod takes over: %s (it was told to be in force)',
    async (level) => {
      const { code, out } = await examine(changed(paths.logging, (before) => ({ ...before, data: { level } })));
      expect(code).toBe(0);
      expect(out).toContain(`ConfigMap system/logging says ${level}, which is no log level: pods stay at the one`);
      expect(out).toMatch(/^warning .*\n {9}Write one of debug, info, warn, error there, or nothing$/m);
      expect((await runCli(['doctor', '--fail-on', 'warning'])).code).toBe(1);
    },
  );

  it.each([
    [' debug\n', 'note', 'The log level is debug, as ConfigMap system/logging says'],
    [' ', 'ok', 'The log level is info, as the chart has it'],
  ])('reads the log level as the pods do, without the space around it: %j', async (level, told, found) => {
    const { out } = await examine(changed(paths.logging, (before) => ({ ...before, data: { level } })));
    expect(out).toMatch(new RegExp(`^${told} +${found}`, 'm'));
  });

  it('does not know what may not be read, which is no failure', async () => {
    const api = healthy();
    api.answer(({ path }) => path !== '/version', 403);
    const { code, out } = await examine(api);
    expect(code).toBe(0);
    expect(out).toMatch(/^unknown +Not known what CustomResourceDefinition .* is like: you may not read it/m);
    expect(out).toMatch(/^unknown +Not known what is installed: you may not read it/m);
    expect(out).not.toMatch(/^problem/m);
    // It takes no --namespace.
    expect(out).toContain('It takes the right to list mcpservers.mcp.x-k8s.io in all namespaces');
    expect(out).not.toContain('--namespace');
    expect(out).toMatch(/^ {9}Ask somebody who may get validatingwebhookconfigurations$/m);
  });

  it.each([
    ['where its policy is', '/deployments', 'list deployments'],
    ['its policy', '/configmaps/ours', 'get configmaps'],
  ])('does not call the built-in policy in force where %s may not be read (it was ok)', async (_what, part, right) => {
    const api = healthy();
    const deployment = api.get(paths.deployment);
    const variable = { name: 'POLICY_CONFIG_MAP', value: 'ours' };
    const text = JSON.stringify(deployment).replaceAll('"env":[', `"env":[${JSON.stringify(variable)},`);
    api.put(paths.deployment, JSON.parse(text) as Json);
    api.answer(({ path }) => path.includes(part), 403);
    const { code, out } = await examine(api);
    expect(code).toBe(0);
    expect(out).toMatch(
      new RegExp(
        `^unknown +Not known which policy is in force: .*\\n {9}Ask somebody who may ${right} in system$`,
        'm',
      ),
    );
    expect(out).not.toContain('built-in profile');
  });

  it.each([
    ['the CustomResourceDefinition', '/customresourcedefinitions/', 'what CustomResourceDefinition'],
    ['a webhook configuration', '/mutatingwebhookconfigurations/', 'what MutatingWebhookConfiguration'],
    ['the Deployment', '/deployments', 'what is installed'],
    ['the pods', '/pods', 'how the pods are'],
    ['the EndpointSlices', '/endpointslices', 'whether Service system/webhook leads to a pod'],
    ['the Lease', '/leases/', 'whether a reconciler works'],
    ['the Secret', '/secrets/', 'until when the serving certificate is valid'],
    ['the log level', '/configmaps/', 'whether somebody has changed the log level'],
    ['an optional API', '/apis/monitoring.coreos.com/v1', 'whether the cluster has PodMonitor'],
    ['the servers', '/mcpservers', 'how the MCPServers are'],
  ])('takes a failure of the API server for none of rights: %s (exit code 0)', async (_what, part, found) => {
    const api = healthy();
    api.answer(({ path }) => path.includes(part), 500);
    const failed = await examine(api);
    expect(failed.code).toBe(1);
    expect(failed.out).toMatch(new RegExp(`^problem +Not known ${found}.*\n {9}Try again; if it stays so`, 'm'));
    api.answer(({ path }) => path.includes(part), 403);
    const refused = await runCli(['doctor']);
    expect(refused.code).toBe(0);
    expect(refused.out).toMatch(/^unknown /m);
  });

  /** Of a cluster with more MCPServers than are on one page. */
  const crowded = (asked: (request: ApiRequest) => ApiResult | undefined): KubeApi => {
    const api = healthy();
    return { ...api, request: async (request) => asked(request) ?? api.request(request) };
  };
  const page = (length: number): ApiResult => {
    const ready = [condition('Accepted', 'True'), condition('Available', 'True'), condition('Ready', 'True')];
    const one = anMCPServer(
      withNamespace('tools'),
      withName('a'),
      withGeneration(1),
      withStatus({ conditions: ready }),
    );
    return { ok: true, body: { metadata: { continue: 'next' }, items: Array.from({ length }, () => one) } };
  };

  it('does not tell MCPServers as all of them where their list breaks off after its first page (it was ok)', async () => {
    const message = 'GET mcpservers: HTTP 500';
    served = await serveContexts({
      prod: crowded(({ path, query }) => {
        if (!path.endsWith('/mcpservers')) return undefined;
        const isFirst = query?.['continue'] === undefined;
        return isFirst
          ? page(50)
          : { ok: false, error: { status: 500, reason: 'InternalError', message, retry: true } };
      }),
    });
    const { code, out } = await runCli(['doctor']);
    expect(code).toBe(1);
    expect(out).toMatch(/^note +50 MCPServers and more: 50 Available, 0 Pending, 0 Failed\.$/m);
    expect(out).toMatch(/^problem +Not known how the other MCPServers are: /m);
  });

  it('does not tell MCPServers as all of them where there are more than are read (it was ok)', async () => {
    served = await serveContexts({
      prod: crowded(({ path }) => (path.endsWith('/mcpservers') ? page(1_000) : undefined)),
    });
    const { code, out } = await runCli(['doctor']);
    expect(code).toBe(0);
    expect(out).toMatch(/^note +20000 MCPServers and more: 20000 Available/m);
    expect(out).toMatch(
      /^unknown +Not known how the other MCPServers are: more than 20000 MCPServers.*\n {9}Ask namespace by/m,
    );
  });

  it('does not know the date of a certificate whose Secret may not be read', async () => {
    const api = healthy();
    api.answer(({ path }) => path.includes('/secrets/'), 403);
    const { code, out } = await examine(api);
    expect(code).toBe(0);
    expect(out).toMatch(/^unknown +Not known until when the serving certificate is valid/m);
    expect(out).toMatch(/^ok +CA of the webhooks is valid until/m);
  });

  it('does not take a release of another name for one that is gone', async () => {
    const { code, out } = await examine(without(paths.deployment));
    expect(code).toBe(0);
    expect(out).toMatch(/^unknown +Not known what is installed: pods answer/m);
  });

  it('needs the rights that the guide gives, and no others', async () => {
    const api = withAbove('monitoring,v2dy,v2dy.pools');
    const asked = new Set<string>();
    const recorded = {
      ...api,
      request: (request: Parameters<FakeKubeApi['request']>[0]) => {
        asked.add(rightOf(request.path));
        return api.request(request);
      },
    };
    served = await serveContexts({ prod: recorded });
    await runCli(['doctor']);
    asked.delete('');
    const guide = readFileSync('docs/guides/status-and-doctor.md', 'utf8');
    const [, sample = ''] = /```yaml\n(apiVersion: rbac[^]*?)```/.exec(guide) ?? [];
    const given = parseAllDocuments(sample).flatMap((document) =>
      (document.toJS() as Role).rules.flatMap(({ apiGroups, resources, verbs }) =>
        // To watch is for status.
        apiGroups.flatMap((group) =>
          resources.flatMap((one) => verbs.filter((verb) => verb !== 'watch').map((verb) => `${verb} ${group}/${one}`)),
        ),
      ),
    );
    expect([...asked].sort()).toEqual(given.sort());
  });

  it('ends with 2 where nobody answers', async () => {
    served = await serveContexts({ prod: healthy() });
    await served.stop();
    expect(await runCli(['doctor'])).toMatchObject({
      code: 2,
      out: '',
      error: expect.stringContaining('context prod: '),
    });
    expect(await runCli(['doctor', 'x'])).toMatchObject({
      code: 2,
      error: expect.stringContaining('takes no argument'),
    });
  });

  it('says the same as JSON, as its schema has it', async () => {
    const { code, out } = await examine(without(paths.slice), '-o', 'json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      context: 'prod',
      problem: 1,
      lines: expect.arrayContaining([expect.objectContaining({ topic: 'pods', level: 'problem' })]),
    });
    expect(problemsOf(closed(doctorSchema), JSON.parse(out))).toEqual([]);
  });
});
