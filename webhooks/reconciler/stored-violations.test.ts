import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';

import { revisionOf } from '../core/engine/policy-version.ts';
import { atOwnSeverity } from '../core/engine/policy.ts';
import type { Rule } from '../core/engine/rule.ts';
import type { MCPServerStatus } from '../core/mcpserver/types.gen.ts';
import { rules } from '../core/rules/index.gen.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { fixedPolicy } from '../platform/policy/policy-source.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { startLead } from './testing/start-lead.ts';

const serverPath = '/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/search';
const deploymentPath = '/apis/apps/v1/namespaces/mcp/deployments/search';

/** As stored: no webhook was asked. */
const asUser = (runAsUser: number): object => ({ runtime: { security: { securityContext: { runAsUser } } } });
const withReplicas = (replicas: number): object => ({ runtime: { replicas } });
/** Refused, and no matter of privileges. */
const wrongImage = 'https://example.com/search:1';
const withImage = (ref: string): object => ({ source: { containerImage: { ref } } });

let api: FakeKubeApi;
const running: (() => Promise<void>)[] = [];

beforeEach(() => {
  api = createFakeKubeApi();
  api.put(serverPath, {
    ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name: 'search', namespace: 'mcp' } },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: 'example.com/search:1' } },
      config: { port: 8080 },
    },
  });
});

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

/** One term of leadership of a release in which every rule became stricter: long enough for everything that is to be done. */
const reconcileWith = (revision: number): Promise<void> =>
  reconcileBy({ rules: rules.map((rule) => ({ ...rule, stricterIn: revision })), version: `0.${revision}.0` });

async function reconcileBy(release: { readonly rules: readonly Rule[]; readonly version: string }): Promise<void> {
  const clock = createFakeClock();
  const stop = startLead({
    ...{ api, clock, version: release.version, namespaces: [], metrics: createReconcilerMetrics(new Registry()) },
    policies: fixedPolicy(atOwnSeverity(release.rules)),
    probe: () => Promise.resolve({ state: 'failed', message: 'nobody there' }),
  });
  running.push(stop);
  await clock.advance(5_000);
  await stop();
}

function change(generation: number, spec: object): void {
  api.put(serverPath, { metadata: { generation }, spec });
}

const status = (): MCPServerStatus => api.get(serverPath)?.['status'] as MCPServerStatus;
const accepted = () => status().conditions?.find(({ type }) => type === 'Accepted');
const tolerated = (): readonly string[] => (status().extensions?.policy?.tolerated ?? []).map(({ rule }) => rule);
const rolledOutImage = (): unknown => /"image":"([^"]*)"/.exec(JSON.stringify(api.get(deploymentPath)))?.[1];
const rolledOutUser = (): unknown => /"runAsUser":(\d+)/.exec(JSON.stringify(api.get(deploymentPath)))?.[1];

describe('a change past the webhook', () => {
  beforeEach(async () => {
    await reconcileWith(1);
    change(2, asUser(0));
    await reconcileWith(1);
  });

  it('is not rolled out, and status says why and what became of it', () => {
    expect(rolledOutUser()).toBeUndefined();
    expect(accepted()).toMatchObject({ status: 'False', reason: 'Invalid' });
    expect(accepted()?.message).toMatch(
      /\[run-as-non-root\]; nothing is rolled out until then, what runs stays as it is$/,
    );
    expect(status().extensions?.policy).toMatchObject({ generation: 1 });
  });

  it('is not washed clean by new rules, nor by the next change', async () => {
    await reconcileWith(2);
    change(3, withReplicas(3));
    await reconcileWith(2);
    change(4, withReplicas(4));
    await reconcileWith(3);
    expect(rolledOutUser()).toBeUndefined();
    expect(accepted()?.status).toBe('False');
  });

  it('is forgotten when it is taken back', async () => {
    change(3, asUser(1000));
    await reconcileWith(1);
    expect(accepted()).toMatchObject({ status: 'True', message: 'Configuration is valid' });
    expect(rolledOutUser()).toBe('1000');
  });
});

