import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { applyDefaults } from '../defaults/apply.ts';
import type { CompatibilityProfile } from '../mcpserver/compatibility.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import { anMCPServer, withRawSpec } from '../testing/builders.ts';
import { generatedServers } from '../testing/generated-servers.ts';
import { referenceChildren } from './testing/reference-children.ts';
import { compact } from './compact.ts';
import type { KubernetesObject } from './expanded-kind.ts';
import { deployment } from './deployment.ts';
import { networkPolicy } from './network-policy.ts';
import { service } from './service.ts';

const configHash = 'abc';

function built(server: MCPServer, compatibility: CompatibilityProfile): readonly KubernetesObject[] {
  const input = { server: applyDefaults(server, compatibility), compatibility, configHash };
  return [deployment, service, networkPolicy].flatMap((kind) => kind.build(input));
}

function specOf(object: KubernetesObject | undefined): unknown {
  return compact({ spec: object?.['spec'] })['spec'];
}

const storage = [
  { path: '/settings', source: { type: 'ConfigMap', configMap: { name: 'settings', defaultMode: 292 } } },
  {
    ...{ path: '/secret', permissions: 'RecursiveReadOnly' },
    source: { type: 'Secret', secret: { secretName: 'secret', optional: true } },
  },
  { path: '/tmp', permissions: 'ReadWrite', source: { type: 'EmptyDir', emptyDir: { sizeLimit: '1Mi' } } },
];

describe('under compatibility.profile reference, the objects are those that the reference operator makes', () => {
  it.each<[string, Parameters<typeof withRawSpec>[0]]>([
    ['that says nothing optional', {}],
    ['with an account', { runtime: { security: { serviceAccountName: 'reader' } } }],
    [
      'whose own security context replaces all of the defaults',
      { runtime: { security: { securityContext: { runAsUser: 7 } } } },
    ],
    ['with a security context of pods', { runtime: { security: { podSecurityContext: { fsGroup: 7 } } } }],
    [
      'with configuration of every kind',
      {
        source: { containerImage: { pullPolicy: 'Always', imagePullSecrets: [{ name: 'pull' }] } },
        config: {
          ...{ arguments: ['--x'], env: [{ name: 'A', value: '1' }], envFrom: [{ secretRef: { name: 'token' } }] },
          storage,
        },
        extraLabels: { team: 'a' },
        extraAnnotations: { note: 'b' },
      },
    ],
    [
      'with probes, resources, replicas and no sessions',
      {
        runtime: {
          ...{ replicas: 7, resources: { limits: { memory: '64Mi' } } },
          health: { livenessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 30 } },
        },
        mcp: { stateless: true },
      },
    ],
  ])('of a server %s', (_, spec) => {
    const server = anMCPServer(withRawSpec(spec));
    expect(built(server, 'reference').map(specOf)).toEqual(referenceChildren(server, { configHash }).map(specOf));
  });

  it('of any server: no pod of it restarts when it is adopted', () => {
    fc.assert(
      fc.property(generatedServers, (server) => {
        const [ours] = built(server, 'reference');
        const [theirs] = referenceChildren(server, { configHash });
        expect(specOf(ours)).toEqual(specOf(theirs));
      }),
      { numRuns: 300 },
    );
  });

  it('which is not so under the default profile: what is safer there restarts its pods once', () => {
    const server = anMCPServer();
    const [ours] = built(server, 'default');
    const [theirs] = referenceChildren(server, { configHash });
    expect(specOf(ours)).not.toEqual(specOf(theirs));
  });
});

it('under compatibility.profile reference the token of the account is mounted, as five of its eight samples need', () => {
  const [ours] = built(anMCPServer(), 'reference');
  expect(JSON.stringify(ours)).not.toContain('automountServiceAccountToken');
  expect(JSON.stringify(built(anMCPServer(), 'default'))).toContain('"automountServiceAccountToken":false');
});

it('under compatibility.profile reference pods end as the API server has it, unless the server says how long they have', () => {
  const server = anMCPServer(withRawSpec({ extensions: { rollout: { terminationGracePeriodSeconds: 90 } } }));
  const [asked] = built(server, 'reference');
  expect(asked).toHaveProperty('spec.template.spec.terminationGracePeriodSeconds', 90);
  expect(asked).not.toHaveProperty('spec.template.spec.containers.0.lifecycle');
});
