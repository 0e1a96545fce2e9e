import { describe, expect, it } from '@jest/globals';
import type { Condition, MCPServer, MCPServerStatus, PodFailure, ServerCapabilities } from '../mcpserver/types.gen.ts';
import { expandedKinds } from '../resources/index.gen.ts';
import { anMCPServer, withSpec, withStatus } from '../testing/builders.ts';
import type { Cause } from './availability.ts';
import { nextEvents } from './events.ts';
import type { NextEvent } from './events.ts';

/** `Accepted: 'True/Valid/message'`; what is bad has its message for its cause, too. */
function aStatus(
  conditions: Readonly<Record<string, string>>,
  { capabilities, ...extensions }: Named<MCPServerStatus['extensions']> = {},
): MCPServerStatus {
  const said = Object.entries(conditions).map(([type, text]) => {
    const [status, reason = '', message = ''] = text.split('/');
    return { type, status: toStatus(status), reason, message, lastTransitionTime: '' };
  });
  const bad = said.filter(({ status }) => status === 'False');
  return {
    conditions: said,
    extensions: { causes: Object.fromEntries(bad.map(({ type, message }) => [type, message])), ...extensions },
    ...(capabilities === undefined ? {} : { serverInfo: { capabilities } }),
  };
}

type Named<Extensions> = Extensions & { readonly capabilities?: ServerCapabilities };

const toStatus = (text: string | undefined): Condition['status'] =>
  text === 'True' || text === 'False' ? text : 'Unknown';

const withPrevious = (status: MCPServerStatus | undefined): MCPServer =>
  status === undefined ? anMCPServer() : { ...anMCPServer(), status };

/** What the condition Available of these statuses comes from; of all others it makes no difference. */
const causes = new WeakMap<MCPServerStatus, Cause>();

const eventsOf = ({ spec, status: previous }: MCPServer, next: MCPServerStatus): readonly NextEvent[] =>
  nextEvents({ spec, previous }, next, causes.get(next) ?? 'serves');

const summary = (previous: MCPServerStatus | undefined, next: MCPServerStatus): readonly string[] =>
  eventsOf(withPrevious(previous), next).map(
    ({ type, reason, action, note }) => `${type} ${reason} ${action}: ${note}`,
  );

const accepted = { Accepted: 'True/Valid/ok' };
const invalid = aStatus({ Accepted: 'False/Invalid/no a' });

const up = aStatus({ Available: 'True/Available/MCP server is ready (1 of 1 instances healthy)' });

function becauseOf(cause: Cause, status: MCPServerStatus): MCPServerStatus {
  causes.set(status, cause);
  return status;
}

const down = (message: string, cause: Cause, podFailure?: PodFailure): MCPServerStatus =>
  becauseOf(
    cause,
    aStatus({ Available: `False/DeploymentUnavailable/${message}` }, podFailure === undefined ? {} : { podFailure }),
  );

const waiting = down('Waiting for instances to become healthy', 'waiting');
const processing = down('Deployment is processing spec update', 'processing-update');
const crash = (restarts: number): PodFailure => ({ cause: 'Crashing', exitCode: 1, restarts, pod: 'a' });
const crashing = (restarts: string): MCPServerStatus =>
  down(
    `Container crashing: exit code 1, restarts: ${restarts} (pod: a)`,
    'pod-fails',
    crash(Number.parseInt(restarts, 10)),
  );
const crashEvent = (restarts: string): string =>
  `Warning DeploymentUnavailable ServerUnavailable: Container crashing: exit code 1, restarts: ${restarts} (pod: a)`;

const tolerating = (message: string): MCPServerStatus => ({
  ...aStatus({ Accepted: `True/Valid/${message}` }),
  extensions: { policy: { revision: 1, tolerated: [{ rule: 'r', path: 'p', message: 'm', fingerprint: 'f' }] } },
});