describe('a violation that came with new rules', () => {
  /** The rules of revision 1 let it pass: their reconciler stood still when the webhook was asked. */
  beforeEach(async () => {
    await reconcileWith(1);
    change(2, withImage(wrongImage));
    await reconcileWith(2);
  });

  it('is rolled out, listed and told once', async () => {
    expect(rolledOutImage()).toBe(wrongImage);
    expect(tolerated()).toEqual(['image-reference-valid']);
    expect(accepted()).toMatchObject({ status: 'True', reason: 'Valid' });
    const events = api.list('/apis/events.k8s.io/v1/namespaces/mcp/events').map(({ reason }) => reason);
    expect(events.filter((reason) => reason === 'ViolationsTolerated')).toHaveLength(1);
    const count = api.writes.length;
    await reconcileWith(2);
    expect(api.writes.slice(count)).toEqual([]);
  });

  it('does not hold up other changes', async () => {
    change(3, withReplicas(3));
    await reconcileWith(2);
    expect(api.get(deploymentPath)).toMatchObject({ spec: { replicas: 3 } });
    expect(tolerated()).toEqual(['image-reference-valid']);
  });

  it('is new when it is brought back after it was gone', async () => {
    change(3, withImage('example.com/search:2'));
    await reconcileWith(2);
    expect(tolerated()).toEqual([]);
    change(4, withImage(wrongImage));
    await reconcileWith(2);
    expect(rolledOutImage()).toBe('example.com/search:2');
  });
});

describe('privileges that came with a change and new rules at once', () => {
  it('an upgrade legalises root that was never judged: it is refused', async () => {
    await reconcileWith(1);
    change(2, asUser(0));
    await reconcileWith(2);
    expect(rolledOutUser()).toBeUndefined();
    expect(accepted()?.message).toMatch(/\[run-as-non-root\]/);
  });

  it('are no reason to hold up the scaling of a server that had them before', async () => {
    await reconcileWith(1);
    api.put(serverPath, { status: { extensions: undefined } });
    change(2, asUser(0));
    await reconcileWith(1);
    expect(tolerated()).toEqual(['run-as-non-root']);
    change(3, withReplicas(3));
    await reconcileWith(2);
    expect(api.get(deploymentPath)).toMatchObject({ spec: { replicas: 3 } });
    expect(tolerated()).toEqual(['run-as-non-root']);
  });
});

describe('a privilege that came past the webhook with something else, in an upgrade', () => {
  beforeEach(async () => {
    await reconcileWith(1);
    change(2, { ...asUser(0), ...withImage(wrongImage) });
    await reconcileWith(2);
  });

  it('is not rolled out, by no later version either', async () => {
    expect(accepted()?.message).toMatch(/\[run-as-non-root\]; nothing is rolled out until then/);
    await reconcileWith(3);
    expect(accepted()?.status).toBe('False');
    expect(rolledOutUser()).toBeUndefined();
  });

  it('costs no write while it stays', async () => {
    const count = api.writes.length;
    await reconcileWith(2);
    expect(api.writes.slice(count)).toEqual([]);
  });

  it('holds up nothing else once it is taken back', async () => {
    change(3, { runtime: { replicas: 3, security: { securityContext: { runAsUser: 1000 } } } });
    await reconcileWith(2);
    expect(accepted()).toMatchObject({ status: 'True' });
    expect(api.get(deploymentPath)).toMatchObject({ spec: { replicas: 3 } });
    expect(tolerated()).toEqual(['image-reference-valid']);
  });
});

