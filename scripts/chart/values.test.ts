import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { defaultStdio } from '../../webhooks/core/resources/pod/stdio-parts.ts';
import { at, render, type Manifest } from './render.ts';

// Each helm is a process of its own, and the machine may be busy.
/** Rendered with these values, as a file: they keep their types. */
async function renderWith(values: object): Promise<readonly Manifest[]> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-values-'));
  try {
    // JSON is YAML.
    await writeFile(join(folder, 'values.yaml'), JSON.stringify({ crds: { enabled: false }, ...values }));
    return await render('--values', join(folder, 'values.yaml'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function find(manifests: readonly Manifest[], kind: string, name = 'mcp-lifecycle'): Manifest | undefined {
  return manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
}

const selector = { 'app.kubernetes.io/name': 'mcp-lifecycle', 'app.kubernetes.io/instance': 'mcp-lifecycle' };
const ours = 'spec.template.spec';
const check = 'mcp-lifecycle-admission-check';

describe('the pods', () => {
  it('prefer different nodes and zones, and insist on neither', async () => {
    const deployment = find(await renderWith({}), 'Deployment');
    expect(at(deployment, `${ours}.affinity`)).toEqual({
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 100,
            podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: selector } },
          },
        ],
      },
    });
    expect(at(deployment, `${ours}.topologySpreadConstraints`)).toEqual([
      {
        topologyKey: 'topology.kubernetes.io/zone',
        maxSkew: 1,
        whenUnsatisfiable: 'ScheduleAnyway',
        matchLabelKeys: ['pod-template-hash'],
        labelSelector: { matchLabels: selector },
      },
    ]);
  });

  it('know what the containers beside servers for stdio may use, and how their image is pulled', async () => {
    const valueOf = async (values: object, name: string): Promise<unknown> => {
      const env = at(find(await renderWith(values), 'Deployment'), `${ours}.containers.1.env`);
      return Array.isArray(env)
        ? at(
            env.find((entry) => at(entry, 'name') === name),
            'value',
          )
        : env;
    };
    const text = await valueOf({}, 'STDIO_RESOURCES');
    // What the command line has for them, which has no chart.
    expect(JSON.parse(String(text))).toEqual(defaultStdio.resources);
    const imagePullSecrets = ['a', { name: 'b' }, { name: 'a' }];
    expect(await valueOf({ stdio: { imagePullSecrets } }, 'STDIO_IMAGE_PULL_SECRETS')).toBe('a,b');
    expect(await valueOf({}, 'STDIO_IMAGE_PULL_SECRETS')).toBeUndefined();
    expect(await valueOf({ image: { pullPolicy: 'Always' } }, 'OWN_IMAGE_PULL_POLICY')).toBe('Always');
  });

  const spread = [{ topologyKey: 'rack', maxSkew: 2, whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} }];
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } };
  const toleration = { key: 'infra', operator: 'Exists' };
  const volume = { name: 'ca', configMap: { name: 'ca' } };
  const dnsConfig = { nameservers: ['10.0.0.10'], searches: ['test'], options: [{ name: 'ndots', value: '2' }] };
  const mount = { name: 'ca', mountPath: '/ca', readOnly: true };

  it.each<[value: string, given: unknown, path: string]>([
    ['topologySpreadConstraints', spread, 'topologySpreadConstraints'],
    ['affinity', affinity, 'affinity'],
    ['tolerations', [toleration], 'tolerations'],
    ['nodeSelector', { infra: 'true' }, 'nodeSelector'],
    ['priorityClassName', 'system-cluster-critical', 'priorityClassName'],
    ['runtimeClassName', 'gvisor', 'runtimeClassName'],
    ['dnsPolicy', 'None', 'dnsPolicy'],
    ['dnsConfig', dnsConfig, 'dnsConfig'],
    ['imagePullSecrets', [{ name: 'registry' }], 'imagePullSecrets'],
    ['extraVolumes', [volume], 'volumes'],
    ['extraVolumeMounts', [mount], 'containers.0.volumeMounts'],
    ['extraVolumeMounts', [mount], 'containers.1.volumeMounts'],
    ['terminationGracePeriodSeconds', 60, 'terminationGracePeriodSeconds'],
  ])('have %s as given', async (value, given, path) => {
    const deployment = find(await renderWith({ [value]: given }), 'Deployment');
    expect(at(deployment, `${ours}.${path}`)).toEqual(given);
  });

  it('are what a constraint is about that has no selector of its own, one revision at a time', async () => {
    const constraint = { topologyKey: 'rack', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' };
    const manifests = await renderWith({ topologySpreadConstraints: [constraint, ...spread] });
    expect(at(find(manifests, 'Deployment'), `${ours}.topologySpreadConstraints`)).toEqual([
      { ...constraint, matchLabelKeys: ['pod-template-hash'], labelSelector: { matchLabels: selector } },
      ...spread,
    ]);
  });

  it('know which optional features are switched on, both of them', async () => {
    const featuresIn = async (values: object): Promise<readonly unknown[]> => {
      const deployment = find(await renderWith(values), 'Deployment');
      return ['0', '1'].map((container) => {
        const env = at(deployment, `${ours}.containers.${container}.env`);
        const isFeatures = (entry: unknown): boolean => at(entry, 'name') === 'FEATURES';
        return Array.isArray(env) ? at(env.find(isFeatures), 'value') : env;
      });
    };
    expect(await featuresIn({})).toEqual(['gateway', 'gateway']);
    expect(await featuresIn({ gateway: { enabled: false } })).toEqual([undefined, undefined]);
    const both = 'gateway,monitoring';
    expect(await featuresIn({ monitoring: { enabled: true } })).toEqual([both, both]);
  });

  it('have extraEnv behind their own environment', async () => {
    const entry = { name: 'TZ', value: 'UTC' };
    const deployment = find(await renderWith({ extraEnv: [entry] }), 'Deployment');
    for (const container of ['0', '1']) {
      const env = at(deployment, `${ours}.containers.${container}.env`);
      expect(Array.isArray(env) ? env.at(-1) : env).toEqual(entry);
    }
  });

  it.each([
    ['webhook', '0'],
    ['reconciler', '1'],
  ])('have the resources of the %s', async (program, container) => {
    const resources = { requests: { cpu: '200m', memory: '90Mi' }, limits: { memory: '128Mi' } };
    const deployment = find(await renderWith({ [program]: { resources } }), 'Deployment');
    expect(at(deployment, `${ours}.containers.${container}.resources`)).toEqual(resources);
  });

  it('of the check go where the others go, and their labels and annotations reach injectors', async () => {
    const manifests = await renderWith({
      ...{ tolerations: [toleration], nodeSelector: { infra: 'true' }, imagePullSecrets: [{ name: 'registry' }] },
      ...{ priorityClassName: 'high', podLabels: { 'sidecar.istio.io/inject': 'false' }, podAnnotations: { a: 'b' } },
      ...{ runtimeClassName: 'gvisor', dnsPolicy: 'Default', dnsConfig },
      affinity: { ...affinity, podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [] } },
      admissionCheck: { resources: { limits: { memory: '99Mi' } } },
    });
    const templates = [
      at(find(manifests, 'Job', check), 'spec.template'),
      find(manifests, 'Pod', 'mcp-lifecycle-admission-test'),
    ];
    for (const template of templates) {
      expect(template).toMatchObject({
        metadata: {
          labels: { 'sidecar.istio.io/inject': 'false', 'app.kubernetes.io/name': check },
          annotations: { a: 'b' },
        },
        spec: {
          ...{ tolerations: [toleration], nodeSelector: { infra: 'true' }, imagePullSecrets: [{ name: 'registry' }] },
          ...{ runtimeClassName: 'gvisor', dnsPolicy: 'Default', dnsConfig },
          ...{ priorityClassName: 'high', containers: [{ resources: { limits: { memory: '99Mi' } } }] },
        },
      });
      // That pods of the Deployment keep apart is nothing to the check, which has to find room beside them.
      const spec = at(template, 'spec.affinity');
      expect(spec).toEqual(affinity);
    }
  });
});

