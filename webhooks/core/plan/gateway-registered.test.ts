import { describe, expect, it } from '@jest/globals';
import type { ApiState } from '../engine/installation.ts';
import type { ReferenceFacts } from '../engine/facts.ts';
import type { MCPServer, MCPServerStatus } from '../mcpserver/types.gen.ts';
import { httpRoute } from '../resources/http-route.ts';
import { mcpGatewayBinding } from '../resources/mcp-gateway-binding.ts';
import { readBinding } from '../resources/registration.ts';
import type { Answer, Registration } from '../resources/registration.ts';
import { anMCPServer, withGeneration, withRawSpec, withStatus, withUid } from '../testing/builders.ts';
import type { Option } from '../testing/builders.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { WAITING } from './condition.ts';
import { decideGateway } from './gateway-registered.ts';
import type { GatewayInput, GatewayReport } from './gateway-registered.ts';
import type { ObservedChild } from './observed.ts';
import { aChild } from './testing/a-child.ts';

const appliedAt = '2026-01-01T00:00:00Z';
const soon = Date.parse('2026-01-01T00:00:10Z');
const late = Date.parse('2026-01-01T00:00:31Z');
const now = '2026-01-01T00:00:31Z';

const asking = (provider: string, ...options: readonly Option[]): MCPServer =>
  anMCPServer(
    ...[withUid('u-1'), withGeneration(2), withRawSpec({ gateway: { provider, configRef: 'edge' } })],
    ...options,
  );
const child = (of: typeof httpRoute, registration: Registration): ObservedChild => ({
  ...aChild({ uid: 'u-1' }),
  ...{ apiVersion: of.apiVersion, kind: of.kind, name: 'search-gateway-binding', registration },
});
const binding = (provider: string, more: Partial<Registration> = {}): ObservedChild =>
  child(mcpGatewayBinding, { answer: { state: 'none' }, appliedAt, provider, generation: 1, ...more });
const route = (answer: Answer): ObservedChild => child(httpRoute, { answer, appliedAt });
const withSettings = (settings: Readonly<Record<string, string>>): ReferenceFacts => ({
  lookUp: () => ({ state: 'found', keys: new Set(Object.keys(settings)), settings: new Map(Object.entries(settings)) }),
});
const complete = withSettings({ 'gateway-name': 'public', 'gateway-namespace': 'gateways' });
const served: ApiState = 'served';
const switchedOff = [
  ['HTTPRoute', 'off'],
  ['MCPServerRegistration', 'off'],
] as const;

function decided(input: Partial<GatewayInput> & Pick<GatewayInput, 'server'>): GatewayReport {
  const report = decideGateway({
    apis: new Map([
      ['MCPGatewayBinding', served],
      ['HTTPRoute', served],
    ]),
    ...{ outcomes: [], children: [], facts: complete, nowMs: late, now },
    ...input,
  });
  if (report === undefined) throw new Error('nothing is said of it');
  return report;
}

/** As one line, and what it comes from. */
const said = ({ said: { status, reason, message, cause } }: GatewayReport): string =>
  `${status}/${reason}: ${message}${cause === undefined ? '' : ` <${cause}>`}`;

