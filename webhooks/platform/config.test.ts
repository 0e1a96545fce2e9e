import { expect, it } from '@jest/globals';
import { parseReconcilerConfig, parseWebhookConfig } from './config.ts';
import { issueAuthority } from './tls/certificates.ts';

const environment = {
  POD_NAME: 'webhook-0',
  POD_NAMESPACE: 'mcp-system',
  WEBHOOK_SERVICE: 'webhook',
  CERTIFICATE_SECRET: 'certificate',
  OWN_IMAGE: 'registry.example.com/ours:1',
  OWN_SERVICE_ACCOUNTS: 'ours',
  OWN_SECRETS: 'certificate',
  MUTATING_CONFIGURATION: 'ours',
  VALIDATING_CONFIGURATION: 'ours',
};

it('issues its own certificate and says what matters, unless it is told otherwise', () => {
  expect(parseWebhookConfig(environment)).toMatchObject({
    ok: true,
    config: { certificateMode: 'managed', logLevel: 'info' },
  });
  const told = parseWebhookConfig({ ...environment, CERTIFICATE_MODE: 'given', LOG_LEVEL: 'debug' });
  expect(told).toMatchObject({ ok: true, config: { certificateMode: 'given', logLevel: 'debug' } });
});

it('serves metrics without TLS unless it is told whose certificate to take', () => {
  for (const parse of [parseWebhookConfig, parseReconcilerConfig]) {
    const lease = { ...environment, LEASE_NAME: 'l' };
    const without = parse(lease);
    expect(without.ok && without.config).not.toHaveProperty('metricsCertificate');
    const told = parse({ ...lease, METRICS_CERTIFICATE_SECRET: 'certificate' });
    expect(told).toMatchObject({ ok: true, config: { metricsCertificate: 'certificate' } });
  }
});

it('knows what nobody else may use', () => {
  const own = {
    OWN_SERVICE_ACCOUNTS: 'ours,hook',
    OWN_SECRETS: 'certificate',
    OWN_POD_LABELS: 'app.kubernetes.io/name=ours,app.kubernetes.io/instance=one',
  };
  expect(parseWebhookConfig({ ...environment, ...own })).toMatchObject({
    ok: true,
    config: {
      installation: {
        namespace: 'mcp-system',
        image: 'registry.example.com/ours:1',
        clusterDomain: 'cluster.local',
        serviceAccounts: ['ours', 'hook'],
        secrets: ['certificate'],
        podLabels: { 'app.kubernetes.io/name': 'ours', 'app.kubernetes.io/instance': 'one' },
      },
    },
  });
});

it('knows which optional features are switched on, and no others than there are', () => {
  expect(parseWebhookConfig({ ...environment, FEATURES: 'monitoring' })).toMatchObject({
    config: { features: ['monitoring'] },
  });
  expect(parseWebhookConfig(environment)).toMatchObject({ config: { features: [] } });
  expect(parseWebhookConfig({ ...environment, FEATURES: 'monitoring,gateways' })).toEqual({
    ok: false,
    problems: [
      'FEATURES has gateways: use any of egressHosts, autoscaling, gateway.httpRoute, ingress, gateway, gateway.kuadrant, disruptionBudgets, monitoring, reports, v2dy, v2dy.pools.',
    ],
  });
});

it('lets ten servers replace their pods at a time unless it is told otherwise, and never none', () => {
  const withMax = (max: string) =>
    parseReconcilerConfig({ ...environment, LEASE_NAME: 'ours', ROLLOUT_MAX_CONCURRENT: max });
  expect([withMax(''), withMax('3')]).toMatchObject([{ config: { maxRollouts: 10 } }, { config: { maxRollouts: 3 } }]);
  const problems = ["ROLLOUT_MAX_CONCURRENT is '0': use a whole number between 1 and 1000."];
  expect(withMax('0')).toEqual({ ok: false, problems });
});

it('names everything that is wrong at once, and what to do', () => {
  const wrong = {
    POD_NAME: '',
    CERTIFICATE_MODE: 'mine',
    LOG_LEVEL: 'loud',
    WEBHOOK_PORT: '70000',
    SHUTDOWN_DELAY_SECONDS: '1.5',
    OWN_SECRETS: '',
    OWN_POD_LABELS: 'a=b,c',
  };
  expect(parseWebhookConfig({ ...environment, ...wrong })).toEqual({
    ok: false,
    problems: [
      'POD_NAME is not set: the chart sets it, see chart/templates/deployment.yaml.',
      "LOG_LEVEL is 'loud': use info, debug, warn or error.",
      'OWN_SECRETS is not set: the chart sets it, see chart/templates/deployment.yaml.',
      "OWN_POD_LABELS has the part 'c': write key=value.",
      "WEBHOOK_PORT is '70000': use a port between 0 and 65535.",
      "CERTIFICATE_MODE is 'mine': use managed or given.",
      "SHUTDOWN_DELAY_SECONDS is '1.5': use a whole number of seconds between 0 and 3600.",
    ],
  });
});

