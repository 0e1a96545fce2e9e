import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { release } from '../../../scripts/quickstart/install.ts';
import { apply, list } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

/** Twice the interval at which a server is verified again. */
const quietMs = 120_000;

/** Everything that we, or somebody because of us, could write about one server. */
const about =
  'mcpservers,deployments,replicasets,pods,services,endpointslices,networkpolicies,configmaps,secrets,events';
/** And about ourselves; the Lease is renewed, and is the one exception. */
const ourselves = `${about},validatingwebhookconfigurations,mutatingwebhookconfigurations`.replace('mcpservers,', '');

describe('a verified MCPServer that nobody changes', () => {
  const namespace = useNamespace();

  const versions = async (): Promise<Readonly<Record<string, string>>> => {
    const objects = [
      ...(await list({ namespace }, about)),
      ...(await list({ namespace: release.namespace }, ourselves)),
    ];
    return Object.fromEntries(
      objects.map(({ kind, metadata }) => [`${kind}/${metadata.name}`, metadata.resourceVersion]),
    );
  };

  it('is not written, and neither is anything around it', async () => {
    await apply(namespace, kubernetesServer('search'));
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    // The Deployment's controller writes its own status a moment after the pod is ready.
    await sleep(3_000);
    const before = await versions();
    expect(Object.keys(before)).toEqual(
      expect.arrayContaining(['MCPServer', 'Deployment', 'Service', 'NetworkPolicy'].map((kind) => `${kind}/search`)),
    );
    await sleep(quietMs);
    // Events end by themselves after an hour: what is gone was not written.
    const after = await versions();
    const written = Object.entries(after).filter(([object, version]) => before[object] !== version);
    expect(written).toEqual([]);
  });
});