describe('a server at a gateway of another project', () => {
  const by = (more: Partial<Registration>, nowMs = late): GatewayReport =>
    decided({ server: asking('example.com/edge'), children: [binding('example.com/edge', more)], nowMs });

  it('is registered when its provider says so, at the address that it says', () => {
    const report = by({ answer: { state: 'yes' }, url: 'https://mcp.example.com/search' });
    expect(said(report)).toBe('True/GatewayRegistered: Gateway integration is active');
    expect(report).toMatchObject({
      url: 'https://mcp.example.com/search',
      binding: { name: 'search-gateway-binding', provider: 'example.com/edge' },
    });
    // The status of the binding is theirs.
    expect(report.writes).toBeUndefined();
  });

  it('keeps its address inside the cluster when what the provider says is no URL', () => {
    for (const url of ['javascript:alert(1)', 'https://a b', '/mcp']) {
      const report = by({ answer: { state: 'yes' }, url });
      expect(report.url).toBeUndefined();
      expect(said(report)).toMatch(/^True.*no http or https URL/);
    }
  });

  it('is told why not in the words of the provider', () => {
    const report = by({ answer: { state: 'no', reason: 'RouteNotAccepted', message: 'hostname is taken' } });
    expect(said(report)).toMatch(
      /^False\/GatewayNotRegistered: .*'example.com\/edge'.*hostname is taken \(RouteNotAccepted\)/,
    );
  });

  it('waits for its provider for 30 seconds, then says that nobody answers', () => {
    const waiting = by({}, soon);
    expect(said(waiting)).toBe(
      `False/GatewayNotRegistered: Waiting for gateway provider 'example.com/edge' to register the server <${WAITING}>`,
    );
    expect(waiting.lookAgainMs).toBe(20_000);
    expect(said(by({}))).toMatch(/^False\/GatewayNotRegistered: No controller has answered .* <silent>$/);
    expect(by({}).lookAgainMs).toBeUndefined();
  });

  it('is not answered by what mcp-lifecycle itself has said, while the feature was on', () => {
    const words = { status: 'False', reason: 'GatewayNotRegistered', message: 'ConfigMap not found' };
    const before = { observedGeneration: 1, lastTransitionTime: appliedAt };
    const fieldsOfOurs = { 'f:status': {}, 'f:reason': {}, 'f:message': {} };
    const ours = {
      ...{ manager: 'mcp-lifecycle-status', operation: 'Apply', subresource: 'status' },
      fieldsV1: { 'f:status': { 'f:conditions': { 'k:{"type":"Registered"}': fieldsOfOurs } } },
    };
    const read = (status: object, managedFields: readonly object[] = [ours]): GatewayReport => {
      const raw = { metadata: { generation: 1, managedFields }, spec: { provider: 'kuadrant' }, status };
      const server = asking('kuadrant');
      return decided({
        server,
        children: [child(mcpGatewayBinding, readBinding(raw))],
        ...{ apis: new Map<string, ApiState>([['MCPGatewayBinding', served], ...switchedOff]) },
      });
    };
    for (const status of [
      { conditions: [{ type: 'Registered', ...words, ...before }] },
      { conditions: [{ type: 'Registered', ...words, ...before, status: 'True' }], url: 'https://mcp.example.com/mcp' },
    ]) {
      const report = read(status);
      expect(said(report)).toMatch(
        /^False\/GatewayNotRegistered: No controller has answered .*set gateway\.kuadrant\.enabled=true.*stays until/,
      );
      expect(report.url).toBeUndefined();
      expect(report.writes?.status).toMatchObject({ conditions: [{ status: 'False', message: report.said.message }] });
      // What is written then is read again, and nothing is written any more.
      const again = read(report.writes?.status ?? {});
      expect([said(again), again.writes]).toEqual([said(report), undefined]);
    }
    const another = { ...ours, fieldsV1: { 'f:status': { 'f:conditions': { 'k:{"type":"Registered"}': {} } } } };
    const theirs = read({ conditions: [{ type: 'Registered', ...words, ...before }] }, [another]);
    expect(said(theirs)).toMatch(/'kuadrant' has not registered the server: ConfigMap not found/);
    expect(theirs.writes).toBeUndefined();
  });

  it('does not believe what was said of a binding before it was changed', () => {
    expect(said(by({ answer: { state: 'stale' } }))).toMatch(/^False\/GatewayNotRegistered/);
  });
});

