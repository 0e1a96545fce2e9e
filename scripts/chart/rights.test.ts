import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { compositeKinds } from '../../webhooks/core/composites/composite-kinds.ts';
import type { ExpandedKind } from '../../webhooks/core/resources/expanded-kind.ts';
import { expandedKinds } from '../../webhooks/core/resources/index.gen.ts';
import { buildRules } from '../generate/chart-rbac.ts';
import { at, render, type Manifest } from './render.ts';

// Each helm is a process of its own, and the machine may be busy.
const root = fileURLToPath(new URL('../../', import.meta.url));

/** One file that speaks to the API server: its requests, and the rights that they need as `role: verb group/resource[:name]`. */
interface Use {
  readonly requests: readonly string[];
  readonly needs: readonly string[];
}

const resourceOf = ({ apiVersion, plural }: ExpandedKind): string =>
  apiVersion.includes('/') ? `${apiVersion.replace(/\/.*$/, '')}/${plural}` : `/${plural}`;
/** Features that are on where no value says otherwise. */
const usualFeatures: readonly string[] = ['gateway'];
const isUsual = ({ requirement }: ExpandedKind): boolean =>
  requirement === 'required' || usualFeatures.includes(requirement.feature);
const usual = expandedKinds.filter(isUsual);
const children = usual.map(resourceOf);
/** What a server may stop to want. The others end with it, by the garbage collector. */
const deletable = usual.filter(({ wanted }) => wanted === 'sometimes').map(resourceOf);
/** Whose status is ours to write, too. */
const told = usual.filter(({ writesStatus }) => writesStatus === true).map((of) => `${resourceOf(of)}/status`);
/** What the chart grants only where somebody wants it. */
const optional = expandedKinds.filter((of) => !isUsual(of));
const configurations = ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'].map(
  (plural) => `admissionregistration.k8s.io/${plural}:mcp-lifecycle`,
);
const certificate = '/secrets:mcp-lifecycle-certificate';
const logLevel = '/configmaps:mcp-lifecycle-logging';
const lease = 'coordination.k8s.io/leases:mcp-lifecycle-leader';

/** Objects of the cluster that servers name: a Role gives no right to them, so nobody has it where only namespaces are watched. */
const classes = ['scheduling.k8s.io/priorityclasses', 'node.k8s.io/runtimeclasses'];

const everywhere = 'ClusterRole/mcp-lifecycle';
const here = 'Role/mcp-lifecycle';

function rights(role: string, verbs: readonly string[], resources: readonly string[]): readonly string[] {
  return resources.flatMap((resource) => verbs.map((verb) => `${role}: ${verb} ${resource}`));
}