describe('annotations', () => {
  const aks = { 'admissions.enforcer/disabled': 'true' };
  const annotationsOf = (manifests: readonly Manifest[], kind: string): readonly unknown[] =>
    manifests.filter((manifest) => manifest.kind.endsWith(kind)).map(({ metadata }) => metadata.annotations);

  it('are asked whether they live once they have started, and the reconciler holds none of them back', async () => {
    const containers = at(find(await renderWith({}), 'Deployment'), `${ours}.containers`);
    expect(containers).toMatchObject([{ startupProbe: { httpGet: { path: '/livez', port: 'health' } } }, {}]);
    expect(at(containers, '1.startupProbe')).toBeUndefined();
    expect(at(containers, '1.readinessProbe')).toBeUndefined();
  });

  it.each([
    [0, [8, 8]],
    [2, [2, 8]],
  ])(
    'are waited for as long as the values say, and for defaults %d seconds',
    async (mutatingTimeoutSeconds, waited) => {
      const manifests = await renderWith({ webhook: { timeoutSeconds: 8, mutatingTimeoutSeconds } });
      const kinds = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];
      expect(kinds.map((kind) => at(find(manifests, kind), 'webhooks.0.timeoutSeconds'))).toEqual(waited);
    },
  );

  it('of the webhook configurations are those given, and what cert-manager reads', async () => {
    const inject = { 'cert-manager.io/inject-ca-from': 'mcp-lifecycle-system/mcp-lifecycle-tls' };
    const webhook = { annotations: { ...aks, 'cert-manager.io/inject-ca-from': 'other/other' } };
    const ours = await renderWith({ webhook: { annotations: aks } });
    expect(annotationsOf(ours, 'WebhookConfiguration')).toEqual([aks, aks]);
    const given = annotationsOf(await renderWith({ webhook, certManager: { enabled: true } }), 'WebhookConfiguration');
    expect(given).toEqual([
      { ...aks, ...inject },
      { ...aks, ...inject },
    ]);
  });

  it('of the CRDs are those given, and what keeps them', async () => {
    const stays = { 'argocd.argoproj.io/sync-options': 'Delete=false' };
    const crds = { enabled: true, annotations: stays };
    const kept = { ...stays, 'helm.sh/resource-policy': 'keep' };
    expect(annotationsOf(await renderWith({ crds }), 'CustomResourceDefinition')).toEqual([kept, kept]);
    const notKept = await renderWith({ crds: { ...crds, keep: false } });
    expect(annotationsOf(notKept, 'CustomResourceDefinition')).toEqual([stays, stays]);
    await expect(renderWith({ crds: { annotations: { 'helm.sh/resource-policy': 'x' } } })).rejects.toThrow(
      /values don't meet/,
    );
  });
});