describe('a server whose provider has changed while its binding is kept', () => {
  const kept = (more: Partial<Registration> = {}, isDeleting = true): ObservedChild => ({
    ...binding('example.com/old', { answer: { state: 'yes' }, url: 'https://old.example.com/mcp', ...more }),
    isDeleting,
  });
  const finalizers = 'example.com/routes';

  it('is not registered by what the provider before says, and is told who keeps it', () => {
    const report = decided({ server: asking('example.com/new'), children: [kept({ finalizers })] });
    expect(said(report)).toBe(
      "False/GatewayNotRegistered: Waiting for the MCPGatewayBinding of provider 'example.com/old' to go: " +
        'whoever set its finalizers (example.com/routes) has to take them away <kept>',
    );
    expect(report.url).toBeUndefined();
    const soonAfter = decided({ server: asking('example.com/new'), children: [kept({ finalizers })], nowMs: soon });
    expect(soonAfter).toMatchObject({ said: { cause: WAITING }, lookAgainMs: 20_000 });
  });

  it("has nothing written into somebody else's binding", () => {
    const children = [route({ state: 'yes' })];
    for (const one of [kept(), kept({}, false), kept({ provider: 'httproute' })]) {
      const report = decided({ server: asking('httproute'), children: [one, ...children] });
      expect(said(report)).toMatch(/^False\/GatewayNotRegistered: Waiting for the MCPGatewayBinding/);
      expect([report.url, report.writes]).toEqual([undefined, undefined]);
    }
  });
});