describe('nextEvents', () => {
  it.each<[string, MCPServerStatus | undefined, MCPServerStatus, readonly string[]]>([
    ['a first acceptance', undefined, aStatus(accepted), ['Normal Valid ConfigurationAccepted: ok']],
    ['an acceptance after a refusal', invalid, aStatus(accepted), ['Normal Valid ConfigurationAccepted: ok']],
    ['a refusal', aStatus(accepted), invalid, ['Warning Invalid ConfigurationValidation: no a']],
    [
      'an acceptance that tolerates something',
      aStatus(accepted),
      tolerating('ok; 1 violation'),
      ['Warning ViolationsTolerated ConfigurationValidation: ok; 1 violation'],
    ],
    ['the same tolerance again', tolerating('ok; 1 violation'), { ...tolerating('ok; 1 violation'), replicas: 1 }, []],
    ['a tolerance that is not needed any more', tolerating('ok; 1 violation'), aStatus(accepted), []],
    ['the same refusal again', invalid, { ...invalid, replicas: 1 }, []],
    [
      'another refusal',
      invalid,
      aStatus({ Accepted: 'False/Invalid/no b' }),
      ['Warning Invalid ConfigurationValidation: no b'],
    ],
    [
      'a server that becomes ready',
      aStatus({ Ready: 'Unknown/Initializing/' }),
      aStatus({ Ready: 'True/Available/up' }),
      ['Normal Available ServerReady: up'],
    ],
    [
      'a server that is still ready',
      aStatus({ Ready: 'True/Available/1' }),
      aStatus({ Ready: 'True/Available/2' }),
      [],
    ],
    [
      'a server that is scaled to zero',
      aStatus({ Ready: 'False/DeploymentUnavailable/' }),
      aStatus({ Ready: 'True/ScaledToZero/' }),
      [],
    ],
    ['a first roll-out', undefined, waiting, []],
    ['a change of the spec', up, processing, []],
    ['a change of the spec that is rolled out', processing, waiting, []],
    ['a start from zero replicas', aStatus({ Available: 'True/ScaledToZero/' }), waiting, []],
    [
      'a server that stops running, nobody knows why',
      up,
      waiting,
      ['Warning DeploymentUnavailable ServerUnavailable: Waiting for instances to become healthy'],
    ],
    ['a server that stops running and says why', up, crashing('0'), [crashEvent('0')]],
    ['an explanation that comes later', waiting, crashing('1'), [crashEvent('1')]],
    ['a server that never ran', undefined, crashing('0'), [crashEvent('0')]],
    ['one more restart', crashing('1'), crashing('2+'), []],
    ['a pod that is still as it was', crashing('1'), becauseOf('pod-fails', { ...crashing('1'), replicas: 1 }), []],
    [
      'a failure of another kind',
      crashing('1'),
      down('Image pull failed for "a": no (pod: a)', 'pod-fails', {
        ...{ cause: 'ImagePull', image: 'a', detail: 'no', pod: 'a' },
      }),
      ['Warning DeploymentUnavailable ServerUnavailable: Image pull failed for "a": no (pod: a)'],
    ],
    ['a server that runs again', crashing('1'), up, []],
    [
      'a configuration that becomes invalid while it runs',
      up,
      becauseOf('invalid', aStatus({ Available: 'False/ConfigurationInvalid/fix it' })),
      [],
    ],
    [
      'a child that is refused',
      aStatus({}),
      becauseOf('refused', aStatus({ Available: 'False/ServiceUnavailable/Failed to reconcile Service: x' })),
      ['Warning ServiceUnavailable ServiceReconcileFailed: Failed to reconcile Service: x'],
    ],
    [
      'a failed handshake',
      aStatus({}),
      aStatus({ Verified: 'False/EndpointUnavailable/refused' }),
      ['Warning EndpointUnavailable MCPHandshakeFailed: refused'],
    ],
    [
      'a gateway',
      undefined,
      aStatus({ GatewayRegistered: 'False/GatewayNotRegistered/no' }),
      ['Warning GatewayNotRegistered GatewayBindingReconcileFailed: no'],
    ],
    [
      'capabilities that change',
      aStatus({}, { capabilities: { tools: true } }),
      aStatus({}, { capabilities: { tools: false, prompts: true } }),
      ['Warning CapabilityChanged CapabilityChangeDetected: tools: true->false, prompts: false->true'],
    ],
    ['capabilities that are known for the first time', aStatus({}), aStatus({}, { capabilities: { tools: true } }), []],
  ])('%s', (_, previous, next, wanted) => {
    expect(summary(previous, next)).toEqual(wanted);
  });

  const stalled = (reason: string, restarts: number): MCPServerStatus =>
    aStatus(
      { Available: 'True/Available/up', Progressing: `False/${reason}/restarts: ${restarts}` },
      { podFailure: crash(restarts) },
    );

  it.each<[string, MCPServerStatus, MCPServerStatus, readonly string[]]>([
    [
      'new pods that do not come up behind those that serve',
      up,
      stalled('PodsFailing', 0),
      ['Warning PodsFailing RolloutStalled: restarts: 0'],
    ],
    ['no more of their restarts', stalled('PodsFailing', 1), stalled('PodsFailing', 2), []],
    [
      'a deadline that has passed, although they still fail of the same',
      stalled('PodsFailing', 2),
      stalled('ProgressDeadlineExceeded', 2),
      ['Warning ProgressDeadlineExceeded RolloutStalled: restarts: 2'],
    ],
    [
      'nothing when a candidate is rejected: the rollout has an event of its own (both were told)',
      up,
      aStatus(
        { Available: 'True/Available/up', Progressing: 'False/CandidateNotReady/not ready' },
        { rollout: { phase: 'Rejected', target: { template: 'new', since: '' } } },
      ),
      [],
    ],
    ['nothing when they come up', stalled('PodsFailing', 2), up, []],
    [
      'once that nothing runs, and not that new pods do not come up besides',
      up,
      becauseOf(
        'pod-fails',
        aStatus(
          { Available: 'False/DeploymentUnavailable/no', Progressing: 'False/PodsFailing/no' },
          { podFailure: crash(0) },
        ),
      ),
      ['Warning DeploymentUnavailable ServerUnavailable: no'],
    ],
  ])('tell %s', (_, before, after, wanted) => {
    expect(summary(before, after)).toEqual(wanted);
  });

  it('tell no second time what an earlier release told in words only', () => {
    const before = down('Container crashing: exit code 1, restarts: 2+ (pod: a)', 'pod-fails');
    delete before.extensions;
    expect(summary(before, crashing('4+'))).toEqual([]);
  });

  it('are none when the status stays the same object', () => {
    expect(eventsOf(withPrevious(invalid), invalid)).toEqual([]);
  });

  it('warn of a certificate that nobody checks, once for each change of the spec', () => {
    const insecure = withSpec({ transport: { tls: { enabled: true, insecureSkipVerify: true } } });
    const reasons = (server: MCPServer): readonly string[] =>
      eventsOf(server, { observedGeneration: 2 }).map(({ type, reason }) => `${type} ${reason}`);
    expect(reasons(anMCPServer(insecure))).toEqual(['Warning InsecureTLSConfigured']);
    expect(reasons(anMCPServer(insecure, withStatus({ observedGeneration: 1 })))).toHaveLength(1);
    expect(reasons(anMCPServer(insecure, withStatus({ observedGeneration: 2 })))).toEqual([]);
    expect(reasons(anMCPServer(insecure, withSpec({ transport: { tls: { enabled: false } } })))).toEqual([]);
  });

  it('have the whole message as their note, however long', () => {
    const [event] = eventsOf(anMCPServer(), aStatus({ Accepted: `False/Invalid/${'x'.repeat(5000)}` }));
    expect(event?.note).toBe('x'.repeat(5000));
  });
});