describe('labels', () => {
  it('of the release are on every object and pod, and in no selector', async () => {
    const manifests = await render(
      ...['--set-string', 'commonLabels.team=search'],
      ...['--set', 'networkPolicy.enabled=true,serviceMonitor.enabled=true,prometheusRule.enabled=true'],
    );
    const without = manifests.filter((manifest) => at(manifest, 'metadata.labels.team') !== 'search');
    expect(without.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([]);
    expect(at(find(manifests, 'Deployment'), 'spec.template.metadata.labels.team')).toBe('search');
    const selectors = manifests.flatMap((manifest) => [
      at(manifest, 'spec.selector'),
      at(manifest, 'spec.podSelector'),
    ]);
    expect(JSON.stringify(selectors)).not.toContain('team');
  });

  it('of the pods win over those of the release', async () => {
    const manifests = await renderWith({ commonLabels: { team: 'a', tier: 'x' }, podLabels: { team: 'b' } });
    expect(at(find(manifests, 'Deployment'), 'spec.template.metadata.labels')).toMatchObject({
      ...selector,
      ...{ team: 'b', tier: 'x' },
    });
  });

  it('keep the pods of the check out of every selector', async () => {
    const manifests = await renderWith({ podLabels: { team: 'a' } });
    expect(at(find(manifests, 'Job', check), 'spec.template.metadata.labels')).not.toMatchObject(selector);
  });
});

describe('the account', () => {
  const accounts = (manifests: readonly Manifest[]): readonly string[] =>
    manifests.filter(({ kind }) => kind === 'ServiceAccount').map(({ metadata }) => metadata.name);

  it('is created with a name and annotations', async () => {
    const annotations = { 'iam.example.com/role': 'mcp' };
    const manifests = await renderWith({ serviceAccount: { name: 'runner', annotations } });
    expect(accounts(manifests)).toEqual([check, 'runner']);
    expect(find(manifests, 'ServiceAccount', 'runner')?.metadata.annotations).toEqual(annotations);
  });

  it('can be one that exists, and has the rights all the same', async () => {
    const manifests = await renderWith({ serviceAccount: { create: false, name: 'runner' } });
    expect(accounts(manifests)).toEqual([check]);
    expect(at(find(manifests, 'Deployment'), `${ours}.serviceAccountName`)).toBe('runner');
    for (const kind of ['ClusterRoleBinding', 'RoleBinding'])
      expect(at(find(manifests, kind), 'subjects.0')).toEqual({
        ...{ kind: 'ServiceAccount', name: 'runner', namespace: 'mcp-lifecycle-system' },
      });
  });

  it('has to be named when it is not created', async () => {
    await expect(renderWith({ serviceAccount: { create: false } })).rejects.toThrow(
      /name the account that has to exist/,
    );
  });
});

describe('the check', () => {
  it('runs after install, upgrade and rollback, and on request', async () => {
    const manifests = await renderWith({});
    expect(find(manifests, 'Job', check)?.metadata.annotations?.['helm.sh/hook']).toBe(
      'post-install,post-upgrade,post-rollback',
    );
    const test = find(manifests, 'Pod', 'mcp-lifecycle-admission-test');
    expect(test?.metadata.annotations?.['helm.sh/hook']).toBe('test');
    expect(at(test, 'spec.containers.0.args')).toEqual(['await-admission']);
  });

  describe('where nobody runs hooks', () => {
    const jobsWith = async (values: object): Promise<readonly Manifest[]> =>
      (await renderWith(values)).filter(({ kind }) => kind === 'Job');
    const noHook = { admissionCheck: { hook: false } };

    it('is a Job like other objects, which stays when it has finished, and there is no pod for `helm test`', async () => {
      const manifests = await renderWith(noHook);
      expect(JSON.stringify(manifests)).not.toContain('helm.sh/hook');
      expect(manifests.map(({ kind }) => kind)).not.toContain('Pod');
      const [job, ...others] = manifests.filter(({ kind }) => kind === 'Job');
      expect(others).toEqual([]);
      expect(at(job, 'spec')).toEqual({ backoffLimit: 5, template: expect.anything() });
      const [hook] = await jobsWith({});
      expect(at(job, 'spec.template')).toEqual(at(hook, 'spec.template'));
    });

    it('has another name exactly when it is another one, because no Job can be changed', async () => {
      const nameOf = async (values: object): Promise<string> =>
        (await jobsWith({ ...noHook, ...values })).map(({ metadata }) => metadata.name).join();
      const name = await nameOf({});
      expect(name).toMatch(/^mcp-lifecycle-admission-check-[0-9a-f]{8}$/);
      expect(await nameOf({ replicas: 3, policy: { extends: 'baseline' } })).toBe(name);
      expect(await nameOf({ image: { tag: '9.9.9' } })).not.toBe(name);
      expect(await nameOf({ tolerations: [{ operator: 'Exists' }] })).not.toBe(name);
      expect((await nameOf({ fullnameOverride: 'a'.repeat(63) })).length).toBeLessThanOrEqual(63);
    });
  });

  it('leaves no object and no right when it is off', async () => {
    const manifests = await renderWith({ admissionCheck: { enabled: false }, networkPolicy: { enabled: true } });
    expect(manifests.filter(({ metadata }) => metadata.name.includes('admission'))).toEqual([]);
  });
});

describe('metrics', () => {
  it('have no Service unless it is asked for', async () => {
    expect(find(await renderWith({}), 'Service', 'mcp-lifecycle-metrics')).toBeUndefined();
  });

  it('of both containers have one that names every pod', async () => {
    const annotations = { 'prometheus.io/scrape': 'true' };
    const manifests = await renderWith({ metrics: { service: { enabled: true, annotations } } });
    const service = find(manifests, 'Service', 'mcp-lifecycle-metrics');
    expect(service).toMatchObject({ metadata: { annotations }, spec: { clusterIP: 'None', selector } });
    const ports = at(find(manifests, 'Deployment'), `${ours}.containers`);
    for (const { targetPort, port } of at(service, 'spec.ports') as readonly { targetPort: string; port: number }[])
      expect(JSON.stringify(ports)).toContain(JSON.stringify({ name: targetPort, containerPort: port }));
  });
});

describe('the trial of network policies', () => {
  const name = 'mcp-lifecycle-network-probe';
  const told = async (networkPolicy: object): Promise<unknown> => {
    const manifests = await renderWith({ networkPolicy });
    const env = at(find(manifests, 'Deployment'), 'spec.template.spec.containers.1.env') as readonly { name: string }[];
    const variable = env.find((one) => one.name === 'NETWORK_PROBE_CONFIG_MAP');
    return { variable, isKept: manifests.some((one) => one.kind === 'ConfigMap' && one.metadata.name === name) };
  };

  it('has a ConfigMap, which the reconciler is told of, where it is asked for', async () => {
    expect(await told({ probe: true })).toEqual({
      variable: { name: 'NETWORK_PROBE_CONFIG_MAP', value: name },
      isKept: true,
    });
    expect(await told({})).toEqual({ variable: undefined, isKept: false });
  });
});

describe('the network policy', () => {
  const replicas = [{ podSelector: { matchLabels: selector } }];
  const policyWith = async (networkPolicy: object, name?: string): Promise<Manifest | undefined> =>
    find(await renderWith({ networkPolicy: { enabled: true, ...networkPolicy } }), 'NetworkPolicy', name);

  it('is left out unless it is asked for', async () => {
    expect((await renderWith({})).filter(({ kind }) => kind === 'NetworkPolicy')).toEqual([]);
  });

  it('lets API servers in from anywhere, and metrics be read from within the cluster', async () => {
    expect(at(await policyWith({}), 'spec.ingress')).toEqual([
      { ports: [{ port: 10250, protocol: 'TCP' }] },
      {
        ports: [8080, 8082].map((port) => ({ port, protocol: 'TCP' })),
        from: [{ namespaceSelector: {} }],
      },
    ]);
  });

  it('lets the pods reach API servers, DNS, the pods of every MCPServer on any port, and each other', async () => {
    expect(at(await policyWith({}), 'spec.egress')).toEqual([
      { ports: [443, 6443].map((port) => ({ port, protocol: 'TCP' })) },
      { ports: [53, 5353].flatMap((port) => ['UDP', 'TCP'].map((protocol) => ({ port, protocol }))) },
      { to: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: 'mcp-server' } } }] },
      { ports: [{ port: 10250, protocol: 'TCP' }], to: replicas },
    ]);
  });

  it('lets the pods reach the one by which policies are tried, where they are', async () => {
    expect(at(await policyWith({ probe: true }), 'spec.egress.4')).toEqual({
      ports: [{ port: 8080, protocol: 'TCP' }],
      to: [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'mcp-lifecycle-network-probe' } } }],
    });
  });

  it('follows the port of the webhook', async () => {
    const policy = find(
      await renderWith({ networkPolicy: { enabled: true }, webhook: { port: 9443 } }),
      'NetworkPolicy',
    );
    expect(at(policy, 'spec.ingress.0.ports.0.port')).toBe(9443);
  });

  const peers = [{ ipBlock: { cidr: '10.0.0.0/28' } }];
  const rule = { to: [{ namespaceSelector: { matchLabels: { mesh: 'true' } } }], ports: [{ port: 15012 }] };

  it.each<[value: string, given: unknown, path: string, expected: unknown]>([
    ['webhookFrom', peers, 'ingress.0.from', [...peers, ...replicas]],
    ['metricsFrom', peers, 'ingress.1.from', peers],
    ['metricsFrom', [], 'ingress.1.from', undefined],
    ['apiServerTo', peers, 'egress.0.to', peers],
    ['apiServerPorts', [16443], 'egress.0.ports', [{ port: 16443, protocol: 'TCP' }]],
    ['dnsPorts', [1053], 'egress.1.ports.0.port', 1053],
    ['extraEgress', [rule], 'egress.4', rule],
  ])('takes %s %j', async (value, given, path, expected) => {
    expect(at(await policyWith({ [value]: given }), `spec.${path}`)).toEqual(expected);
  });

  it('lets the pod of the check reach API servers and nothing else', async () => {
    expect(at(await policyWith({ apiServerTo: peers }, check), 'spec')).toEqual({
      podSelector: { matchLabels: { ...selector, 'app.kubernetes.io/name': check } },
      policyTypes: ['Ingress', 'Egress'],
      egress: [{ ports: [443, 6443].map((port) => ({ port, protocol: 'TCP' })), to: peers }],
    });
  });
});