describe('a server at a Gateway of the Gateway API', () => {
  const gateway = {
    ...{ state: 'found' as const, addresses: [] },
    listeners: [{ protocol: 'HTTPS', port: 443, hostname: 'mcp.example.com' }],
  };
  const at = (answer: Answer, more: Partial<GatewayInput> = {}): GatewayReport =>
    decided({
      ...{ server: asking('httproute'), children: [binding('httproute'), route(answer)], gateway },
      ...more,
    });

  it('is registered when the Gateway takes the route, and its binding says so', () => {
    const report = at({ state: 'yes' });
    expect(said(report)).toBe('True/GatewayRegistered: Gateway integration is active');
    expect(report.url).toBe('https://mcp.example.com/mcp');
    expect(report.writes).toMatchObject({
      name: 'search-gateway-binding',
      status: {
        url: 'https://mcp.example.com/mcp',
        conditions: [{ type: 'Registered', status: 'True', reason: 'GatewayRegistered', lastTransitionTime: now }],
      },
    });
  });

  it('writes nothing into a binding that says so already, and keeps its time while its status stays', () => {
    const first = at({ state: 'yes' });
    const raw = { metadata: { generation: 1 }, spec: { provider: 'httproute' }, status: first.writes?.status };
    const { said: standing } = readBinding(raw);
    if (standing === undefined) throw new Error('the binding is told nothing');
    const url = first.writes?.status.url ?? '';
    const again = at(
      { state: 'yes' },
      { children: [binding('httproute', { said: standing, url }), route({ state: 'yes' })] },
    );
    expect(again.writes).toBeUndefined();
    const earlier = { ...standing, reason: 'Another', lastTransitionTime: appliedAt };
    const moved = at(
      { state: 'yes' },
      { children: [binding('httproute', { said: earlier, url }), route({ state: 'yes' })] },
    );
    expect(moved.writes?.status.conditions).toMatchObject([{ lastTransitionTime: appliedAt }]);
  });

  it.each<[reason: string, remedy: RegExp]>([
    ['NotAllowedByListeners', /allowedRoutes/],
    ['NoMatchingListenerHostname', /route-hostname in ConfigMap 'edge'/],
    ['constructor', /\(constructor\) <no constructor>$/],
  ])('is told why not (%s) with the words of the gateway and what to do', (reason, remedy) => {
    const report = at({ state: 'no', reason, message: 'no listener' });
    expect(said(report)).toMatch(
      /^False\/GatewayNotRegistered: Gateway gateways\/public does not take .*: no listener/,
    );
    expect(said(report)).toMatch(remedy);
    expect(report.url).toBeUndefined();
    expect(report.writes?.status.conditions).toMatchObject([{ status: 'False', reason: 'RouteNotAccepted' }]);
  });

  it('says after 30 seconds that no controller has looked', () => {
    expect(at({ state: 'none' }, { nowMs: soon })).toMatchObject({ said: { cause: WAITING }, lookAgainMs: 20_000 });
    // A binding that says nothing yet is not written for a moment.
    expect(at({ state: 'none' }, { nowMs: soon }).writes).toBeUndefined();
    expect(said(at({ state: 'none' }))).toMatch(
      /No gateway controller has looked .* in 30 s.*gateways\/public.*<silent>$/,
    );
  });

  it('says whether the Gateway is there of which no controller has looked, and whether a listener takes the host, but none of their hosts', () => {
    const silent = (gateway: GatewayInput['gateway'], facts = complete): string =>
      said(at({ state: 'none' }, { gateway, facts }));
    expect(silent({ state: 'missing' })).toMatch(
      /^False\/GatewayNotRegistered: No gateway controller has looked at HTTPRoute search-gateway-binding in 30 s: Gateway gateways\/public not found: .* <silent>$/,
    );
    const listeners = [{ protocol: 'HTTP', port: 80, hostname: 'bank.example.org' }];
    const found = { state: 'found', listeners, addresses: [] } as const;
    expect(silent(found)).toMatch(/in 30 s: Gateway gateways\/public exists: see whether a controller runs [^;]*$/);
    const withHost = (host: string): ReferenceFacts =>
      withSettings({ 'gateway-name': 'public', 'gateway-namespace': 'gateways', 'route-hostname': host });
    const other = silent(found, withHost('mcp.example.com'));
    expect(other).toMatch(/exists: .*; no listener of it takes the host 'mcp\.example\.com': choose a route-hostname/);
    expect(other).not.toContain('bank');
    expect(silent(found, withHost('bank.example.org'))).not.toContain('no listener');
    expect(silent({ state: 'unknown', why: 'we are not allowed to read its Gateway' })).toContain(
      'see whether Gateway',
    );
    expect(at({ state: 'none' }, { gateway: found }).lookAgainMs).toBe(300_000);
  });

  it('goes on saying what was found out of the Gateway while nobody tells', () => {
    const before = withStatus({
      conditions: [
        {
          ...{ type: 'GatewayRegistered', status: 'False', reason: 'GatewayNotRegistered', message: 'as it was' },
          ...{ lastTransitionTime: appliedAt, observedGeneration: 2 },
        },
      ],
      extensions: { causes: { GatewayRegistered: 'silent' } },
    });
    const gateway = { state: 'unknown', why: 'no answer', isPassing: true } as const;
    const again = at({ state: 'none' }, { gateway, server: asking('httproute', before) });
    expect(again).toMatchObject({ said: { message: 'as it was', cause: 'silent' }, lookAgainMs: 30_000 });
    expect(said(at({ state: 'none' }, { gateway }))).toContain('see whether Gateway');
  });

  const status: MCPServerStatus = {
    address: { url: 'https://mcp.example.com/mcp' },
    conditions: [
      {
        ...{ type: 'GatewayRegistered', status: 'True', reason: 'GatewayRegistered', message: 'x' },
        ...{ lastTransitionTime: appliedAt, observedGeneration: 1 },
      },
    ],
  };

  it('stays where it was registered while nobody says what the Gateway is, and is looked at again soon', () => {
    const unsaid = { state: 'unknown', why: 'the API server did not say', isPassing: true } as const;
    const server = asking('httproute', withStatus(status));
    const report = at({ state: 'yes' }, { server, gateway: unsaid });
    expect(report).toMatchObject({ said: { status: 'True', message: 'x' }, url: status.address?.url });
    expect([report.writes, report.lookAgainMs]).toEqual([undefined, 30_000]);
    const waits = { type: 'GatewayRegistered', status: 'False', reason: 'GatewayNotRegistered', message: 'y' } as const;
    const pending: MCPServerStatus = {
      conditions: [{ ...waits, lastTransitionTime: appliedAt }],
      extensions: { causes: { GatewayRegistered: 'pending' } },
    };
    const waiting = at({ state: 'yes' }, { server: asking('httproute', withStatus(pending)), gateway: unsaid });
    expect(said(waiting)).toBe('False/GatewayNotRegistered: y <pending>');
    const first = at({ state: 'yes' }, { gateway: unsaid });
    expect(said(first)).toMatch(/^True.*the API server did not say/);
    expect(first.lookAgainMs).toBe(30_000);
  });

  it('stays registered while the gateway looks at a change of the route', () => {
    const server = asking('httproute', withStatus(status));
    const report = at({ state: 'stale' }, { server, nowMs: soon });
    expect(report).toMatchObject({ said: { status: 'True', generation: 1 }, url: status.address?.url });
    expect(said(at({ state: 'stale' }, { server }))).toMatch(/^False/);
  });

  it('waits for the address of the Gateway, and is registered without a URL where nobody may read that', () => {
    const pending = at({ state: 'yes' }, { gateway: { ...gateway, listeners: [{ protocol: 'HTTP', port: 80 }] } });
    expect(said(pending)).toMatch(/^False\/GatewayNotRegistered: .*no address yet/);
    expect(pending.writes?.status.conditions).toMatchObject([{ reason: 'PublicAddressPending' }]);
    const unread = at(
      { state: 'yes' },
      { gateway: { state: 'unknown', why: 'we are not allowed to read its Gateway' } },
    );
    expect(said(unread)).toMatch(/^True\/GatewayRegistered: .*not allowed/);
    expect(unread.url).toBeUndefined();
  });

  it.each<[what: string, facts: ReferenceFacts, message: RegExp]>([
    ['a ConfigMap that is not there', inMemoryFacts(), /ConfigMap 'edge' not found.*what is routed stays/],
    ['one without a key', withSettings({ 'gateway-name': 'a' }), /says nothing under gateway-namespace/],
    ['one with an empty value', withSettings({ 'gateway-name': ' ', 'gateway-namespace': 'b' }), /under gateway-name/],
    [
      'one with a name that no Gateway can have',
      withSettings({ 'gateway-name': '../x', 'gateway-namespace': 'b' }),
      /no Gateway can be called what ConfigMap 'edge' says under gateway-name and gateway-namespace: correct it.*what is routed stays/,
    ],
  ])('says what is missing of %s', (_, facts, message) => {
    expect(said(at({ state: 'yes' }, { facts }))).toMatch(message);
  });

  it('says that the API is missing, or leaves it to others where the feature is off', () => {
    const apis = (state: ApiState): GatewayInput['apis'] =>
      new Map([
        ['MCPGatewayBinding', served],
        ['HTTPRoute', state],
      ]);
    expect(said(at({ state: 'yes' }, { apis: apis('absent') }))).toMatch(/^False\/APINotInstalled: .*Gateway API/);
    const left = at({ state: 'yes' }, { apis: apis('off') });
    expect(said(left)).toMatch(/No controller has answered .*gateway\.httpRoute\.enabled=true/);
    expect(left.writes).toBeUndefined();
  });

  it('says of a route that it stays where nothing becomes of spec.gateway any more', () => {
    const apisWith = (binding: ApiState, route: ApiState): GatewayInput['apis'] =>
      new Map([
        ['MCPGatewayBinding', binding],
        ['HTTPRoute', route],
      ]);
    const states = apisWith('off', served);
    expect(said(at({ state: 'yes' }, { apis: states }))).toMatch(
      /^False\/FeatureDisabled: spec\.gateway is not followed: .*; HTTPRoute search-gateway-binding stays, with what it routes/,
    );
    const unseen = said(at({ state: 'yes' }, { apis: states, children: [] }));
    expect(unseen).toMatch(
      /is not followed: .*; any MCPGatewayBinding of before stays, and goes on, until somebody deletes it </,
    );
    const unknown = said(at({ state: 'yes' }, { apis: apisWith('off', 'off'), children: [] }));
    expect(unknown).toMatch(/any MCPGatewayBinding of before stays.*; any HTTPRoute of before stays/);
    expect(unknown).not.toContain('MCPServerRegistration');
    expect(said(at({ state: 'yes' }, { apis: apisWith('absent', served), children: [] }))).toMatch(
      /spec\.gateway has no effect: .*noticed within a minute\) </,
    );
  });

  it('says of a server that asks nobody for credentials', () => {
    expect(said(at({ state: 'yes' }, { isOpen: true }))).toMatch(/^True.*answers without credentials/);
    expect(said(at({ state: 'yes' }, { isOpen: false }))).not.toMatch(/credentials/);
    expect(said(at({ state: 'yes' }, { rival: { name: 'other' } }))).toMatch(
      /^True.*MCPServer 'other' has the same host/,
    );
    expect(said(at({ state: 'yes' }, { rival: 'elsewhere' }))).toMatch(/^True.*a server of another namespace has/);
    expect(said(at({ state: 'yes' }, { rival: 'several' }))).toMatch(
      /^True.*many other servers of this namespace have/,
    );
    expect(said(at({ state: 'yes' }, {}))).not.toMatch(/the same host/);
  });

  it('says what a gateway leaves out of a route, and what becomes of one that it refuses for another', () => {
    expect(said(at({ state: 'yes', leftOut: 'Dropped Rule: some (RuleMatchPartiallyConflict)' }))).toMatch(
      /^True.*leaves a part of the route out.*: Dropped Rule: some \(RuleMatchPartiallyConflict\)$/,
    );
    expect(said(at({ state: 'yes' }))).not.toMatch(/leaves/);
    expect(said(at({ state: 'no', reason: 'RuleMatchConflict', message: 'taken' }))).toMatch(
      /^False.*: taken \(RuleMatchConflict\); another route has the same host and path: give/,
    );
  });

  it('says of a policy that shuts the gateway out', () => {
    const closed = asking('httproute', withRawSpec({ network: { ingressFrom: [{ podSelector: {} }] } }));
    expect(said(at({ state: 'yes' }, { server: closed }))).toMatch(/^True.*spec\.network\.ingressFrom/);
  });
});