const uses: Readonly<Record<string, Use>> = {
  // What webhooks/reconciler/triggers.ts, webhooks/platform/tls/keep-certificates.ts and follow-log-level.ts follow.
  'platform/kube/list-watch.ts': {
    requests: ['GET', 'WATCH'],
    needs: [
      ...rights(
        everywhere,
        ['list', 'watch'],
        ['mcp.x-k8s.io/mcpservers', ...children, '/pods', '/configmaps', '/secrets', ...configurations],
      ),
      ...rights(here, ['list', 'watch'], [certificate, logLevel]),
    ],
  },
  // A GET of a collection, with a name as its field selector, is a list of that name.
  'platform/kube/read-object.ts': {
    requests: ['GET'],
    needs: [
      ...rights(everywhere, ['list'], ['mcp.x-k8s.io/mcpservers', ...configurations]),
      ...rights(here, ['list'], [certificate]),
    ],
  },
  'platform/tls/certificate-secret.ts': { requests: ['PATCH'], needs: rights(here, ['patch'], [certificate]) },
  'platform/tls/webhook-configuration.ts': {
    requests: ['PATCH'],
    needs: rights(everywhere, ['patch'], configurations),
  },
  'platform/tls/serving-replicas.ts': {
    requests: ['GET'],
    needs: rights(here, ['list'], ['discovery.k8s.io/endpointslices']),
  },
  'platform/kube/references.ts': {
    requests: ['GET'],
    needs: [
      ...rights(everywhere, ['get'], ['/configmaps', '/secrets', '/serviceaccounts', '/persistentvolumeclaims']),
      ...rights(everywhere, ['get'], classes),
    ],
  },
  // An apply that creates is judged as patch and as create; one that sets blockOwnerDeletion, in some clusters, as update
  // of the owner's finalizers. An apply of the status never creates.
  'platform/kube/apply.ts': {
    requests: ['PATCH'],
    needs: [
      ...rights(everywhere, ['create', 'patch'], children),
      ...rights(everywhere, ['patch'], ['mcp.x-k8s.io/mcpservers/status', ...told]),
      ...rights(everywhere, ['update'], ['mcp.x-k8s.io/mcpservers/finalizers']),
    ],
  },
  'reconciler/restart-pods.ts': { requests: ['PATCH'], needs: rights(everywhere, ['patch'], ['apps/deployments']) },
  'reconciler/execute.ts': {
    requests: ['DELETE', 'GET'],
    needs: [...rights(everywhere, ['get'], children), ...rights(everywhere, ['delete'], deletable)],
  },
  // Whoever runs the command asks with rights of his own.
  'cli/ask-cluster.ts': { requests: ['GET'], needs: [] },
  'cli/ask-gateways.ts': { requests: ['GET'], needs: [] },
  'cli/ask-namespaces.ts': { requests: ['GET'], needs: [] },
  'cli/cluster-policy.ts': { requests: ['GET'], needs: [] },
  'cli/composite-read.ts': { requests: ['GET'], needs: [] },
  'cli/contract-cluster.ts': { requests: ['GET'], needs: [] },
  'cli/doctor-survey.ts': { requests: ['GET'], needs: [] },
  'cli/rollout-retry.ts': { requests: ['PATCH'], needs: [] },
  'cli/rollout-server.ts': { requests: ['GET'], needs: [] },
  // A registry, for a token; no API server.
  'platform/registry/registry-client.ts': { requests: ['POST'], needs: [] },
  // Prometheus, for its answers; no API server.
  'platform/prometheus.ts': { requests: ['POST'], needs: [] },
  // Of the command line, too: programs in a cluster follow what they list.
  'platform/kube/list-objects.ts': { requests: ['GET'], needs: [] },
  // Which APIs there are is for every account to know (ClusterRole system:discovery).
  'platform/kube/api-discovery.ts': { requests: ['GET'], needs: [] },
  // Hands on what others ask.
  'platform/kube/served-versions.ts': { requests: ['WATCH'], needs: [] },
  // Only where a kind above MCPServer is switched on: see below.
  'reconciler/composites/reconcile-composite.ts': { requests: ['GET'], needs: [] },
  'reconciler/composites/pods-of-waiting.ts': { requests: ['PATCH'], needs: [] },
  'reconciler/composites/let-go.ts': { requests: ['PATCH'], needs: [] },
  'reconciler/list-late-pods.ts': { requests: ['GET'], needs: rights(everywhere, ['list'], ['/pods']) },
  // Only where HTTPRoutes are switched on, and MCPServerRegistrations, which both programs may list then: see below.
  'admission/kept-reads.ts': { requests: ['GET'], needs: [] },
  'reconciler/gateways.ts': { requests: ['GET'], needs: [] },
  // Only with networkPolicy.probe: see below.
  'reconciler/network/ask-network.ts': { requests: ['DELETE', 'GET', 'POST'], needs: [] },
  'reconciler/network/network-probe.ts': { requests: ['GET', 'PATCH'], needs: [] },
  'reconciler/refresh-child.ts': { requests: ['GET'], needs: rights(everywhere, ['get'], children) },
  'reconciler/newest-failure.ts': { requests: ['GET'], needs: rights(everywhere, ['list'], ['apps/replicasets']) },
  'reconciler/template-revision.ts': { requests: ['GET'], needs: rights(everywhere, ['get'], ['apps/replicasets']) },
  'reconciler/hold-template.ts': {
    requests: ['GET'],
    needs: rights(everywhere, ['get'], ['apps/deployments', 'apps/replicasets']),
  },
  'platform/kube/events.ts': {
    requests: ['PATCH', 'POST'],
    needs: rights(everywhere, ['create', 'patch'], ['events.k8s.io/events']),
  },
  // By an apply it creates the Lease where the chart's did not arrive.
  'platform/kube/lease.ts': {
    requests: ['GET', 'PUT'],
    needs: rights(here, ['get', 'update', 'create', 'patch'], [lease]),
  },
  'platform/kube/restarting-holder.ts': { requests: ['GET'], needs: rights(here, ['get'], ['/pods']) },
  'admission/await-admission.ts': {
    requests: ['POST'],
    needs: rights('Role/mcp-lifecycle-admission-check', ['create'], ['mcp.x-k8s.io/mcpservers']),
  },
};

/** What is on the wire by itself, not by whoever calls it; and what speaks to MCP servers. */
const notCallers =
  /\.test\.ts$|\.gen\.ts$|\/testing\/|^platform\/kube\/(api|api-client|count-requests)\.ts$|^(reconciler\/verify|platform\/mcp)\//;