describe('watched namespaces', () => {
  const some = { watchNamespaces: ['team-a', '123'] };
  const only = {
    matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: some.watchNamespaces }],
  };

  it.each(['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'])('limit the %s', async (kind) => {
    expect(at(find(await renderWith(some), kind), 'webhooks.0.namespaceSelector')).toEqual(only);
    expect(at(find(await renderWith({}), kind), 'webhooks.0.namespaceSelector')).toBeUndefined();
  });

  it('are told to both programs, and one of them to the check', async () => {
    const manifests = await renderWith(some);
    for (const container of [0, 1]) {
      expect(at(find(manifests, 'Deployment'), `${ours}.containers.${container}.env`)).toContainEqual({
        ...{ name: 'WATCH_NAMESPACES', value: 'team-a,123' },
      });
    }
    expect(at(find(manifests, 'Job', check), `${ours}.containers.0.env`)).toContainEqual({
      ...{ name: 'CHECK_NAMESPACE', value: 'team-a' },
    });
  });

  it('are where the network policy expects MCP servers', async () => {
    const policy = find(await renderWith({ ...some, networkPolicy: { enabled: true } }), 'NetworkPolicy');
    expect(at(policy, 'spec.egress.2.to.0.namespaceSelector')).toEqual(only);
  });

  it.each([[['Team']], [['a', 'a']], [['']], [Array.from({ length: 51 }, (_, index) => `n${index}`)]])(
    'are refused as %j',
    async (watchNamespaces) => {
      await expect(renderWith({ watchNamespaces })).rejects.toThrow(/watchNamespaces/);
    },
  );
});

