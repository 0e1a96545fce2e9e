/** @slow two minutes in which nothing may be written, twice the interval at which servers are verified. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { release } from '../../../scripts/quickstart/install.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, list, type KubeObject } from '../../harness/kubectl.ts';
import { untilComplete } from '../../harness/leader.ts';
import { everythingServer, kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

/** Twice the interval at which a server is verified again. */
const quietMs = 120_000;
/** Controllers of Kubernetes write their own share a moment after a pod has changed. */
const settledMs = 10_000;

/** What we, or somebody because of us, could write about servers. */
const aboutServers = 'mcpservers,deployments,replicasets,services,endpointslices,networkpolicies,configmaps,secrets';
/** And about ourselves; the Lease is renewed, and is the one exception. */
const aboutUs = 'deployments,replicasets,pods,services,endpointslices,networkpolicies,configmaps,secrets';
const clusterWide = 'validatingwebhookconfigurations,mutatingwebhookconfigurations';

/** Pods of the others are written by a kubelet that tries again and again. */
const ofQuietPods = 'mcp-server in (healthy, without-mcp)';

/** MCPServers in every state in which one can stay, and the condition that says so. */
const servers: Readonly<Record<string, { readonly manifest: (name: string) => object; readonly says: Wanted }>> = {
  healthy: { manifest: (name) => kubernetesServer(name), says: { type: 'Verified', status: 'True' } },
  stopped: {
    manifest: (name) => kubernetesServer(name, { runtime: { replicas: 0 } }),
    says: { type: 'Available', status: 'True' },
  },
  'without-config-map': {
    manifest: (name) =>
      kubernetesServer(name, {
        config: { port: 8080, envFrom: [{ configMapRef: { name: 'nowhere' } }] },
      }),
    says: { type: 'Accepted', status: 'False' },
  },
  'without-image': {
    manifest: (name) =>
      kubernetesServer(name, {
        source: { type: 'ContainerImage', containerImage: { ref: 'registry.invalid/no/such:1.0.0' } },
      }),
    says: { type: 'Available', status: 'False', message: /Image pull failed/ },
  },
  'without-node': {
    manifest: (name) =>
      kubernetesServer(name, { runtime: { resources: { requests: { cpu: '900', memory: '64Mi' } } } }),
    says: { type: 'Available', status: 'False', message: /cannot be scheduled/ },
  },
  'without-mcp': {
    manifest: (name) =>
      everythingServer(name, { config: { port: 3001, arguments: ['streamableHttp'], path: '/none' } }),
    says: { type: 'Verified', status: 'False' },
  },
};

interface Wanted {
  readonly type: string;
  readonly status: string;
  readonly message?: RegExp;
}

describe('MCPServers that nobody changes, healthy, stopped and broken', () => {
  const namespace = useNamespace();

  const versions = async (): Promise<Readonly<Record<string, string>>> => {
    const objects = [
      ...(await list({ namespace }, aboutServers)),
      ...(await list({ namespace }, 'pods', ofQuietPods)),
      ...(await list({ namespace: release.namespace }, aboutUs)),
      ...(await list('everywhere', clusterWide, `app.kubernetes.io/instance=${release.name}`)),
      ...(await eventsOfOurs(namespace)),
    ];
    return Object.fromEntries(
      objects.map(({ kind, metadata }) => [
        `${metadata.namespace ?? ''}/${kind}/${metadata.name}`,
        metadata.resourceVersion,
      ]),
    );
  };
  /** What was written between two looks; what is gone was not. */
  const writtenWithin = async (ms: number): Promise<readonly string[]> => {
    const before = await versions();
    await sleep(ms);
    const after = await versions();
    return Object.keys(after).filter((object) => before[object] !== after[object]);
  };

  it('are not written, and neither is anything around them', async () => {
    await untilComplete();
    for (const [name, { manifest }] of Object.entries(servers)) await apply(namespace, manifest(name));
    for (const [name, { says }] of Object.entries(servers)) {
      await untilCondition(namespace, name, says);
      await eventually(`the ${says.type} of ${name} gives its cause`, async () =>
        (says.message ?? /./).test(conditionOf(await get(namespace, 'mcpservers', name), says.type)?.message ?? ''),
      );
    }
    // The last number that is told about an endpoint that stays broken (docs/decisions/0024).
    await eventually('all failures are told', async () => {
      const server = await get(namespace, 'mcpservers', 'without-mcp');
      return server?.status?.['handshakeRetryCount'] === 8;
    });
    await eventually('nobody writes any more', async () => (await writtenWithin(settledMs)).length === 0, {
      describe: () => writtenWithin(settledMs),
    });
    // A probe that a busy machine answers too late is written. What is written again and again is in every interval.
    let written = await writtenWithin(quietMs);
    for (let more = 0; more < 2 && written.length > 0; more++) written = await writtenWithin(quietMs);
    expect(written).toEqual([]);
  });
});

async function eventsOfOurs(namespace: string): Promise<readonly KubeObject[]> {
  const events = await list({ namespace }, 'events.events.k8s.io');
  return events.filter(({ reportingController }) => reportingController === 'mcp-lifecycle');
}
