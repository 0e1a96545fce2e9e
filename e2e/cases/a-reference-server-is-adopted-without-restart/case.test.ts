/**
 * @alone it installs the chart anew, over what the reference operator leaves behind.
 * @installs nothing to begin with: it removes the chart.
 * @slow the chart goes, comes under the other profile, and goes back.
 */
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { MCPServer, ResourceRequirements } from '../../../webhooks/core/mcpserver/types.gen.ts';
import { referenceChildren } from '../../../webhooks/core/resources/testing/reference-children.ts';
import { applyObject } from '../../../webhooks/platform/kube/apply.ts';
import { connectToCluster } from '../../../webhooks/platform/kube/connect.ts';
import { installChart, uninstallChart } from '../../harness/chart.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectl, kubectlOk, list, without, type KubeObject } from '../../harness/kubectl.ts';
import { childKinds, childrenOf } from '../../harness/leftovers.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

const crd = 'mcpservers.mcp.x-k8s.io';
const settings = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'settings' }, data: { B: '2', A: '1' } };
/** As the reference operator computes it: of what is referenced, key by key. */
const configHash = createHash('sha256').update('configmap/settings/A=1\0configmap/settings/B=2\0').digest('hex');
const name = 'search';
/** Of a build that gives resources to who says nothing of them. */
const newer = 'newer';
const resources = { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '500m', memory: '256Mi' } };

/** It names no account, and ends at once without a token: the reference operator mounts that of `default`. */
const server = (config: object = {}): object =>
  kubernetesServer(name, {
    config: {
      ...{
        port: 8080,
        arguments: ['--port', '8080', '--read-only'],
        envFrom: [{ configMapRef: { name: 'settings' } }],
      },
      ...config,
    },
    extraLabels: { team: 'a' },
    runtime: { replicas: 1 },
  });
const withVariable = { env: [{ name: 'GOING', value: '1' }] };

/** The CRD as the reference operator installs it: no field of ours, and a conversion webhook that has gone with it. */
async function installReferenceCrd(): Promise<void> {
  const installed = await get('default', 'customresourcedefinitions', crd);
  const spec = installed?.spec as unknown as CrdSpec;
  const versions = spec.versions.map((version) => {
    const { openAPIV3Schema } = version.schema;
    const properties = Object.fromEntries(
      Object.entries(openAPIV3Schema.properties).map(([field, schema]) =>
        schema.properties === undefined
          ? [field, schema]
          : [field, { ...schema, properties: without(schema.properties, 'extensions') }],
      ),
    );
    return { ...version, schema: { openAPIV3Schema: { ...openAPIV3Schema, properties } } };
  });
  const service = { name: 'webhook-service', namespace: 'mcp-lifecycle-operator-system', path: '/convert' };
  const webhook = { clientConfig: { service }, conversionReviewVersions: ['v1'] };
  await kubectlOk(['replace', '--filename', '-'], {
    ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
    // Helm knows nothing of it, and neither does who owns its fields.
    metadata: { name: crd, managedFields: [{}] },
    spec: { ...spec, versions, conversion: { strategy: 'Webhook', webhook } },
  });
}

interface CrdSpec {
  readonly versions: readonly {
    readonly schema: {
      readonly openAPIV3Schema: {
        readonly properties: Readonly<Record<string, { readonly properties?: Readonly<Record<string, unknown>> }>>;
      };
    };
  }[];
}

