/**
 * @alone it brings CustomResourceDefinitions of Cilium, which come and go, and installs the chart with another value.
 * @installs the chart with egressHosts to begin with.
 * @slow an API that comes, or goes, is noticed within 20 seconds, three times; one installation.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { installChart } from '../../harness/chart.ts';
import { eventually } from '../../harness/eventually.ts';
import { untilKindsAreServed } from '../../harness/kinds.ts';
import { conditionOf, get, kubectl, kubectlOk } from '../../harness/kubectl.ts';
import { untilComplete } from '../../harness/leader.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { nodeCrd, policyCrd } from './cilium-crds.ts';

const egressHosts = [{ host: 'api.example.com' }, { host: '*.search.example.com', ports: [443, 8443] }];
const node = { apiVersion: 'cilium.io/v2', kind: 'CiliumNode', metadata: { name: 'node-1' }, spec: {} };

/** Of Cilium there are the schemas of its kinds alone: nobody obeys the policy. */
describe('a server that names hosts, in a cluster that gets and loses Cilium', () => {
  const namespace = useNamespace();
  const opened = (status: string, reason: string) => ({ type: 'EgressHostsOpened', status, reason });

  const send = (verb: readonly string[], spec: object = {}) =>
    kubectl(
      [...verb, '--namespace', namespace, '--filename', '-'],
      kubernetesServer('search', { runtime: { replicas: 0 }, extensions: { network: { egressHosts } }, ...spec }),
    );
  const untilRefused = (what: string): Promise<string> =>
    eventually(`admission refuses: ${what}`, async () => {
      const { code, stderr } = await send(['create', '--dry-run=server']);
      return code !== 0 && stderr.includes(what) && stderr;
    });
  const untilApplied = (spec: object = {}): Promise<unknown> =>
    eventually('admission lets it in', async () => (await send(['apply'], spec)).code === 0);
  const egressOf = async (plural: string): Promise<unknown> =>
    (await get(namespace, plural, 'search'))?.spec?.['egress'];

  const removeApi = (): Promise<unknown> =>
    kubectl(['delete', 'crd', policyCrd.metadata.name, nodeCrd.metadata.name, '--ignore-not-found']);

  beforeAll(async () => {
    await removeApi();
    await installChart({ args: ['--set', 'egressHosts.enabled=true'] });
    await untilComplete();
  });
  afterAll(removeApi);

  it('is refused while there is no such kind, and while there is one and nobody obeys it', async () => {
    const refusal = await untilRefused('this cluster has no CiliumNetworkPolicy (cilium.io/v2)');
    expect(refusal).toContain('[egress-hosts-enforced]');
    for (const crd of [policyCrd, nodeCrd]) await kubectlOk(['apply', '--filename', '-'], crd);
    const crds = [policyCrd.metadata.name, nodeCrd.metadata.name];
    await untilKindsAreServed('crd', ...crds);
    // Longer than it takes to be noticed.
    await new Promise((resolve) => setTimeout(resolve, 25_000));
    await untilRefused('or nobody who obeys one (no ciliumnodes)');
  });

  it('has its hosts opened by Cilium once an agent has said that it is there, and everything else closed', async () => {
    await eventually('the kind of nodes is there', async () => {
      return (await kubectl(['apply', '--filename', '-'], node)).code === 0;
    });
    await untilApplied();
    await untilCondition(namespace, 'search', opened('True', 'Applied'));
    const dns = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } };
    expect(await egressOf('networkpolicies')).toEqual([
      expect.objectContaining({ to: [{ ...dns, podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }] }),
    ]);
    // The schema keeps all of it.
    expect(await egressOf('ciliumnetworkpolicies')).toMatchObject([
      { toEndpoints: [{ matchLabels: { 'k8s:k8s-app': 'kube-dns' } }], toPorts: [{ rules: { dns: [{}] } }] },
      { toFQDNs: [{ matchName: 'api.example.com' }], toPorts: [{ ports: [{ port: '443', protocol: 'TCP' }] }] },
      { toFQDNs: [{ matchPattern: '*.search.example.com' }], toPorts: [{ ports: [{}, { port: '8443' }] }] },
    ]);
  });

  it('is told what Cilium finds invalid, when it has lasted', async () => {
    const lastTransitionTime = new Date(Date.now() - 180_000).toISOString();
    const refused = { type: 'Valid', status: 'False', reason: 'Invalid', message: 'no such name', lastTransitionTime };
    const to = ['ciliumnetworkpolicy', 'search', '--namespace', namespace, '--subresource=status', '--type=merge'];
    await kubectlOk(['patch', ...to, '--patch', JSON.stringify({ status: { conditions: [refused] } })]);
    const server = await untilCondition(namespace, 'search', opened('False', 'PolicyRefused'));
    expect(conditionOf(server, 'EgressHostsOpened')?.message).toContain('no such name');
  });

  it('stays closed and is told when Cilium goes, and may be changed but for its hosts', async () => {
    await kubectlOk(['delete', 'ciliumnode', 'node-1']);
    await untilCondition(namespace, 'search', opened('False', 'APINotInstalled'));
    await untilRefused('or nobody who obeys one (no ciliumnodes)');
    expect(await egressOf('networkpolicies')).toHaveLength(1);
    await untilApplied({ extraLabels: { team: 'search' } });
    const more = { extensions: { network: { egressHosts: [...egressHosts, { host: 'more.example.com' }] } } };
    // The place stays the list of hosts, of which any one needs the same. Each of our pods learns by itself that nobody obeys.
    await eventually('it is said of other hosts', async () =>
      (await send(['apply', '--dry-run=server'], more)).stderr.includes('[egress-hosts-enforced]'),
    );
  });
});
