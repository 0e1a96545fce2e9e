// `node there-and-back-process.ts CHECKOUT`: servers are reconciled by the release of that checkout and by this one in turn, at an API
// server in memory. Prints what each has left, as JSON. Its modules are loaded as they are, so they are no part of Jest.
import { Registry } from 'prom-client';
import { createFakeClock } from '../../../webhooks/platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../../../webhooks/platform/kube/testing/fake-kube-api.ts';
import type { ProbeResult } from '../../../webhooks/platform/mcp/probe.ts';
import { createReconcilerMetrics } from '../../../webhooks/reconciler/metrics.ts';
import { runDeploymentController } from '../../../webhooks/reconciler/testing/deployment-controller.ts';
import { startLead } from '../../../webhooks/reconciler/testing/start-lead.ts';
import { verified } from '../../../webhooks/reconciler/testing/verified.ts';

/** What one of them has left. */
export interface Term {
  /** Methods and paths. */
  readonly writes: readonly string[];
  /** Conditions of each server: `Ready=True`. */
  readonly conditions: Readonly<Record<string, readonly string[]>>;
  /** Told in this term: `Warning search ReconcileError`. */
  readonly events: readonly string[];
}

interface Release {
  readonly startLead: typeof startLead;
  readonly createReconcilerMetrics: typeof createReconcilerMetrics;
}

/** Longer than anything that a reconciler does by itself, in milliseconds of a clock that costs nothing. */
const termMs = 120_000;

const [, , checkout = ''] = process.argv;
const earlier = {
  ...((await import(`${checkout}/webhooks/reconciler/testing/start-lead.ts`)) as Pick<Release, 'startLead'>),
  ...((await import(`${checkout}/webhooks/reconciler/metrics.ts`)) as Pick<Release, 'createReconcilerMetrics'>),
} satisfies Release;
const now: Release = { startLead, createReconcilerMetrics };

const api = createFakeKubeApi();
const clock = createFakeClock();
runDeploymentController(api, { withPods: true });

const image = (ref: string): object => ({ type: 'ContainerImage', containerImage: { ref } });
const servers: Readonly<Record<string, object>> = {
  serves: {},
  refused: { source: image('https://example.com/search:1') },
  lacks: { config: { port: 8080, envFrom: [{ configMapRef: { name: 'none' } }] } },
  broken: {},
};
const serverPath = (name: string): string => `/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/${name}`;
for (const [name, spec] of Object.entries(servers)) {
  api.put(serverPath(name), {
    ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name, namespace: 'mcp', generation: 1 } },
    spec: { source: image('example.com/search:1'), config: { port: 8080 }, ...spec },
  });
}

const answered500: ProbeResult = { state: 'failed', message: 'answered HTTP 500', cause: 'HTTP 500' };
const probe = (target: object): Promise<ProbeResult> =>
  Promise.resolve(JSON.stringify(target).includes('broken') ? answered500 : verified);

interface Told {
  readonly type?: string;
  readonly reason?: string;
  readonly regarding?: { readonly name?: string };
}

const told = (): readonly string[] =>
  (api.list('/apis/events.k8s.io/v1/namespaces/mcp/events') as readonly Told[]).map(
    ({ type, reason, regarding }) => `${type} ${regarding?.name} ${reason}`,
  );

interface WithConditions {
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
}

function conditionsOf(name: string): readonly string[] {
  const { conditions = [] } = (api.get(serverPath(name))?.['status'] ?? {}) as WithConditions;
  return conditions.map(({ type, status }) => `${type}=${status}`);
}

async function term({ startLead, createReconcilerMetrics }: Release, version: string): Promise<Term> {
  const [writes, events] = [api.writes.length, told().length];
  const metrics = createReconcilerMetrics(new Registry());
  const stop = startLead({ api, clock, version, namespaces: [], metrics, probe });
  await clock.advance(termMs);
  await stop();
  return {
    writes: api.writes.slice(writes).filter((path) => !path.includes('/events')),
    conditions: Object.fromEntries(Object.keys(servers).map((name) => [name, conditionsOf(name)])),
    events: told().slice(events),
  };
}

const byEarlier = (): Promise<Term> => term(earlier, '0.0.0');
const byNow = (): Promise<Term> => term(now, '9.9.9');
const terms = {
  before: await byEarlier(),
  upgraded: await byNow(),
  upgradedLater: await byNow(),
  rolledBack: await byEarlier(),
  rolledBackLater: await byEarlier(),
  again: await byNow(),
  againLater: await byNow(),
};
export type Terms = typeof terms;
process.stdout.write(JSON.stringify(terms));