async function findRequests(): Promise<readonly string[]> {
  const files = (await readdir(`${root}webhooks`, { recursive: true })).filter(
    (file) => file.endsWith('.ts') && !notCallers.test(file),
  );
  const found = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(`${root}webhooks/${file}`, 'utf8');
      const requests = [...text.matchAll(/method: '([A-Z]+)'|\bapi\.watch\(/g)].map(([, method]) => method ?? 'WATCH');
      return [...new Set(requests)].map((request) => `${file} ${request}`);
    }),
  );
  return found.flat().sort();
}

/** For people, as user-roles.test.ts has them; our pods get nothing by it. */
function isForPeople({ metadata }: Manifest): boolean {
  return metadata.labels?.['app.kubernetes.io/component'] === 'user-role';
}

function granted(manifests: readonly Manifest[]): readonly string[] {
  return manifests
    .filter((manifest) => manifest.kind.endsWith('Role') && !isForPeople(manifest))
    .flatMap(({ kind, metadata, rules = [] }) =>
      rules.flatMap(({ apiGroups, resources, verbs, resourceNames = [''] }) =>
        apiGroups.flatMap((group) =>
          resources.flatMap((resource) =>
            resourceNames.flatMap((name) =>
              rights(`${kind}/${metadata.name}`, verbs, [`${group}/${resource}${name === '' ? '' : `:${name}`}`]),
            ),
          ),
        ),
      ),
    )
    .sort();
}

