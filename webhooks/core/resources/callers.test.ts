import { describe, expect, it } from '@jest/globals';
import type { Finding } from '../engine/finding.ts';
import type { ApiState, Installation } from '../engine/installation.ts';
import type { GatewaySettings } from '../mcpserver/gateway.ts';
import { anMCPServer, withRawSpec, withStatus } from '../testing/builders.ts';
import type { ExpansionInput } from './expanded-kind.ts';
import { gatewayAsking } from './gateway-asking.ts';
import { ingressCaveat } from './ingress.ts';
import { networkPolicy } from './network-policy.ts';
import { podMonitor } from './pod-monitor.ts';

const installation: Installation = {
  ...{ namespace: 'mcp-lifecycle-system', image: 'x', clusterDomain: 'cluster.local' },
  ...{ serviceAccounts: [], secrets: [], podLabels: { app: 'mcp-lifecycle' } },
};
const settings: GatewaySettings = new Map([
  ['gateway-name', 'public'],
  ['gateway-namespace', 'gateways'],
]);
const closed = (spec: object = {}, extensions: object = {}): ReturnType<typeof anMCPServer> =>
  anMCPServer(withRawSpec({ ...spec, extensions: { network: { posture: 'Restricted' }, ...extensions } }));
const ingressOf = (input: ExpansionInput): unknown =>
  (networkPolicy.build(input)[0]?.['spec'] as { readonly ingress?: unknown }).ingress;

const ofNamespace = (name: string): object => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
});
const ours = { ...ofNamespace('mcp-lifecycle-system'), podSelector: { matchLabels: { app: 'mcp-lifecycle' } } };
const routed = { gateway: { provider: 'httproute', configRef: 'edge' } };
const ports = [{ protocol: 'TCP', port: 8080 }];

