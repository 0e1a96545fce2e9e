import { describe, expect, it } from '@jest/globals';
import type { ApiState } from '../engine/installation.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import { deployment } from '../resources/deployment.ts';
import { horizontalPodAutoscaler } from '../resources/horizontal-pod-autoscaler.ts';
import { podMonitor } from '../resources/pod-monitor.ts';
import { serviceMonitor } from '../resources/service-monitor.ts';
import { anMCPServer, withGeneration, withRawSpec, withStatus, withUid } from '../testing/builders.ts';
import type { Option } from '../testing/builders.ts';
import type { Outcome } from './action.ts';
import { findProblem } from './child-problem.ts';
import { lackingNow, optionalConditions, tellsTroubleInMs } from './optional-conditions.ts';
import type { OptionalInput } from './optional-conditions.ts';
import { aChild } from './testing/a-child.ts';

const now = '2026-01-01T00:00:00Z';
const asking = (...options: readonly Option[]): MCPServer =>
  anMCPServer(withUid('u-1'), withGeneration(2), withRawSpec({ extensions: { metrics: { port: 'mcp' } } }), ...options);
const said = (state: ApiState, input: Partial<OptionalInput> = {}): ReturnType<typeof optionalConditions> =>
  optionalConditions({
    ...{ server: asking(), outcomes: [], children: [], nowMs: Date.parse(now) },
    ...{ apis: new Map([['PodMonitor', state]]), ...input },
  });
const refused = (of: typeof podMonitor): Outcome => ({
  action: { type: 'delete', of, name: 'search', uid: 'x' },
  ...{ result: 'failed', message: 'forbidden', cause: 'Forbidden', retry: false },
});
const applied = { ...aChild({ uid: 'u-1' }), kind: 'PodMonitor', apiVersion: podMonitor.apiVersion };

describe('the condition of an optional kind', () => {
  it.each<[string, ApiState, object]>([
    ['its feature is off', 'off', { status: 'False', reason: 'FeatureDisabled' }],
    ['the cluster lacks it', 'absent', { status: 'False', reason: 'APINotInstalled' }],
    ['nobody could tell', 'unknown', { status: 'Unknown', reason: 'NotChecked' }],
    ['nothing exists yet', 'served', { status: 'Unknown', reason: 'Initializing' }],
  ])('says what is missing when %s', (_, state, verdict) => {
    expect(said(state)).toEqual([expect.objectContaining({ type: 'Monitored', ...verdict })]);
  });

  it('names the value and the project to install', () => {
    expect(said('off')[0]?.message).toContain('monitoring.enabled=true');
    expect(said('absent')[0]?.message).toContain('Prometheus operator');
  });

  it('claims no more than is known: what was made before goes on where it is switched off, and nothing where the API is missing', () => {
    expect(said('off')[0]?.message).toMatch(
      /^spec\.extensions\.metrics is not followed: .*; any PodMonitor of before stays, and goes on, until somebody deletes it$/,
    );
    expect(said('absent')[0]?.message).toMatch(
      /^spec\.extensions\.metrics has no effect: .* \(noticed within a minute\)$/,
    );
    expect(said('unknown')[0]?.message).toMatch(
      /^spec\.extensions\.metrics is not followed yet: [^;]*; it is tried again$/,
    );
  });

  it("is True once the object is there, and somebody else's does not count", () => {
    expect(said('served', { children: [applied] })).toMatchObject([{ status: 'True', reason: 'Applied' }]);
    const foreign = { ...applied, ...aChild({ uid: 'u-9' }), kind: 'PodMonitor' };
    expect(said('served', { children: [foreign] })).toMatchObject([{ status: 'Unknown' }]);
  });

  it('mentions a network policy that may keep Prometheus out', () => {
    const closed = asking(withRawSpec({ network: { ingressFrom: [{ podSelector: {} }] } }));
    expect(said('served', { server: closed, children: [applied] })[0]?.message).toContain('spec.network.ingressFrom');
  });

  it('says what the API server refused, also of the kind that was asked for before', () => {
    expect(said('served', { outcomes: [refused(podMonitor)], children: [applied] })).toMatchObject([
      { status: 'False', reason: 'PodMonitorUnavailable', message: 'Failed to reconcile PodMonitor: forbidden' },
    ]);
    expect(said('served', { outcomes: [refused(serviceMonitor)], children: [applied] })).toMatchObject([
      { status: 'False', reason: 'ServiceMonitorUnavailable' },
    ]);
  });

  it('stays as it was while nobody can tell, and is none where nobody asks', () => {
    const earlier = { type: 'Monitored', status: 'True', reason: 'Applied', message: 'x' } as const;
    const before = { ...earlier, observedGeneration: 1, lastTransitionTime: now };
    const known = asking(withStatus({ conditions: [before] }));
    expect(said('unknown', { server: known })).toEqual([{ ...earlier, generation: 1 }]);
    expect(said('off', { server: anMCPServer() })).toEqual([]);
  });
});

