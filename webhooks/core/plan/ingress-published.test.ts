import { describe, expect, it } from '@jest/globals';
import type { ApiState } from '../engine/installation.ts';
import type { Finding } from '../engine/finding.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import { ingress } from '../resources/ingress.ts';
import type { Registration } from '../resources/registration.ts';
import { anMCPServer, withGeneration, withRawSpec, withStatus, withUid } from '../testing/builders.ts';
import { decideIngress } from './ingress-published.ts';
import type { IngressInput, IngressReport } from './ingress-published.ts';
import type { ObservedChild } from './observed.ts';
import { aChild } from './testing/a-child.ts';

const appliedAt = '2026-01-01T00:00:00Z';
const at = (seconds: number): number => Date.parse(appliedAt) + seconds * 1_000;
const url = 'http://mcp.example.com/mcp';

const asking = (spec: object = {}, settings: object = {}): MCPServer =>
  anMCPServer(
    ...[withUid('u-1'), withGeneration(1)],
    withRawSpec({ ...spec, extensions: { ingress: { host: 'mcp.example.com', ...settings } } }),
  );
const object = (registration: Partial<Registration> = {}, uid = 'u-1'): ObservedChild => ({
  ...{ ...aChild({ uid }), apiVersion: ingress.apiVersion, kind: ingress.kind },
  registration: { answer: { state: 'yes' }, appliedAt, url: 'http://mcp.example.com', ...registration },
});

function decided(input: Partial<IngressInput> = {}, state: ApiState = 'served'): IngressReport {
  const report = decideIngress({
    ...{ server: asking(), apis: new Map([['Ingress', state]]), outcomes: [], children: [object()], nowMs: at(31) },
    ...input,
  });
  if (report === undefined) throw new Error('nothing is said of it');
  return report;
}

const said = ({ said: { status, reason, message, cause } }: IngressReport): string =>
  `${status}/${reason}: ${message}${cause === undefined ? '' : ` <${cause}>`}`;