describe('the certificate of the webhooks', () => {
  const pem = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n';
  const configurationsIn = (manifests: readonly Manifest[]): readonly Manifest[] =>
    manifests.filter(({ kind }) => kind.endsWith('WebhookConfiguration'));
  const envOf = (manifests: readonly Manifest[], name: string): unknown => {
    const env = at(find(manifests, 'Deployment'), `${ours}.containers.0.env`);
    return Array.isArray(env) ? env.find((entry) => at(entry, 'name') === name) : undefined;
  };

  it('is the business of the pods by default', async () => {
    const manifests = await renderWith({});
    expect(envOf(manifests, 'CERTIFICATE_MODE')).toMatchObject({ value: 'managed' });
    expect(find(manifests, 'Secret', 'mcp-lifecycle-certificate')).not.toHaveProperty('data');
    for (const manifest of configurationsIn(manifests)) {
      expect(at(manifest, 'webhooks.0.clientConfig.caBundle')).toBeUndefined();
      expect(manifest.metadata.annotations).toBeUndefined();
    }
  });

  it('comes from cert-manager, with a CA of the release whose key stays', async () => {
    const manifests = await renderWith({ certManager: { enabled: true } });
    expect(manifests.filter(({ kind }) => kind === 'Secret')).toEqual([]);
    expect(envOf(manifests, 'CERTIFICATE_MODE')).toMatchObject({ value: 'given' });
    const serving = find(manifests, 'Certificate', 'mcp-lifecycle-tls');
    const secret = at(serving, 'spec.secretName');
    expect(envOf(manifests, 'CERTIFICATE_SECRET')).toMatchObject({ value: secret });
    expect(at(serving, 'spec.dnsNames.0')).toBe('mcp-lifecycle-webhook.mcp-lifecycle-system.svc');
    expect(at(serving, 'spec.issuerRef')).toEqual({ name: 'mcp-lifecycle-ca' });
    const authority = find(manifests, 'Certificate', 'mcp-lifecycle-ca');
    expect(at(authority, 'spec')).toMatchObject({ isCA: true, privateKey: { rotationPolicy: 'Never' } });
    expect(at(find(manifests, 'Issuer', 'mcp-lifecycle-ca'), 'spec.ca.secretName')).toBe('mcp-lifecycle-ca');
    for (const manifest of configurationsIn(manifests)) {
      expect(manifest.metadata.annotations).toEqual({
        'cert-manager.io/inject-ca-from': 'mcp-lifecycle-system/mcp-lifecycle-tls',
      });
      expect(at(manifest, 'webhooks.0.clientConfig.caBundle')).toBeUndefined();
    }
  });

  it.each([
    ['issues itself', {}, 'mcp-lifecycle-certificate'],
    ['has from cert-manager, with its CA', { certManager: { enabled: true } }, 'mcp-lifecycle-tls,mcp-lifecycle-ca'],
    ['has from an issuer', { certManager: { enabled: true, issuerRef: { name: 'a' } } }, 'mcp-lifecycle-tls'],
    ['finds in a Secret', { tls: { existingSecret: 'theirs', caBundle: pem } }, 'theirs'],
  ])(
    'that the installation %s is named to both containers, as what nobody else may use',
    async (_, values, secrets) => {
      const manifests = await renderWith(values);
      for (const container of [0, 1]) {
        const deployment = find(manifests, 'Deployment');
        const env = at(deployment, `${ours}.containers.${container}.env`);
        expect(env).toEqual(
          expect.arrayContaining([
            { name: 'OWN_SERVICE_ACCOUNTS', value: 'mcp-lifecycle,mcp-lifecycle-admission-check' },
            { name: 'OWN_SECRETS', value: secrets },
            { name: 'OWN_IMAGE', value: at(deployment, `${ours}.containers.${container}.image`) },
            {
              name: 'OWN_POD_LABELS',
              value: 'app.kubernetes.io/instance=mcp-lifecycle,app.kubernetes.io/name=mcp-lifecycle',
            },
          ]),
        );
      }
    },
  );

  it('is signed by the issuer that is named', async () => {
    const issuerRef = { name: 'company', kind: 'ClusterIssuer' };
    const manifests = await renderWith({ certManager: { enabled: true, issuerRef } });
    expect(manifests.filter(({ kind }) => kind === 'Issuer')).toEqual([]);
    const [certificate, ...others] = manifests.filter(({ kind }) => kind === 'Certificate');
    expect(at(certificate, 'spec.issuerRef')).toEqual(issuerRef);
    expect(others).toEqual([]);
  });

  it('is read from a Secret that the user has, with the bundle that goes with it', async () => {
    const manifests = await renderWith({ tls: { existingSecret: 'ours', caBundle: pem } });
    expect(manifests.filter(({ kind }) => kind === 'Secret')).toEqual([]);
    expect(envOf(manifests, 'CERTIFICATE_SECRET')).toMatchObject({ value: 'ours' });
    for (const manifest of configurationsIn(manifests)) {
      expect(at(manifest, 'webhooks.0.clientConfig.caBundle')).toBe(Buffer.from(pem).toString('base64'));
    }
  });

  it('is asked of clients only when the CA of theirs is given, line by line', async () => {
    expect(envOf(await renderWith({}), 'WEBHOOK_CLIENT_CA')).toBeUndefined();
    expect(envOf(await renderWith({ webhook: { clientCA: pem } }), 'WEBHOOK_CLIENT_CA')).toMatchObject({ value: pem });
    await expect(renderWith({ webhook: { clientCA: 'MA==' } })).rejects.toThrow(/values don't meet/);
  });

  it.each([
    ['both', { certManager: { enabled: true }, tls: { existingSecret: 'a', caBundle: pem } }, /exclude each other/],
    ['a Secret without its CA', { tls: { existingSecret: 'a' } }, /needs tls\.caBundle/],
    ['a CA without its Secret', { tls: { caBundle: pem } }, /is for tls\.existingSecret/],
    ['a CA that is no PEM', { tls: { existingSecret: 'a', caBundle: 'MA==' } }, /values don't meet/],
  ])('cannot come from %s', async (_what, values, message) => {
    await expect(renderWith(values)).rejects.toThrow(message);
  });
});