it('serves clients of a CA only when that is one', async () => {
  const { certificate } = await issueAuthority(new Date());
  const two = `${certificate}${certificate}`;
  expect(parseWebhookConfig({ ...environment, WEBHOOK_CLIENT_CA: two })).toMatchObject({
    ok: true,
    config: { clientCa: two },
  });
  const broken = `${certificate}-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n`;
  for (const wrong of ['ca.crt', broken]) {
    expect(parseWebhookConfig({ ...environment, WEBHOOK_CLIENT_CA: wrong })).toEqual({
      ok: false,
      problems: [expect.stringMatching(/^WEBHOOK_CLIENT_CA has something that is no PEM certificate/)],
    });
  }
});

it('knows where the policy is, if there is one', () => {
  expect(parseWebhookConfig(environment)).not.toMatchObject({ config: { policy: expect.anything() } });
  const policy = { POLICY_CONFIG_MAP: 'ours', POLICY_READS_NAMESPACES: 'true' };
  expect(parseWebhookConfig({ ...environment, ...policy })).toMatchObject({
    config: { policy: { configMap: 'ours', key: 'policy.yaml', readsNamespaces: true } },
  });
  expect(parseWebhookConfig({ ...environment, POLICY_CONFIG_MAP: 'ours', POLICY_KEY: 'p.json' })).toMatchObject({
    config: { policy: { configMap: 'ours', key: 'p.json', readsNamespaces: false } },
  });
});

it('has metrics of single servers only where it is told so', () => {
  const withMetrics = (METRICS_PER_SERVER: string) =>
    parseReconcilerConfig({ ...environment, LEASE_NAME: 'l', METRICS_PER_SERVER });
  expect(withMetrics('')).toMatchObject({ config: { metricsPerServer: false } });
  expect(withMetrics('true')).toMatchObject({ config: { metricsPerServer: true } });
});

it('knows which profile every policy has to say, and no others than there are', () => {
  expect(parseReconcilerConfig({ ...environment, LEASE_NAME: 'l' })).toMatchObject({
    config: { compatibility: 'default' },
  });
  expect(parseWebhookConfig({ ...environment, COMPATIBILITY_PROFILE: 'reference' })).toMatchObject({
    config: { compatibility: 'reference' },
  });
  expect(parseWebhookConfig({ ...environment, COMPATIBILITY_PROFILE: 'strict' })).toEqual({
    ok: false,
    problems: ["COMPATIBILITY_PROFILE is 'strict': use default or reference."],
  });
});

it('knows what the containers of ours in pods for stdio may use, and how they are pulled', () => {
  const read = (more: object) => parseReconcilerConfig({ ...environment, LEASE_NAME: 'l', ...more });
  expect(read({})).toMatchObject({
    config: {
      installation: {
        imagePullPolicy: 'IfNotPresent',
        stdio: { resources: { requests: { cpu: '10m' }, limits: { memory: '128Mi' } }, imagePullSecrets: [] },
      },
    },
  });
  const resources = { requests: { cpu: '5m' }, limits: { memory: '99Mi' } };
  const said = { STDIO_RESOURCES: JSON.stringify(resources), STDIO_IMAGE_PULL_SECRETS: 'a,b' };
  expect(read({ OWN_IMAGE_PULL_POLICY: 'Always', ...said })).toMatchObject({
    config: { installation: { imagePullPolicy: 'Always', stdio: { resources, imagePullSecrets: ['a', 'b'] } } },
  });
});

it.each(['{', '[]', '1', '{"limits":{"cpu":{}}}', '{"claims":[]}', '{"requests":[]}'])(
  'refuses resources of containers that are none: %s',
  (text) => {
    expect(parseReconcilerConfig({ ...environment, LEASE_NAME: 'l', STDIO_RESOURCES: text })).toEqual({
      ok: false,
      problems: ['STDIO_RESOURCES is no JSON with requests and limits of a container.'],
    });
  },
);
