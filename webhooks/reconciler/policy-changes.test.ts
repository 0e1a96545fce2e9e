import { afterEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { builtInPolicy } from '../core/rules/built-in-policy.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import type { FakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { silentLogger } from '../platform/log.ts';
import { FollowedPolicy } from '../platform/policy/followed-policy.ts';
import { loadPolicyReader } from '../platform/policy/load-policy-reader.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';

const read = await loadPolicyReader();

const policyPath = '/api/v1/namespaces/system/configmaps/policy';
const serverPath = (namespace: string, name = 'search'): string =>
  `/apis/mcp.x-k8s.io/v1beta1/namespaces/${namespace}/mcpservers/${name}`;

const running: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

/** One rule only warns about it. */
function unpinned(api: FakeKubeApi, namespace: string, name = 'search'): void {
  api.put(serverPath(namespace, name), {
    ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name, namespace } },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: 'example.com/search:latest' } },
      config: { port: 8080 },
      runtime: { replicas: 0 },
    },
  });
}

function writePolicy(api: FakeKubeApi, body: string): void {
  const text = `apiVersion: mcp-lifecycle.policy/v1alpha1\nkind: Policy\n${body}`;
  api.put(policyPath, { metadata: { name: 'policy', namespace: 'system' }, data: { 'policy.yaml': text } });
}

const denyIn = (namespace: string): string =>
  `overrides:\n- namespaces: [${namespace}]\n  rules:\n    image-tag-pinned: {action: deny}\n`;

async function start(api: FakeKubeApi): Promise<FakeClock> {
  const clock = createFakeClock();
  const policies = new FollowedPolicy({
    ...{ api, clock, log: silentLogger, random: () => 1, namespace: 'system', configMap: 'policy', key: 'policy.yaml' },
    ...{ readsNamespaces: false, read, fallback: builtInPolicy },
  });
  const stop = new AbortController();
  running.push(() => {
    stop.abort();
  });
  void policies.run(stop.signal);
  running.push(
    startLead({
      ...{ api, clock, version: '1', namespaces: [], metrics: createReconcilerMetrics(new Registry()), policies },
      probe: () => Promise.resolve(verified),
    }),
  );
  await clock.advance(15_000);
  return clock;
}

interface Status {
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message: string }[];
  readonly extensions?: { readonly policy?: { readonly tolerated?: readonly { readonly rule: string }[] } };
}

const statusOf = (api: FakeKubeApi, namespace: string, name?: string): Status =>
  api.get(serverPath(namespace, name))?.['status'] ?? {};
const acceptedIn = (api: FakeKubeApi, namespace: string) =>
  statusOf(api, namespace).conditions?.find(({ type }) => type === 'Accepted');
const toleratedIn = (api: FakeKubeApi, namespace: string, name?: string): readonly string[] =>
  (statusOf(api, namespace, name).extensions?.policy?.tolerated ?? []).map(({ rule }) => rule);
const statusWrites = (api: FakeKubeApi): readonly string[] => api.writes.filter((write) => write.endsWith('/status'));
const eventsOfPolicy = (api: FakeKubeApi): readonly string[] =>
  api
    .list('/apis/events.k8s.io/v1/namespaces/system/events')
    .map(({ reason, note }) => `${String(reason)}: ${String(note)}`);