describe('a server that was there before us', () => {
  it('is tolerated when it runs', async () => {
    await reconcileWith(1);
    change(2, asUser(0));
    api.put(serverPath, { status: { extensions: undefined } });
    await reconcileWith(1);
    expect(rolledOutUser()).toBe('0');
    expect(tolerated()).toEqual(['run-as-non-root']);
  });

  it('is refused when nothing of it runs', async () => {
    change(1, asUser(0));
    await reconcileWith(1);
    await reconcileWith(2);
    expect(api.get(deploymentPath)).toBeUndefined();
    expect(accepted()?.message).toMatch(/\[run-as-non-root\]$/);
  });

  it('costs one write when the policy changes, and none when it does not', async () => {
    await reconcileWith(1);
    const count = api.writes.length;
    await reconcileWith(1);
    expect(api.writes.slice(count)).toEqual([]);
    await reconcileWith(2);
    expect(api.writes.slice(count)).toEqual([`PATCH ${serverPath}/status`]);
  });
});

describe('an upgrade', () => {
  const later = { rules, version: '0.3.0' };
  const withStricterImage = {
    rules: rules.map((rule) =>
      rule.id === 'image-reference-valid' ? { ...rule, stricterIn: revisionOf(rules) + 1 } : rule,
    ),
    version: '0.4.0',
  };

  beforeEach(() => reconcileBy({ rules, version: '0.2.0' }));

  it('in which no rule is stricter writes no status', async () => {
    const count = api.writes.length;
    await reconcileBy(later);
    expect(api.writes.slice(count)).toEqual([]);
  });

  it('in which a rule is stricter writes each status once', async () => {
    const count = api.writes.length;
    await reconcileBy(withStricterImage);
    expect(api.writes.slice(count)).toEqual([`PATCH ${serverPath}/status`]);
    await reconcileBy(withStricterImage);
    expect(api.writes.slice(count)).toHaveLength(1);
  });

  it('in which no rule is stricter rolls out nothing that came past the webhook meanwhile', async () => {
    change(2, withImage(wrongImage));
    await reconcileBy(later);
    expect(rolledOutImage()).toBe('example.com/search:1');
    expect(accepted()).toMatchObject({ status: 'False', reason: 'Invalid' });
  });

  it('in which that rule is stricter rolls out what the webhook let pass by the rule of then', async () => {
    change(2, withImage(wrongImage));
    await reconcileBy(withStricterImage);
    expect(rolledOutImage()).toBe(wrongImage);
    expect(tolerated()).toEqual(['image-reference-valid']);
  });

  it('from a release that kept one digest of all is understood, and writes each status once', async () => {
    change(2, withImage(wrongImage));
    api.put(serverPath, { status: { extensions: { policy: { digest: 'd', generation: 1, revision: undefined } } } });
    const count = api.writes.length;
    await reconcileBy(later);
    expect(rolledOutImage()).toBe(wrongImage);
    expect(status().extensions?.policy).toMatchObject({
      revision: revisionOf(rules),
      generation: 2,
      tolerated: [{ rule: 'image-reference-valid' }],
    });
    expect(api.writes.slice(count).filter((write) => write.endsWith('/status'))).toHaveLength(1);
  });

  it('backwards rolls out what only this release finds, because the later one may have let it pass', async () => {
    await reconcileBy(withStricterImage);
    change(2, withImage(wrongImage));
    await reconcileBy(later);
    expect(rolledOutImage()).toBe(wrongImage);
  });
});

describe('a status of a newer release, before somebody went back to this one', () => {
  it('keeps nobody from reconciling (the server was quarantined, and no change of it rolled out)', async () => {
    await reconcileWith(1);
    const podFailure = { cause: 'Crashing', pod: 'search-1', hint: 'OfTheNextRelease' };
    api.put(serverPath, { status: { extensions: { podFailure } } });
    change(2, withImage('example.com/search:2'));
    await reconcileWith(1);
    expect(rolledOutImage()).toBe('example.com/search:2');
    expect(status()).toMatchObject({ observedGeneration: 2 });
    expect(JSON.stringify(status())).not.toMatch(/OfTheNextRelease|violates the schema/);
  });
});
