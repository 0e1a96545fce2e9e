import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { applyDefaults } from '../core/defaults/apply.ts';
import { anInstallation } from '../core/testing/an-installation.ts';
import { anMCPServer, withName, withNamespace, withRawSpec } from '../core/testing/builders.ts';
import { systemClock, type Clock } from '../platform/clock.ts';
import type { WebhookConfig } from '../platform/config.ts';
import { listAt, recordAt, stringAt } from '../platform/kube/object.ts';
import { silentLogger } from '../platform/log.ts';
import { createInMemoryApi, type InMemoryApi } from '../platform/tls/testing/in-memory-api.ts';
import { until } from '../platform/tls/testing/until.ts';
import { startWebhook } from './start.ts';
import { aReview } from './testing/review.ts';
import { send, type TestAnswer, type TestCall } from './testing/test-server.ts';

const secrets = '/api/v1/namespaces/mcp-system/secrets';
const configurations = '/apis/admissionregistration.k8s.io/v1';
const serviceName = 'localhost';

interface Replica {
  readonly send: (call: TestCall) => Promise<TestAnswer>;
  readonly readyz: () => Promise<{ readonly status: number; readonly text: string }>;
  readonly metrics: () => Promise<string>;
  readonly stop: AbortController;
  readonly stopped: Promise<void>;
}

let api: InMemoryApi;
const replicas: Replica[] = [];

beforeEach(() => {
  api = createInMemoryApi();
  api.put(secrets, { metadata: { name: 'certificate' } });
  for (const plural of ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations']) {
    api.put(`${configurations}/${plural}`, { metadata: { name: 'ours' }, webhooks: [{ name: 'w', clientConfig: {} }] });
  }
});

afterEach(async () => {
  for (const replica of replicas) replica.stop.abort();
  await Promise.all(replicas.splice(0).map(({ stopped }) => stopped));
});

async function startReplica(settings: Partial<WebhookConfig> = {}, clock = systemClock): Promise<Replica> {
  const stop = new AbortController();
  const config: WebhookConfig = {
    namespace: 'mcp-system',
    podName: 'webhook-0',
    compatibility: 'default',
    port: 0,
    healthPort: 0,
    metricsPort: 0,
    logLevel: 'error',
    features: [],
    installation: anInstallation({ namespace: 'mcp-system', serviceAccounts: ['ours'], secrets: ['certificate'] }),
    serviceName,
    certificateMode: 'managed',
    certificateSecretName: 'certificate',
    mutatingConfigurationName: 'ours',
    validatingConfigurationName: 'ours',
    clusterDomain: 'cluster.local',
    watchNamespaces: [],
    shutdownDelayMs: 0,
    ...settings,
  };
  return new Promise((resolve, reject) => {
    const options = { api, config, clock, log: silentLogger, version: 'test', host: '127.0.0.1' };
    const stopped = startWebhook({
      ...options,
      signal: stop.signal,
      onListening: (ports) => {
        const get = async (port: number, path: string): Promise<{ status: number; text: string }> => {
          const response = await fetch(`http://127.0.0.1:${String(port)}${path}`);
          return { status: response.status, text: await response.text() };
        };
        const replica = {
          send: (call: TestCall) => send({ ca: trustedCa(), port: ports.webhook }, call),
          readyz: () => get(ports.health, '/readyz'),
          metrics: async () => (await get(ports.metrics, '/metrics')).text,
          stop,
          stopped,
        };
        replicas.push(replica);
        resolve(replica);
      },
    });
    stopped.catch(reject);
  });
}

/** What an API server would trust: the bundle in the validating configuration. */
function trustedCa(): string {
  const configuration = api.read(`${configurations}/validatingwebhookconfigurations`, 'ours');
  const bundle = stringAt(recordAt(listAt(configuration, 'webhooks')[0], 'clientConfig'), 'caBundle') ?? '';
  return Buffer.from(bundle, 'base64').toString('utf8');
}

async function becomeReady(replica: Replica): Promise<void> {
  await until(async () => (await replica.readyz()).status === 200);
}