describe('a child that cannot be brought about', () => {
  it('makes the server unavailable only if it cannot do without', () => {
    expect(findProblem([refused(podMonitor)])).toBeUndefined();
    expect(findProblem([refused(podMonitor), refused(deployment)])).toMatchObject({ reason: 'DeploymentUnavailable' });
  });

  it('is told whatever its reason is: no list has to know it', () => {
    const poddisruption = {
      ...deployment,
      kind: 'PodDisruptionBudget',
      unavailable: { reason: 'PodDisruptionBudgetUnavailable', order: 4, eventAction: 'x' },
    } as const;
    expect(findProblem([refused(poddisruption)])).toEqual({
      reason: 'PodDisruptionBudgetUnavailable',
      message: 'Failed to reconcile PodDisruptionBudget: forbidden',
      cause: 'PodDisruptionBudget/search Forbidden',
    });
    expect(findProblem([refused(poddisruption), refused(deployment)])).toMatchObject({
      reason: 'DeploymentUnavailable',
    });
  });
});

describe('an autoscaler that does nothing', () => {
  const scaled = (autoscaling: object = { maxReplicas: 3 }, ...options: readonly Option[]): MCPServer =>
    anMCPServer(withUid('u-1'), withGeneration(2), withRawSpec({ extensions: { autoscaling } }), ...options);
  const since = '2026-01-01T00:00:00Z';
  const autoscaler = { ...aChild({ uid: 'u-1' }), kind: 'HorizontalPodAutoscaler', apiVersion: 'autoscaling/v2' };
  const failing = { ...autoscaler, trouble: { cause: 'FailedGetResourceMetric', message: 'no metrics', since } };
  const after = (seconds: number): number => Date.parse(since) + seconds * 1_000;
  const told = (input: Partial<OptionalInput>): ReturnType<typeof optionalConditions> =>
    optionalConditions({
      ...{ server: scaled(), outcomes: [], children: [failing], nowMs: after(600) },
      ...{ apis: new Map([['HorizontalPodAutoscaler', 'served']]), ...input },
    });

  it('is told with its own reason and what to do, once it has lasted two minutes', () => {
    expect(told({ nowMs: after(119) })).toMatchObject([{ type: 'Autoscaled', status: 'True', reason: 'Applied' }]);
    const [said] = told({ nowMs: after(120) });
    expect(said).toMatchObject({ status: 'False', reason: 'NotScaling', cause: 'FailedGetResourceMetric' });
    expect(said?.message).toMatch(
      /search is applied and does nothing: FailedGetResourceMetric: no metrics; .*metrics-server/,
    );
  });

  it('is looked at again when that is', () => {
    const wait = (nowMs: number, children = [failing]): number | undefined => tellsTroubleInMs({ children, nowMs });
    expect(wait(after(30))).toBe(90_000);
    expect(wait(after(120))).toBeUndefined();
    expect(wait(after(-5))).toBe(120_000);
    expect(wait(after(30), [{ ...failing, trouble: { ...failing.trouble, since: 'soon' } }])).toBeUndefined();
    expect(tellsTroubleInMs({ children: [autoscaler], nowMs: after(0) })).toBeUndefined();
  });

  it('is told at once when nobody can read since when, or that is to come', () => {
    for (const at of ['', 'soon', '2036-01-01T00:00:00Z'])
      expect(told({ children: [{ ...failing, trouble: { ...failing.trouble, since: at } }] })).toMatchObject([
        { reason: 'NotScaling' },
      ]);
  });

  it('is no failure of a server that was stopped, and says how it is started', () => {
    const stopped = scaled({ maxReplicas: 3 }, withRawSpec({ runtime: { replicas: 0 } }));
    const [said] = told({ server: stopped, children: [autoscaler] });
    expect(said).toMatchObject({ status: 'True', message: expect.stringContaining('scale it to 1') });
    const asleep = scaled({ minReplicas: 0, maxReplicas: 3 }, withRawSpec({ runtime: { replicas: 0 } }));
    expect(told({ server: asleep, children: [autoscaler] })[0]?.message).not.toContain('scale it to 1');
  });

  it('that the API server refuses at zero pods names what the cluster may lack', () => {
    const outcome: Outcome = {
      action: { type: 'delete', of: horizontalPodAutoscaler, name: 'search', uid: 'x' },
      ...{ result: 'failed', message: 'must be greater than or equal to 1', cause: 'Invalid', retry: false },
    };
    const refusedAt = (minReplicas: number): string | undefined =>
      told({ server: scaled({ minReplicas, maxReplicas: 3 }), outcomes: [outcome] })[0]?.message;
    expect(refusedAt(0)).toMatch(/must be greater than or equal to 1; .*HPAScaleToZero/);
    expect(refusedAt(1)).not.toContain('HPAScaleToZero');
  });
});