describe('a server with an Ingress', () => {
  it('is published once an ingress controller has said where', () => {
    const report = decided();
    expect(said(report)).toBe(`True/Published: Ingress search has an address; its URL is ${url}`);
    expect(report.url).toBe(url);
  });

  it('is told who has the same host and path, by name only in its own namespace', () => {
    const rest =
      'an Ingress of this class with the same host and path, and which of them gets a call is for the ingress';
    expect(said(decided({ rival: { name: 'twin' } }))).toContain(`its URL is ${url}; MCPServer 'twin' has ${rest}`);
    expect(said(decided({ rival: 'elsewhere' }))).toContain(`; a server of another namespace has ${rest}`);
    expect(said(decided({ rival: 'several' }))).toContain(`; many other servers of this namespace have ${rest}`);
  });

  it('waits 30 seconds, then says that nobody answers, of which class', () => {
    const none = { children: [object({ answer: { state: 'none' } })] };
    const waiting = decided({ ...none, nowMs: at(10) });
    expect(said(waiting)).toBe(
      'False/IngressPending: Waiting for an ingress controller to take Ingress search <waiting>',
    );
    expect(waiting.lookAgainMs).toBe(20_000);
    expect(said(decided(none))).toMatch(/^False\/IngressPending: No ingress.*default IngressClass.*<silent>$/);
    const classed = decided({ ...none, server: asking({}, { className: 'traefik' }) });
    expect(said(classed)).toContain("IngressClass 'traefik'");
    expect(classed).toEqual({ said: expect.anything() });
  });

  it('waits no longer than that for an Ingress of the future, and not at all for one of no time', () => {
    const none = { answer: { state: 'none' } } as const;
    expect(decided({ children: [object({ ...none, appliedAt: '2027-01-01T00:00:00Z' })] }).lookAgainMs).toBe(30_000);
    expect(decided({ children: [object({ ...none, appliedAt: 'x' })] }).lookAgainMs).toBeUndefined();
  });

  it('is told what keeps calls out, and that nobody is asked for credentials', () => {
    const server = asking({
      network: { ingressFrom: [{ podSelector: {} }] },
      transport: { tls: { enabled: true, insecureSkipVerify: true } },
    });
    expect(said(decided({ server, isOpen: true }))).toMatch(/ingressFrom.*speaks TLS.*without credentials/);
  });

  it('is told what the policy has against it, and keeps the address of what stays', () => {
    const finding: Finding = {
      ...{ ruleId: 'ingress-allowed', severity: 'deny', path: ['spec'], remedy: 'x' },
      ...{ headline: 'the host is not allowed here', detail: "found 'mcp.example.com'" },
    };
    const report = decided({ findings: [finding] });
    expect(said(report)).toBe(
      "False/IngressNotAllowed: The policy does not let it be published: the host is not allowed here, found 'mcp.example.com' [ingress-allowed]; what is published stays as it is <ingress-allowed>",
    );
    expect(report.url).toBe(url);
    expect(decided({ findings: [finding], children: [] })).toEqual({
      said: expect.objectContaining({ message: expect.not.stringContaining('stays') }),
    });
    expect(said(decided({ findings: [finding] }, 'off'))).toMatch(/^False\/FeatureDisabled/);
    expect(said(decided({ findings: [{ ...finding, severity: 'warn' }] }))).toMatch(/^True\/Published/);
  });

  it('believes no Ingress of somebody else', () => {
    expect(decided({ children: [object({}, 'another')] })).toEqual({
      said: expect.objectContaining({ status: 'Unknown', reason: 'Initializing' }),
    });
  });

  it('keeps its address where a change of the Ingress is refused', () => {
    const action = { type: 'apply', of: ingress, object: { metadata: { name: 'search' } } } as never;
    const report = decided({ outcomes: [{ action, result: 'failed', message: 'no', cause: 'x', retry: false }] });
    expect(said(report)).toMatch(/^False\/IngressUnavailable: Failed to reconcile Ingress: no/);
    expect(report.url).toBe(url);
  });

  it('is told of what is switched off, and of no address then', () => {
    const report = decided({ children: [] }, 'off');
    expect(said(report)).toMatch(
      /^False\/FeatureDisabled: spec.extensions.ingress is not followed: .*ingress.enabled=true.*; any Ingress of before stays, and goes on, until/,
    );
    expect(report.url).toBeUndefined();
  });

  it('keeps what was said while nobody can tell, as after a restart', () => {
    const condition = {
      ...{ type: 'IngressPublished', status: 'True' as const, reason: 'Published', message: 'as it was' },
      ...{ lastTransitionTime: appliedAt, observedGeneration: 1 },
    };
    const before = (more: object = {}, others: readonly object[] = []): MCPServer =>
      anMCPServer(
        // It was changed meanwhile.
        ...[withUid('u-1'), withRawSpec({ extensions: { ingress: { host: 'new.example.com' } } })],
        withStatus({ conditions: [condition, ...others], address: { url }, ...more } as NonNullable<
          MCPServer['status']
        >),
      );
    const report = decided({ server: before(), children: [] }, 'unknown');
    expect(said(report)).toBe('True/Published: as it was');
    expect(report.url).toBe(url);
    const inside = before({ extensions: { clusterURL: url } });
    expect(decided({ server: inside, children: [] }, 'unknown').url).toBeUndefined();
    const atGateway = before({}, [{ ...condition, type: 'GatewayRegistered' }]);
    expect(decided({ server: atGateway, children: [] }, 'unknown').url).toBeUndefined();
    expect(decided({ children: [] }, 'unknown').url).toBeUndefined();
  });

  it('says nothing of a server without one', () => {
    expect(decideIngress({ server: anMCPServer(), apis: new Map(), outcomes: [], children: [], nowMs: 0 })).toBe(
      undefined,
    );
  });
});