describe('a server of posture Restricted', () => {
  it('lets in the pods that verify it, and nobody else', () => {
    expect(ingressOf({ server: closed(), installation })).toEqual([{ ports, from: [ours] }]);
    const candidate = networkPolicy.build({ server: closed(), installation, candidateTemplate: 'x' })[1];
    expect(candidate).toMatchObject({ spec: { ingress: [{ ports, from: [ours] }] } });
  });

  it('lets in the namespace of the Gateway that its HTTPRoute names', () => {
    expect(ingressOf({ server: closed(routed), installation, gateway: settings })).toEqual([
      { ports, from: [ours, ofNamespace('gateways')] },
    ]);
    const other = { gateway: { provider: 'example.com/edge', configRef: 'edge' } };
    expect(ingressOf({ server: closed(other), installation, gateway: settings })).toEqual([{ ports, from: [ours] }]);
  });

  it('lets who reads metrics in at their own port only, and nobody there whom the spec does not name', () => {
    const from = [{ podSelector: {} }];
    const reading = closed({}, { metrics: { port: 9090, from } });
    expect(ingressOf({ server: reading, installation })).toEqual([
      { ports, from: [ours] },
      { ports: [{ protocol: 'TCP', port: 9090 }], from },
    ]);
    expect(ingressOf({ server: closed({}, { metrics: { port: 9090 } }), installation })).toEqual([
      { ports, from: [ours] },
    ]);
  });

  it('lets in whom its author lists, and nobody besides', () => {
    const ingressFrom = [{ podSelector: { matchLabels: { role: 'client' } } }];
    const server = closed({ ...routed, network: { ingressFrom } });
    expect(ingressOf({ server, installation, gateway: settings })).toEqual([{ ports, from: ingressFrom }]);
  });

  it('lets in nobody where nobody is known, which is not everybody', () => {
    expect(networkPolicy.build({ server: closed() })[0]?.['spec']).toEqual({
      podSelector: expect.anything(),
      policyTypes: ['Ingress'],
    });
  });

  it('goes on letting in the Gateway that its route is at, whatever the ConfigMap has become', () => {
    const server = closed(routed);
    const gone = { server, installation, routedFrom: 'gateways' };
    expect(ingressOf(gone)).toEqual([{ ports, from: [ours, ofNamespace('gateways')] }]);
    expect(ingressOf({ ...gone, gateway: settings })).toEqual([{ ports, from: [ours, ofNamespace('gateways')] }]);
    expect(ingressOf({ ...gone, gateway: settings, routedFrom: 'before' })).toEqual([
      { ports, from: [ours, ofNamespace('gateways'), ofNamespace('before')] },
    ]);
    const candidate = networkPolicy.build({ ...gone, candidateTemplate: 'x' })[1];
    expect(candidate).toMatchObject({ spec: { ingress: [{ ports, from: [ours, ofNamespace('gateways')] }] } });
    expect(ingressOf({ ...gone, server: closed({ gateway: { provider: 'gke' } }) })).toEqual([{ ports, from: [ours] }]);
  });

  it('never lets in a Gateway that the policy refuses', () => {
    const refused: Finding = {
      ...{ ruleId: 'gateway-allowed', severity: 'deny', path: ['spec', 'gateway', 'configRef'] },
      ...{ headline: 'x', detail: 'x', remedy: 'x' },
    };
    const evil = new Map([...settings, ['gateway-namespace', 'evil']]);
    const input = (findings: readonly Finding[]): ExpansionInput => ({
      ...{ server: closed(routed), installation, gateway: evil, verdict: { findings, rules: 1, apis: new Map() } },
    });
    expect(ingressOf(input([refused]))).toEqual([{ ports, from: [ours] }]);
    expect(ingressOf({ ...input([refused]), routedFrom: 'gateways' })).toEqual([
      { ports, from: [ours, ofNamespace('gateways')] },
    ]);
    expect(ingressOf(input([{ ...refused, severity: 'warn' }]))).toEqual([
      { ports, from: [ours, ofNamespace('evil')] },
    ]);
  });

  it('keeps its policy while nobody can say where the gateway is that may take calls for it', () => {
    const spec = withRawSpec({ ...routed, extensions: { network: { posture: 'Restricted' } } });
    const isKept = (
      status: 'True' | 'False' | undefined,
      state: ApiState,
      more: Partial<ExpansionInput> = {},
    ): unknown => {
      const said = { type: 'GatewayRegistered', reason: 'x', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' };
      const server = anMCPServer(spec, withStatus({ conditions: status === undefined ? [] : [{ ...said, status }] }));
      const verdict = { findings: [], rules: 1, apis: new Map([['HTTPRoute', state]]) };
      return networkPolicy.isKept?.({ server, installation, verdict, ...more });
    };
    expect(isKept('True', 'unknown')).toBe(true);
    expect(isKept('False', 'unknown')).toBe(true);
    expect(isKept(undefined, 'unknown')).toBe(false);
    expect(isKept('True', 'unknown', { gateway: settings })).toBe(false);
    // Another project makes the routes.
    expect(isKept('True', 'off')).toBe(true);
    expect(isKept('False', 'off')).toBe(false);
    // There is no route then: it would be seen.
    expect(isKept('True', 'served')).toBe(false);
  });

  it('is told that readers of the port of the server count for nothing', () => {
    const caveat = (metrics: object): unknown => {
      const { requirement } = podMonitor;
      return requirement === 'required' ? '' : requirement.asking?.caveat(closed({}, { metrics }));
    };
    const from = [{ podSelector: {} }];
    expect(caveat({ port: 9090, from })).toBeUndefined();
    expect(caveat({ port: 'mcp', from })).toMatch(/^posture Restricted lets in nobody who reads metrics/);
    expect(caveat({ port: 8080, from: [] })).toMatch(/^posture Restricted/);
  });

  it('is told whom it keeps out although it is published', () => {
    expect(gatewayAsking.caveat(closed(routed))).toBeUndefined();
    expect(gatewayAsking.caveat(closed({ gateway: { provider: 'gke' } }))).toMatch(/^posture Restricted/);
    expect(ingressCaveat(closed())).toMatch(/^posture Restricted does not let the ingress controller in/);
  });
});

it('is open to everybody where the posture says so, or nothing', () => {
  const open = anMCPServer(withRawSpec({ extensions: { network: { posture: 'Open' } } }));
  for (const server of [open, anMCPServer()]) expect(ingressOf({ server, installation })).toEqual([{ ports }]);
});