describe('what is missing of a server of which nothing is brought about', () => {
  const before = (reason: string, type = 'Monitored'): Option =>
    withStatus({
      conditions: [{ type, status: 'False', reason, message: 'x', observedGeneration: 1, lastTransitionTime: now }],
    });
  const lacking = (state: ApiState, ...options: readonly Option[]): readonly string[] =>
    [...lackingNow({ server: asking(...options), apis: new Map([['PodMonitor', state]]) }).values()].map(
      ({ type, status, reason }) => `${type}=${status} ${reason}`,
    );

  it.each<[string, ApiState, string, readonly string[]]>([
    ['it was applied, and is switched off', 'off', 'Applied', ['Monitored=False FeatureDisabled']],
    ['it was missing, and is switched off', 'off', 'APINotInstalled', ['Monitored=False FeatureDisabled']],
    ['it was switched off, and is missing', 'absent', 'FeatureDisabled', ['Monitored=False APINotInstalled']],
    ['it was missing, and is there', 'served', 'APINotInstalled', ['Monitored=Unknown Initializing']],
    ['it was applied, and is there', 'served', 'Applied', []],
    ['nobody could tell', 'unknown', 'APINotInstalled', []],
  ])('is said where %s', (_, state, reason, expected) => {
    expect(lacking(state, before(reason))).toEqual(expected);
  });

  it('is not said where nothing was said before, or where nobody asks for it any more', () => {
    expect(lacking('off')).toEqual([]);
    const server = anMCPServer(withUid('u-1'), before('APINotInstalled'));
    expect(lackingNow({ server, apis: new Map([['PodMonitor', 'off']]) }).size).toBe(0);
  });

  it('is said of the binding at a gateway, and not of a route, of which somebody else may have to tell', () => {
    const server = asking(
      withRawSpec({ gateway: { provider: 'httproute', configRef: 'x' } }),
      before('GatewayNotRegistered', 'GatewayRegistered'),
    );
    const reasons = (states: readonly (readonly [string, ApiState])[]): readonly string[] =>
      [...lackingNow({ server, apis: new Map(states) }).values()].map(({ reason }) => reason);
    expect(reasons([['MCPGatewayBinding', 'off']])).toEqual(['FeatureDisabled']);
    expect(
      reasons([
        ['MCPGatewayBinding', 'served'],
        ['HTTPRoute', 'off'],
      ]),
    ).toEqual([]);
  });
});
