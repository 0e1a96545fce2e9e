import { describe, expect, it } from '@jest/globals';
import type { Condition, MCPServer, MCPServerStatus, ServerCapabilities } from '../mcpserver/types.gen.ts';
import { anMCPServer, withSpec, withStatus } from '../testing/builders.ts';
import { nextEvents } from './events.ts';

/** `Accepted: 'True/Valid/message'` */
function aStatus(conditions: Readonly<Record<string, string>>, capabilities?: ServerCapabilities): MCPServerStatus {
  return {
    conditions: Object.entries(conditions).map(([type, text]) => {
      const [status, reason = '', message = ''] = text.split('/');
      return { type, status: toStatus(status), reason, message, lastTransitionTime: '' };
    }),
    ...(capabilities === undefined ? {} : { serverInfo: { capabilities } }),
  };
}

const toStatus = (text: string | undefined): Condition['status'] =>
  text === 'True' || text === 'False' ? text : 'Unknown';

const withPrevious = (status: MCPServerStatus | undefined): MCPServer =>
  status === undefined ? anMCPServer() : { ...anMCPServer(), status };

const summary = (previous: MCPServerStatus | undefined, next: MCPServerStatus): readonly string[] =>
  nextEvents(withPrevious(previous), next).map(
    ({ type, reason, action, note }) => `${type} ${reason} ${action}: ${note}`,
  );

const accepted = { Accepted: 'True/Valid/ok' };
const invalid = aStatus({ Accepted: 'False/Invalid/no a' });

const tolerating = (message: string): MCPServerStatus => ({
  ...aStatus({ Accepted: `True/Valid/${message}` }),
  extensions: { policy: { digest: 'd', tolerated: [{ rule: 'r', path: 'p', message: 'm', fingerprint: 'f' }] } },
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
    ['a roll-out', aStatus({}), aStatus({ Available: 'False/DeploymentUnavailable/Waiting' }), []],
    [
      'a child that is refused',
      aStatus({}),
      aStatus({ Available: 'False/ServiceUnavailable/Failed to reconcile Service: x' }),
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
      aStatus({}, { tools: true }),
      aStatus({}, { tools: false, prompts: true }),
      ['Warning CapabilityChanged CapabilityChangeDetected: tools: true->false, prompts: false->true'],
    ],
    ['capabilities that are known for the first time', aStatus({}), aStatus({}, { tools: true }), []],
  ])('%s', (_, previous, next, wanted) => {
    expect(summary(previous, next)).toEqual(wanted);
  });

  it('are none when the status stays the same object', () => {
    expect(nextEvents(withPrevious(invalid), invalid)).toEqual([]);
  });

  it('warn of a certificate that nobody checks, once for each change of the spec', () => {
    const insecure = withSpec({ transport: { tls: { enabled: true, insecureSkipVerify: true } } });
    const reasons = (server: MCPServer): readonly string[] =>
      nextEvents(server, { observedGeneration: 2 }).map(({ type, reason }) => `${type} ${reason}`);
    expect(reasons(anMCPServer(insecure))).toEqual(['Warning InsecureTLSConfigured']);
    expect(reasons(anMCPServer(insecure, withStatus({ observedGeneration: 1 })))).toHaveLength(1);
    expect(reasons(anMCPServer(insecure, withStatus({ observedGeneration: 2 })))).toEqual([]);
    expect(reasons(anMCPServer(insecure, withSpec({ transport: { tls: { enabled: false } } })))).toEqual([]);
  });

  it('have notes within the limit of the API', () => {
    const [event] = nextEvents(anMCPServer(), aStatus({ Accepted: `False/Invalid/${'x'.repeat(5000)}` }));
    expect(event?.note.length).toBe(1000);
  });
});