describe('a server at any gateway', () => {
  it('is told of a binding that is not there, of one that was refused, and of a feature that is off', () => {
    expect(said(decided({ server: asking('x') }))).toBe(
      `False/BindingNotFound: MCPGatewayBinding not found <${WAITING}>`,
    );
    const refused = decided({
      server: asking('x'),
      outcomes: [
        {
          action: { type: 'delete', of: mcpGatewayBinding, name: 'search-gateway-binding', uid: 'x' },
          ...{ result: 'failed', message: 'forbidden', cause: 'Forbidden', retry: false },
        },
      ],
    });
    expect(said(refused)).toMatch(
      /^False\/MCPGatewayBindingUnavailable: Failed to reconcile MCPGatewayBinding: forbidden/,
    );
    const off = decided({ server: asking('x'), apis: new Map([['MCPGatewayBinding', 'off']]) });
    expect(said(off)).toMatch(/^False\/FeatureDisabled: .*gateway\.enabled=true/);
  });

  it("does not take somebody else's binding for its own", () => {
    const foreign = { ...binding('x', { answer: { state: 'yes' } }), ...aChildOf('u-9') };
    expect(said(decided({ server: asking('x'), children: [foreign] }))).toMatch(/BindingNotFound/);
  });

  it('stays as it was while nobody can tell', () => {
    const condition = { type: 'GatewayRegistered', status: 'True', reason: 'GatewayRegistered', message: 'x' } as const;
    const status: MCPServerStatus = {
      ...{ address: { url: 'https://a.example.com' }, gatewayBinding: { name: 'b', provider: 'x' } },
      conditions: [{ ...condition, lastTransitionTime: appliedAt, observedGeneration: 1 }],
    };
    const report = decided({ server: asking('x', withStatus(status)), apis: new Map() });
    expect(report).toEqual({
      said: { ...condition, generation: 1 },
      ...{ binding: status.gatewayBinding, url: 'https://a.example.com' },
    });
    expect(said(decided({ server: asking('x'), apis: new Map() }))).toMatch(/^Unknown\/NotChecked/);
  });

  it('is none where none is asked for', () => {
    const input = { apis: new Map(), outcomes: [], children: [], facts: complete, nowMs: late, now };
    expect(decideGateway({ ...input, server: anMCPServer() })).toBeUndefined();
  });
});

function aChildOf(uid: string): Pick<ObservedChild, 'controller'> {
  const { controller } = aChild({ uid });
  return controller === undefined ? {} : { controller };
}