describe('a server of the reference operator, moved over as the guide says', () => {
  const namespace = useNamespace();
  let pods: readonly string[] = [];
  let podsOfNewer: readonly string[] = [];
  let before: KubeObject | undefined;

  const identities = async (of = name): Promise<readonly string[]> =>
    (await list({ namespace }, 'pods', `mcp-server=${of}`)).map(({ metadata }) => metadata.uid);
  const managersOf = async (): Promise<readonly string[]> => {
    const which = [childKinds.join(','), '--namespace', namespace, '--selector', `mcp-server=${name}`];
    const text = await kubectlOk(['get', ...which, '--show-managed-fields', '--output', 'json']);
    const { items } = JSON.parse(text) as { readonly items: readonly { readonly metadata: Managed }[] };
    return items.flatMap(({ metadata }) =>
      metadata.managedFields.flatMap(({ manager, operation, subresource }) =>
        subresource === undefined ? [`${manager} ${operation}`] : [],
      ),
    );
  };
  const deploymentNow = (): Promise<KubeObject | undefined> => get(namespace, 'deployments', name);
  const annotationsOfReference = async (): Promise<readonly string[]> =>
    Object.keys((await deploymentNow())?.metadata.annotations ?? {}).filter((key) => key.startsWith('mcp.x-k8s.io/'));
  const writtenByReference = async (): Promise<void> => {
    const now = await get(namespace, 'mcpservers', name);
    const condition = { type: 'Ready', status: 'True', reason: 'Available', message: 'MCP server is ready' };
    const written = await applyObject(await connectToCluster(process.env), {
      object: {
        ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name, namespace } },
        status: { conditions: [{ ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' }] },
      },
      ...{ plural: 'mcpservers', subresource: 'status', fieldManager: 'mcpserver-controller' },
      expected: { uid: now?.metadata.uid ?? '' },
    });
    expect(written.ok).toBe(true);
  };

  /** A server with the children that the reference operator makes of it. */
  const bring = async (manifest: object, { configHash: hash, resources: given }: Brought): Promise<void> => {
    const create = ['create', '--namespace', namespace, '--filename', '-'];
    const created = JSON.parse(await kubectlOk([...create, '--output', 'json'], manifest)) as MCPServer;
    const { apiVersion, kind, metadata, spec } = created;
    const owner = { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '', controller: true };
    const made = given === undefined ? created : { ...created, spec: { ...spec, runtime: { resources: given } } };
    const items = referenceChildren(made, {
      ...(hash === undefined ? {} : { configHash: hash }),
      owner: { ...owner, blockOwnerDeletion: true },
    });
    await kubectlOk([...create, '--field-manager', 'manager'], { apiVersion: 'v1', kind: 'List', items });
  };

  beforeAll(async () => {
    await uninstallChart();
    await installReferenceCrd();
    await apply(namespace, settings);
    await bring(server(withVariable), { configHash });
    await bring(kubernetesServer(newer, { runtime: { replicas: 1 } }), { resources });
    for (const one of [name, newer])
      await kubectlOk(['rollout', 'status', `deployment/${one}`, '--namespace', namespace, '--timeout=300s']);
    await writtenByReference();
    pods = await identities();
    podsOfNewer = await identities(newer);
    before = await deploymentNow();
  });

  it('cannot be read in its other version without the conversion webhook of the operator, which is gone', async () => {
    const { code, stderr } = await kubectl(['get', 'mcpservers.v1alpha1.mcp.x-k8s.io', '--namespace', namespace]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('conversion webhook');
  });

  it('is adopted with the pod that it has: nothing restarts, and nobody else owns a field', async () => {
    const noConversion = { spec: { conversion: { strategy: 'None', webhook: null } } };
    await kubectlOk(['patch', 'crd', crd, '--type', 'merge', '--patch', JSON.stringify(noConversion)]);
    await installChart({ args: ['--take-ownership', '--force-conflicts', '--set', 'compatibility.profile=reference'] });
    await untilCondition(namespace, name, { type: 'Verified', status: 'True' });
    await eventually(
      'every child is taken over',
      async () => {
        const managers = await managersOf();
        const isOurs = managers.every((manager) => manager === 'mcp-lifecycle Apply');
        // What is ours by one write is taken away by the next one.
        return managers.length === childKinds.length && isOurs && (await annotationsOfReference()).length === 0;
      },
      { describe: async () => [await managersOf(), await annotationsOfReference()] },
    );
    expect(await identities()).toEqual(pods);
    expect(pods).toHaveLength(1);
    expect((await deploymentNow())?.spec).toEqual(before?.spec);
    // Fields of somebody else that are gone are said to stand until they have been looked for.
    await eventually('nothing of it is said to stand', async () => {
      const accepted = conditionOf(await get(namespace, 'mcpservers', name), 'Accepted');
      return accepted?.message === 'Configuration is valid';
    });
    expect(await list({ namespace }, 'replicasets', `mcp-server=${name}`)).toHaveLength(1);
    expect(await childrenOf(namespace, name)).toHaveLength(childKinds.length);
  });

  it('is adopted as well where a newer build gave it resources that nobody asked for', async () => {
    await untilCondition(namespace, newer, { type: 'Verified', status: 'True' });
    expect(podsOfNewer).toHaveLength(1);
    expect(await identities(newer)).toEqual(podsOfNewer);
    expect(JSON.stringify((await get(namespace, 'deployments', newer))?.spec)).toContain('"memory":"256Mi"');
  });

  it('can be read in both versions, which have the same conditions', async () => {
    const old = await get(namespace, 'mcpservers.v1alpha1.mcp.x-k8s.io', name);
    expect(conditionOf(old, 'Ready')).toMatchObject({ status: 'True', reason: 'Available' });
    expect(conditionOf(old, 'Verified')).toMatchObject({ status: 'True' });
  });

  it('keeps what the reference operator lets in, with a warning, and tells a missing object in its words', async () => {
    const asRoot = kubernetesServer('as-root', {
      runtime: { replicas: 0, security: { securityContext: { runAsUser: 0 } } },
    });
    const created = await kubectl(['create', '--namespace', namespace, '--filename', '-'], asRoot);
    expect(created).toMatchObject({ code: 0, stderr: expect.stringContaining('[run-as-non-root]') });
    await untilCondition(namespace, 'as-root', { type: 'Accepted', status: 'True' });
    await apply(
      namespace,
      kubernetesServer('missing', { config: { port: 8080, envFrom: [{ configMapRef: { name: 'x' } }] } }),
    );
    const missing = await untilCondition(namespace, 'missing', {
      type: 'Accepted',
      status: 'False',
      reason: 'Invalid',
    });
    expect(conditionOf(missing, 'Accepted')?.message).toBe(
      `ConfigMap 'x' (envFrom index 0) not found in namespace '${namespace}'`,
    );
  });

  it('loses with its next change what its spec does not say any more', async () => {
    await kubectlOk(['replace', '--namespace', namespace, '--filename', '-'], server());
    await eventually('the variable is gone', async () => {
      const found = await deploymentNow();
      return found !== undefined && !JSON.stringify(found.spec).includes('GOING');
    });
    await untilCondition(namespace, name, { type: 'Verified', status: 'True' });
  });
});

interface Brought {
  readonly configHash?: string;
  readonly resources?: ResourceRequirements;
}

interface Managed {
  readonly managedFields: readonly {
    readonly manager: string;
    readonly operation: string;
    readonly subresource?: string;
  }[];
}