describe('when the policy changes', () => {
  it('every server is judged again, and only what says something else now is written', async () => {
    const api = createFakeKubeApi();
    writePolicy(api, '');
    unpinned(api, 'tools');
    unpinned(api, 'other');
    const clock = await start(api);
    expect(acceptedIn(api, 'tools')).toMatchObject({ status: 'True', message: 'Configuration is valid' });
    const before = statusWrites(api).length;
    writePolicy(api, denyIn('tools'));
    await clock.advance(2_000);
    expect(toleratedIn(api, 'tools')).toEqual(['image-tag-pinned']);
    expect(toleratedIn(api, 'other')).toEqual([]);
    expect(statusWrites(api).slice(before)).toEqual([`PATCH ${serverPath('tools')}/status`]);
    expect(eventsOfPolicy(api)).toEqual(['PolicyInForce: The policy is in force; every MCPServer is judged again']);
  });

  it('1,000 servers are judged again within a minute', async () => {
    const api = createFakeKubeApi();
    writePolicy(api, '');
    const names = Array.from({ length: 1_000 }, (_, index) => `s${index}`);
    for (const name of names) unpinned(api, 'tools', name);
    const clock = await start(api);
    await clock.advance(60_000);
    writePolicy(api, denyIn('tools'));
    await clock.advance(60_000);
    expect(names.filter((name) => toleratedIn(api, 'tools', name).length === 0)).toEqual([]);
  });

  it('to what cannot be used, no status changes, and the ConfigMap has an event', async () => {
    const api = createFakeKubeApi();
    writePolicy(api, denyIn('tools'));
    unpinned(api, 'other');
    const clock = await start(api);
    const before = statusWrites(api).length;
    writePolicy(api, 'rules: 5\n');
    await clock.advance(30_000);
    expect(statusWrites(api).slice(before)).toEqual([]);
    expect(eventsOfPolicy(api)).toEqual([
      expect.stringMatching(
        /^PolicyUnusable: ConfigMap system\/policy .*rules.*; the last policy that could be used goes on$/,
      ),
    ]);
  });

  it('what this release does not know of it is told, and all else of it judges', async () => {
    const api = createFakeKubeApi();
    writePolicy(api, `rules:\n  of-tomorrow: {action: deny}\n${denyIn('tools')}`);
    unpinned(api, 'tools');
    const clock = await start(api);
    await clock.advance(1_000);
    expect(eventsOfPolicy(api)).toEqual([
      expect.stringMatching(/^PolicyPartIgnored: Has no effect: rules\.of-tomorrow/),
    ]);
    // New, and denied: nothing ran before.
    expect(acceptedIn(api, 'tools')).toMatchObject({ status: 'False' });
  });
});

it('a policy that was never usable leaves the built-in one in force, which each status says, until it is there', async () => {
  const api = createFakeKubeApi();
  unpinned(api, 'tools');
  const clock = await start(api);
  expect(acceptedIn(api, 'tools')).toMatchObject({
    status: 'True',
    message: expect.stringMatching(
      /^Configuration is valid; the configured policy cannot be used, so the built-in profile/,
    ),
  });
  const before = statusWrites(api).length;
  await clock.advance(300_000);
  expect(statusWrites(api).slice(before)).toEqual([]);
  writePolicy(api, '');
  await clock.advance(2_000);
  expect(acceptedIn(api, 'tools')).toMatchObject({ status: 'True', message: 'Configuration is valid' });
});

it('nothing is judged before the policy was looked for', async () => {
  const api = createFakeKubeApi();
  writePolicy(api, denyIn('tools'));
  unpinned(api, 'tools');
  api.answer(({ path }) => path === '/api/v1/namespaces/system/configmaps', 503);
  const clock = await start(api);
  expect(api.get(serverPath('tools'))?.['status']).toBeUndefined();
  api.answer(() => false, undefined);
  await clock.advance(30_000);
  expect(acceptedIn(api, 'tools')).toMatchObject({ status: 'False' });
});

it('an exemption that ends has its server judged again, although nobody changed anything', async () => {
  const api = createFakeKubeApi();
  const exemption =
    "{rule: image-tag-pinned, namespace: tools, name: search, reason: old, owner: team, expires: '2026-01-03'}";
  writePolicy(api, `rules:\n  image-tag-pinned: {action: deny}\nexemptions:\n- ${exemption}\n`);
  unpinned(api, 'tools');
  const clock = await start(api);
  expect(acceptedIn(api, 'tools')).toMatchObject({ status: 'True' });
  await clock.advance(2 * 86_400_000);
  expect(toleratedIn(api, 'tools')).toEqual(['image-tag-pinned']);
});