describe('the webhook program', () => {
  it('becomes ready on an empty Secret, and answers an API server that trusts its bundle', async () => {
    const replica = await startReplica();
    await becomeReady(replica);
    const mutated = await replica.send({ path: '/mutate', body: aReview({ object: anMCPServer() }) });
    expect(mutated.body).toMatchObject({ response: { allowed: true, patchType: 'JSONPatch' } });
    const validated = await replica.send({ body: aReview({ object: applyDefaults(anMCPServer()) }) });
    expect(validated.body).toMatchObject({ response: { allowed: true } });
  });

  it('ends with one CA that is good for every replica, when they start at the same moment', async () => {
    const all = await Promise.all([startReplica(), startReplica()]);
    await Promise.all(all.map(becomeReady));
    const answers = await Promise.all(all.map((replica) => replica.send({ body: aReview({ object: anMCPServer() }) })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });

  it('refuses who would use its own account or certificate, in its own namespace', async () => {
    const replica = await startReplica();
    await becomeReady(replica);
    const spec = {
      config: { envFrom: [{ secretRef: { name: 'certificate' } }] },
      runtime: { security: { serviceAccountName: 'ours' } },
    };
    const ask = async (namespace: string): Promise<unknown> =>
      (await replica.send({ body: aReview({ object: anMCPServer(withNamespace(namespace), withRawSpec(spec)) }) }))
        .body;
    const refused = await ask('mcp-system');
    const causes = ['spec.config.envFrom[0].secretRef.name', 'spec.runtime.security.serviceAccountName'];
    expect(refused).toMatchObject({
      response: { allowed: false, status: { details: { causes: causes.map((field) => ({ field })) } } },
    });
    expect(await ask('mcp')).toMatchObject({ response: { allowed: true } });
  });

  describe('with a policy', () => {
    const policy = { configMap: 'policy', key: 'policy.yaml', readsNamespaces: false };
    const policies = '/api/v1/namespaces/mcp-system/configmaps';
    const head = 'apiVersion: mcp-lifecycle.policy/v1alpha1\nkind: Policy\n';
    const write = (body: string): void => {
      api.put(policies, { metadata: { name: 'policy' }, data: { 'policy.yaml': `${head}${body}` } });
    };
    const unpinned = anMCPServer(
      withRawSpec({ source: { type: 'ContainerImage', containerImage: { ref: 'example.com/search:latest' } } }),
    );
    const ask = async (replica: Replica): Promise<unknown> =>
      (await replica.send({ body: aReview({ object: unpinned }) })).body;
    const isDenied = async (replica: Replica): Promise<boolean> =>
      recordAt(await ask(replica), 'response')?.['allowed'] === false;

    it('takes another one over as soon as it is there, and keeps it when what follows cannot be used', async () => {
      write('');
      const replica = await startReplica({ policy });
      await becomeReady(replica);
      expect(await ask(replica)).toMatchObject({
        response: { allowed: true, warnings: [expect.stringContaining('[image-tag-pinned]')] },
      });
      expect(await replica.metrics()).toMatch(
        /admission_findings_total\{rule="image-tag-pinned",action="warn".*\} 1$/m,
      );
      write('rules:\n  image-tag-pinned: {action: deny}\n');
      await until(() => isDenied(replica));
      expect(await replica.metrics()).toMatch(
        /admission_findings_total\{rule="image-tag-pinned",action="deny".*\} 1$/m,
      );
      write('rules: 5\n');
      await until(async () =>
        (await replica.metrics()).includes('policy_origin{origin="last-good",program="webhook"} 1'),
      );
      expect(await isDenied(replica)).toBe(true);
    });

    it('says with each answer that the built-in one judges, where there was never one to use', async () => {
      const replica = await startReplica({ policy });
      await becomeReady(replica);
      expect(await ask(replica)).toMatchObject({
        response: {
          allowed: true,
          warnings: [expect.stringContaining('built-in profile'), expect.stringContaining('[image-tag-pinned]')],
        },
      });
      const clean = await replica.send({ body: aReview({ object: applyDefaults(anMCPServer()) }) });
      expect(clean.body).toMatchObject({
        response: { allowed: true, warnings: [expect.stringContaining('built-in profile')] },
      });
      write('rules:\n  image-tag-pinned: {action: "off"}\n');
      await until(async () => recordAt(await ask(replica), 'response')?.['warnings'] === undefined);
    });

    it('is not ready before it was looked for', async () => {
      write('');
      // Far longer than the test takes: it is looked for, and not found out yet.
      const error = { status: 503, reason: 'Unavailable', message: 'later', retry: true, retryAfterMs: 600_000 };
      api.interrupt(`GET ${policies}`, { error });
      const replica = await startReplica({ policy });
      await until(async () => (await replica.readyz()).text.trim() === 'policy: not read yet');
    });
  });

  it('looks up what a server names', async () => {
    const replica = await startReplica();
    await becomeReady(replica);
    const object = anMCPServer(withRawSpec({ config: { envFrom: [{ configMapRef: { name: 'settings' } }] } }));
    const missing = await replica.send({ body: aReview({ object }) });
    expect(missing.body).toMatchObject({
      response: { allowed: true, warnings: [expect.stringMatching(/'settings' not found/)] },
    });
    api.put('/api/v1/namespaces/mcp/configmaps', { metadata: { name: 'settings' }, data: { A: '1' } });
    const found = await replica.send({ body: aReview({ object }) });
    expect(found.body).not.toMatchObject({ response: { warnings: expect.anything() } });
  });

  it('is not ready before both webhook configurations trust it', async () => {
    api.remove(`${configurations}/mutatingwebhookconfigurations`, 'ours');
    const replica = await startReplica();
    await until(() => trustedCa() !== '');
    expect(await replica.readyz()).toEqual({
      status: 503,
      text: expect.stringMatching(/^mutating webhook configuration/),
    });
    api.put(`${configurations}/mutatingwebhookconfigurations`, { metadata: { name: 'ours' }, webhooks: [] });
    await becomeReady(replica);
  });

  it('stays ready and writes the bundle again when somebody wipes it', async () => {
    const replica = await startReplica();
    await becomeReady(replica);
    const before = trustedCa();
    const wiped = { metadata: { name: 'ours' }, webhooks: [{ name: 'w', clientConfig: {} }] };
    api.put(`${configurations}/validatingwebhookconfigurations`, wiped);
    expect((await replica.readyz()).status).toBe(200);
    await until(() => trustedCa() === before);
  });

  it('serves a certificate that another replica wrote, without a restart', async () => {
    const replica = await startReplica();
    await becomeReady(replica);
    const before = trustedCa();
    api.put(secrets, { metadata: { name: 'certificate' } });
    await until(() => trustedCa() !== before);
    expect(await replica.send({ body: aReview({ object: anMCPServer() }) })).toMatchObject({ status: 200 });
  });

  it('moves its metrics with real requests', async () => {
    const replica = await startReplica();
    await becomeReady(replica);
    await replica.send({ path: '/mutate', body: aReview({ object: anMCPServer() }) });
    await replica.send({ body: aReview({ object: anMCPServer(withName('search.v2')) }) });
    await replica.send({ body: aReview({ operation: 'DELETE' }) });
    const lines = (await replica.metrics()).split('\n');
    const value = (start: string): number =>
      Number(
        lines
          .find((line) => line.startsWith(start))
          ?.split(' ')
          .at(-1),
      );
    const duration = 'mcp_lifecycle_admission_duration_seconds_count{program="webhook",';
    expect(value(`${duration}webhook="mutate",operation="CREATE",decision="patched"}`)).toBe(1);
    expect(value(`${duration}webhook="validate",operation="CREATE",decision="denied"}`)).toBe(1);
    expect(value('mcp_lifecycle_admission_denials_total{rule="name-usable"')).toBe(1);
    expect(value('mcp_lifecycle_admission_skipped_total{reason="operation"')).toBe(1);
    expect(value('mcp_lifecycle_webhook_ready')).toBe(1);
    expect(value('mcp_lifecycle_certificate_remaining_seconds{certificate="serving"')).toBeGreaterThan(89 * 86_400);
    expect(value('mcp_lifecycle_certificate_remaining_seconds{certificate="ca"')).toBeGreaterThan(364 * 86_400);
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(0);
  });

  it('turns unready at once and serves on while it stops', async () => {
    const shutdownDelayMs = 12_345;
    let endDelay = (): void => undefined;
    const delay = new Promise<void>((resolve) => (endDelay = resolve));
    const sleep: Clock['sleep'] = (ms, signal) => (ms === shutdownDelayMs ? delay : systemClock.sleep(ms, signal));
    const replica = await startReplica({ shutdownDelayMs }, { ...systemClock, sleep });
    await becomeReady(replica);
    replica.stop.abort();
    await until(async () => (await replica.readyz()).status === 503);
    expect(await replica.readyz()).toEqual({ status: 503, text: 'stopping\n' });
    const answer = await replica.send({ body: aReview({ object: anMCPServer() }) });
    expect(answer).toMatchObject({ status: 200, headers: { connection: 'close' } });
    endDelay();
    await replica.stopped;
    await expect(replica.send({ body: aReview() })).rejects.toThrow(/ECONNREFUSED/);
  });

  it('stops while it still waits for its Secret', async () => {
    api.remove(secrets, 'certificate');
    const replica = await startReplica();
    expect((await replica.readyz()).text).toContain('certificate: none yet');
    replica.stop.abort();
    await replica.stopped;
  });

  it('says which port it cannot take', async () => {
    const first = await startReplica();
    expect(first).toBeDefined();
    await expect(startReplica({ port: 1 << 17 })).rejects.toThrow();
  });
});