describe('what is as bad as before', () => {
  const says = (text: string, causes?: Readonly<Record<string, string>>): MCPServerStatus => ({
    ...aStatus({ Accepted: `False/Invalid/${text}`, Verified: `False/EndpointUnavailable/${text}` }),
    extensions: { release: '1', ...(causes === undefined ? {} : { causes: { ...causes } }) },
  });
  const of = (Accepted: string, Verified: string) => ({ Accepted, Verified });

  it.each<[string, MCPServerStatus, MCPServerStatus, readonly string[]]>([
    [
      'of the same causes, in other words of the same release: nothing',
      says('a', of('x', 'y')),
      says('b', of('x', 'y')),
      [],
    ],
    [
      'of other causes, in the same words: both',
      says('a', of('x', 'y')),
      says('a', of('z', 'w')),
      ['Invalid', 'EndpointUnavailable'],
    ],
    ['of one other cause: that', says('a', of('x', 'y')), says('a', of('x', 'w')), ['EndpointUnavailable']],
    ['of causes that an earlier release did not keep: nothing', says('a'), says('b', of('x', 'y')), []],
  ])('is told %s', (_, before, now, reasons) => {
    expect(eventsOf(withPrevious(before), now).map(({ reason }) => reason)).toEqual(reasons);
  });

  it('is told when the reason is another', () => {
    const refused = becauseOf('refused', { ...aStatus({ Available: 'False/ServiceUnavailable/no' }), extensions: {} });
    const before = aStatus({ Available: 'False/NetworkPolicyUnavailable/no' });
    expect(eventsOf(withPrevious(before), refused).map(({ reason }) => reason)).toEqual(['ServiceUnavailable']);
  });
});

const refusedAs = expandedKinds.flatMap(({ kind, requirement, unavailable }) => {
  const type = requirement === 'required' ? 'Available' : requirement.asking?.condition;
  // What every server gets has no condition to speak of it.
  return type === undefined ? [] : [[kind, type, unavailable] as const];
});

describe('a child that the API server refuses', () => {
  it.each(refusedAs)('is told whatever its kind: %s', (kind, type, { reason, eventAction }) => {
    const message = `Failed to reconcile ${kind}: no`;
    const refused = becauseOf('refused', aStatus({ [type]: `False/${reason}/${message}` }));
    expect(summary(undefined, refused)).toEqual([`Warning ${reason} ${eventAction}: ${message}`]);
  });
});

describe('an optional kind that is missing', () => {
  const missing = aStatus({ ...accepted, Monitored: 'False/APINotInstalled/no PodMonitor' });

  it('is told once, and not that it is there', () => {
    const there = aStatus({ ...accepted, Monitored: 'True/Applied/ok' });
    expect(summary(there, missing)).toEqual(['Warning APINotInstalled OptionalAPICheck: no PodMonitor']);
    expect(summary(missing, { ...missing })).toEqual([]);
    expect(summary(missing, there)).toEqual([]);
    expect(summary(there, aStatus({ ...accepted, Monitored: 'False/FeatureDisabled/off' }))).toHaveLength(1);
  });
});