describe('the rights of the chart', () => {
  it('are exactly those that the code needs', async () => {
    const needed = Object.values(uses).flatMap(({ needs }) => needs);
    expect(granted(await render())).toEqual([...new Set(needed)].sort());
  });

  it('let us delete what a server may stop to want, and nothing else', async () => {
    const kinds = [
      { apiVersion: 'apps/v1', plural: 'deployments', wanted: 'always' },
      { apiVersion: 'policy/v1', plural: 'poddisruptionbudgets', wanted: 'sometimes' },
    ] as const;
    const rulesToDelete = (rules: readonly object[]): readonly object[] =>
      rules.filter((rule) => JSON.stringify(rule).includes('"delete"'));
    expect(rulesToDelete(buildRules(kinds))).toEqual([
      { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: ['delete'] },
    ]);
    // A candidate is of the kinds of which every server has one.
    expect(granted(await render()).filter((right) => right.includes(': delete '))).toEqual([
      ...['apps/deployments', 'mcp.x-k8s.io/mcpgatewaybindings', 'networking.k8s.io/networkpolicies'].map(
        (of) => `${everywhere}: delete ${of}`,
      ),
    ]);
  });

  it.each([[[]], [['--set', 'watchNamespaces={a}']]])(
    'are more only for optional kinds that are switched on, with %j',
    async (args) => {
      const before = granted(await render(...args));
      const features = new Set(
        optional.flatMap(({ requirement }) => (requirement === 'required' ? [] : requirement.feature)),
      );
      const switches = [...features].flatMap((feature) => ['--set', `${feature}.enabled=true`]);
      const more = granted(await render(...args, ...switches)).filter((right) => !before.includes(right));
      const role = args.length === 0 ? everywhere : 'Role/mcp-lifecycle-servers';
      const verbs = ['get', 'list', 'watch', 'create', 'patch', 'delete'];
      expect(optional).not.toEqual([]);
      const read = rights(
        role,
        ['get'],
        ['gateway.networking.k8s.io/gateways', 'mcp.kuadrant.io/mcpgatewayextensions'],
      );
      // Objects of the cluster, by which it is known that somebody obeys the kind.
      const evidence = rights(everywhere, ['list'], ['cilium.io/ciliumnodes']);
      expect(more).toEqual([...rights(role, verbs, optional.map(resourceOf)), ...read, ...evidence].sort());
    },
  );

  it.each([[[]], [['--set', 'watchNamespaces={a}']]])(
    'are more only for kinds above MCPServer that are switched on, with %j',
    async (args) => {
      const before = granted(await render(...args));
      const role = args.length === 0 ? everywhere : 'Role/mcp-lifecycle-servers';
      for (const { feature, group, plural, servers } of compositeKinds) {
        const deletes = servers.wanted === 'sometimes' ? ['delete'] : [];
        const more = granted(await render(...args, '--set', `${feature}.enabled=true`));
        expect(more.filter((right) => !before.includes(right))).toEqual(
          [
            ...rights(role, ['list', 'watch'], [`${group}/${plural}`]),
            ...rights(role, ['patch'], [`${group}/${plural}/status`]),
            ...rights(role, ['update'], [`${group}/${plural}/finalizers`]),
            ...rights(role, ['get', 'create', 'patch', ...deletes], ['mcp.x-k8s.io/mcpservers']),
          ].sort(),
        );
      }
    },
  );

  it.each([[[]], [['--set', 'watchNamespaces={a}']]])(
    'are more in our own namespace only where NetworkPolicies are tried, with %j',
    async (args) => {
      const before = granted(await render(...args));
      const more = granted(await render(...args, '--set', 'networkPolicy.probe=true'));
      const name = 'mcp-lifecycle-network-probe';
      const tried = ['/pods', 'networking.k8s.io/networkpolicies'];
      expect(more.filter((right) => !before.includes(right))).toEqual(
        [
          ...rights(here, ['get', 'patch'], [`/configmaps:${name}`]),
          ...rights(here, ['create'], tried),
          ...rights(
            here,
            ['delete'],
            tried.map((of) => `${of}:${name}`),
          ),
        ].sort(),
      );
    },
  );

  it.each([
    [['certManager.enabled=true'], 'mcp-lifecycle-tls'],
    [['tls.existingSecret=ours', 'tls.caBundle=-----BEGIN CERTIFICATE-----'], 'ours'],
  ])('write no certificate when somebody else does, with %j', async (settings, secret) => {
    const isWriting = (right: string): boolean =>
      right.includes('endpointslices') ||
      (right.includes(': patch ') && (right.includes(certificate) || right.includes('webhookconfigurations')));
    const needed = [...new Set(Object.values(uses).flatMap(({ needs }) => needs))]
      .filter((right) => !isWriting(right))
      .map((right) => right.replace(certificate, `/secrets:${secret}`));
    expect(granted(await render(...settings.flatMap((setting) => ['--set', setting])))).toEqual(needed.sort());
  });

  it('are Roles in the namespaces that are watched without a look at classes, and only the webhook configurations need more', async () => {
    const manifests = await render('--set', 'watchNamespaces={a,b}');
    const ofCluster = new Set(rights(everywhere, ['get'], classes));
    const needed = [...new Set(Object.values(uses).flatMap(({ needs }) => needs))].filter(
      (right) => !ofCluster.has(right),
    );
    const isAboutServers = (right: string): boolean =>
      right.startsWith(everywhere) && !right.includes('admissionregistration.k8s.io');
    const expected = [
      ...needed.filter((right) => !isAboutServers(right)),
      ...needed.filter(isAboutServers).map((right) => right.replace(everywhere, 'Role/mcp-lifecycle-servers')),
    ].sort();
    for (const namespace of ['a', 'b']) {
      const isElsewhere = ({ kind, metadata }: Manifest): boolean =>
        kind === 'Role' && metadata.name.endsWith('-servers') && metadata.namespace !== namespace;
      expect(granted(manifests.filter((manifest) => !isElsewhere(manifest)))).toEqual(expected);
    }
    // The check asks where the webhooks answer.
    expect(
      manifests.find(({ metadata }) => metadata.name === 'mcp-lifecycle-admission-check' && metadata.namespace === 'a'),
    ).toBeDefined();
  });

  it.each([[[]], [['--set', 'watchNamespaces={a,b}']]])(
    'are bound to the accounts of the pods, with %j',
    async (args) => {
      const manifests = await render(...args);
      const id = (kind: string, { name, namespace = '' }: Manifest['metadata']): string =>
        `${kind} ${namespace}/${name}`;
      const roles = manifests.filter((manifest) => manifest.kind.endsWith('Role') && !isForPeople(manifest));
      const bindings = manifests.filter(({ kind }) => kind.endsWith('RoleBinding'));
      expect(bindings.map(({ kind, metadata }) => id(kind.replace('Binding', ''), metadata)).sort()).toEqual(
        roles.map(({ kind, metadata }) => id(kind, metadata)).sort(),
      );
      for (const binding of bindings) {
        expect(at(binding, 'roleRef.name')).toBe(binding.metadata.name);
        expect(at(binding, 'subjects')).toEqual([
          {
            kind: 'ServiceAccount',
            name: binding.metadata.name.replace('-servers', ''),
            namespace: 'mcp-lifecycle-system',
          },
        ]);
      }
    },
  );

  it('are judged by every request that there is in the code', async () => {
    const known = Object.entries(uses).flatMap(([file, { requests }]) =>
      requests.map((request) => `${file} ${request}`),
    );
    expect(await findRequests()).toEqual(known.sort());
  });

  it('hold no wildcard', async () => {
    const rules = granted(await render());
    expect(rules.filter((rule) => rule.includes('*'))).toEqual([]);
  });
});
