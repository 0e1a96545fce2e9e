/**
 * Walks the conditions, reasons, messages and events that scripts written for the reference API match on, in both of
 * its vocabularies: `Ready` of v1alpha1 beside `Available` and `Verified` of v1beta1. Left out on purpose:
 * `GatewayRegistered` and what belongs to it (not implemented), and `MCPHandshakeRetriesExhausted` with its suffix (the
 * verification never gives up).
 */
import { describe, expect, it } from '@jest/globals';
import type { MCPServerStatus, PodFailure } from '../mcpserver/types.gen.ts';
import { deployment } from '../resources/deployment.ts';
import type { ExpandedKind } from '../resources/expanded-kind.ts';
import { networkPolicy } from '../resources/network-policy.ts';
import { service } from '../resources/service.ts';
import { anMCPServer, withGeneration, withReplicas, withSpec } from '../testing/builders.ts';
import { decideAvailability } from './availability.ts';
import { findProblem } from './child-problem.ts';
import { nextEvents } from './events.ts';
import type { DeploymentStatus, Verification } from './observed.ts';
import type { StatusInput } from './status-input.ts';
import { nextStatus } from './status.ts';

const server = anMCPServer(withGeneration(3));

function aDeployment(conditions: DeploymentStatus['conditions'], readyReplicas = 0): DeploymentStatus {
  return { generation: 5, observedGeneration: 5, replicas: 1, updatedReplicas: 1, readyReplicas, conditions };
}

const up = aDeployment([{ type: 'Available', status: 'True' }], 1);
const progressing = aDeployment([{ type: 'Progressing', status: 'True' }]);
const capabilities = { tools: true, resources: false, prompts: false, logging: false, completions: false };
const verified: Verification & { readonly state: 'verified' } = {
  state: 'verified',
  era: 'handshake',
  serverInfo: { name: 'search', version: '1', protocolVersion: '2025-11-25', capabilities },
};
const authRequired: Verification = { state: 'auth-required', statusCode: 403 };
const failed: Verification = { state: 'failed', message: 'connection refused', failures: 4 };
const noBundle: Verification = { state: 'failed', message: 'no certificates', isTlsConfiguration: true };

const podFailure: PodFailure = { cause: 'Crashing', exitCode: 1, restarts: 1, pod: 'p' };

function inputOf(changes: Partial<StatusInput>): StatusInput {
  return {
    ...{ server, accepted: { state: 'valid' }, deployment: up, serviceExists: true },
    ...{ serving: { generation: 3, podSet: 'a', isRolling: false } },
    ...{ verification: verified, clusterDomain: 'cluster.local', now: '2026-01-01T00:00:00Z' },
    ...changes,
  };
}

const statusOf = (changes: Partial<StatusInput>): MCPServerStatus => nextStatus(inputOf(changes));

function notBrought(of: ExpandedKind): Partial<StatusInput> {
  const action = { type: 'delete', of, name: 'search', uid: 'u' } as const;
  return { problem: findProblem([{ action, result: 'failed', message: 'quota', cause: 'Forbidden', retry: false }]) };
}

const ready = 'MCP server is ready (1 of 1 instances healthy)';
const scaled = 'Server is ready (scaled to 0 replicas)';
const initializing = 'Waiting for Deployment to report status';
const fixFirst = 'Configuration must be fixed before server can start';
const notAttempted = 'Unknown/NotVerified: Handshake has not been attempted';
const notMcp = 'MCP endpoint is not serving a valid MCP protocol: connection refused';
const invalid: Partial<StatusInput> = {
  accepted: { state: 'invalid', message: "ConfigMap 'x' not found", cause: 'd' },
};

describe('the conditions of the reference API', () => {
  it.each<[string, Partial<StatusInput>, Readonly<Record<'Accepted' | 'Available' | 'Verified' | 'Ready', string>>]>([
    [
      'a server that answers',
      {},
      {
        Accepted: 'True/Valid: Configuration is valid',
        Available: `True/Available: ${ready}`,
        Verified: 'True/Verified: MCP handshake succeeded',
        Ready: `True/Available: ${ready}`,
      },
    ],
    [
      'a server that wants credentials',
      { verification: authRequired },
      {
        Accepted: 'True/Valid: Configuration is valid',
        Available: `True/Available: ${ready}`,
        Verified: 'True/AuthSkipped: Endpoint returned auth error, treated as reachable',
        Ready: `True/Available: ${ready}`,
      },
    ],
    [
      'a server that does not answer',
      { verification: failed },
      {
        Accepted: 'True/Valid: Configuration is valid',
        Available: `True/Available: ${ready}`,
        Verified: `False/EndpointUnavailable: ${notMcp}`,
        Ready: `False/MCPEndpointUnavailable: ${notMcp}`,
      },
    ],
    [
      'a CA bundle that is of no use',
      { verification: noBundle },
      {
        Accepted: 'True/Valid: Configuration is valid',
        Available: `True/Available: ${ready}`,
        Verified: 'False/EndpointUnavailable: TLS configuration error: no certificates',
        Ready: 'False/MCPEndpointUnavailable: TLS configuration error: no certificates',
      },
    ],
    [
      'a server that is invalid',
      invalid,
      {
        Accepted: "False/Invalid: ConfigMap 'x' not found",
        Available: `False/ConfigurationInvalid: ${fixFirst}`,
        Verified: notAttempted,
        Ready: `False/ConfigurationInvalid: ${fixFirst}`,
      },
    ],
    [
      'a server that is scaled to zero',
      { server: anMCPServer(withReplicas(0)) },
      {
        Accepted: 'True/Valid: Configuration is valid',
        Available: `True/ScaledToZero: ${scaled}`,
        Verified: notAttempted,
        Ready: `True/ScaledToZero: ${scaled}`,
      },
    ],
    [
      'a Deployment that is silent',
      { deployment: aDeployment([]) },
      {
        Accepted: 'True/Valid: Configuration is valid',
        Available: `Unknown/Initializing: ${initializing}`,
        Verified: notAttempted,
        Ready: `Unknown/Initializing: ${initializing}`,
      },
    ],
  ])('%s', (_, changes, wanted) => {
    const { conditions = [] } = statusOf(changes);
    const said = conditions.map(({ type, status, reason, message }) => [type, `${status}/${reason}: ${message}`]);
    expect(Object.fromEntries(said)).toEqual(wanted);
  });

  it.each<[string, Partial<StatusInput>, string]>([
    [
      'a spec that rolls out where nothing serves yet',
      { deployment: { ...progressing, generation: 6 } },
      'Deployment is processing spec update',
    ],
    ['instances on their way', { deployment: progressing }, 'Waiting for instances to become healthy'],
    [
      'a pod that fails',
      { deployment: progressing, podFailure },
      'Container crashing: exit code 1, restarts: 1 (pod: p)',
    ],
    [
      'pods that cannot be created',
      { deployment: aDeployment([{ type: 'ReplicaFailure', status: 'True', message: 'quota' }]) },
      'No healthy instances (pod details unavailable): quota',
    ],
    [
      'no progress and no word about it',
      { deployment: aDeployment([{ type: 'Progressing', status: 'False' }]) },
      'No healthy instances (pod details unavailable)',
    ],
    ['a Deployment that is refused', notBrought(deployment), 'Failed to reconcile Deployment: quota'],
  ])('%s is DeploymentUnavailable', (_, changes, message) => {
    const { conditions = [] } = statusOf(changes);
    for (const type of ['Available', 'Ready']) {
      expect(conditions.find((condition) => condition.type === type)).toMatchObject({
        ...{ status: 'False', reason: 'DeploymentUnavailable', message },
      });
    }
  });

  it.each<[ExpandedKind, string]>([
    [service, 'ServiceUnavailable'],
    [networkPolicy, 'NetworkPolicyUnavailable'],
  ])('a child that is refused has a reason of its own: %#', (kind, reason) => {
    const message = `Failed to reconcile ${kind.kind}: quota`;
    const available = statusOf(notBrought(kind)).conditions?.find(({ type }) => type === 'Available');
    expect(available).toMatchObject({ status: 'False', reason, message });
  });

  it('carry the generation that they speak about', () => {
    const generations = statusOf({}).conditions?.map(({ observedGeneration }) => observedGeneration);
    expect(new Set(generations)).toEqual(new Set([3]));
  });
});

describe('the events of the reference API', () => {
  const insecure = anMCPServer(withSpec({ transport: { tls: { enabled: true, insecureSkipVerify: true } } }));
  const silent = { deployment: aDeployment([]) };
  const before = statusOf(silent);

  it.each<[string, MCPServerStatus | undefined, Partial<StatusInput>, string]>([
    ['an acceptance', undefined, silent, 'Normal Valid ConfigurationAccepted'],
    ['a refusal', undefined, invalid, 'Warning Invalid ConfigurationValidation'],
    ['a server that is ready', before, {}, 'Normal Available ServerReady'],
    [
      'a Deployment that is refused',
      before,
      notBrought(deployment),
      'Warning DeploymentUnavailable DeploymentReconcileFailed',
    ],
    ['a Service that is refused', before, notBrought(service), 'Warning ServiceUnavailable ServiceReconcileFailed'],
    [
      'a NetworkPolicy that is refused',
      before,
      notBrought(networkPolicy),
      'Warning NetworkPolicyUnavailable NetworkPolicyReconcileFailed',
    ],
    [
      'a server that does not answer',
      before,
      { verification: failed },
      'Warning EndpointUnavailable MCPHandshakeFailed',
    ],
    [
      'capabilities that change',
      statusOf({}),
      {
        verification: {
          ...verified,
          serverInfo: { ...verified.serverInfo, capabilities: { ...capabilities, tools: false } },
        },
      },
      'Warning CapabilityChanged CapabilityChangeDetected',
    ],
    ['a certificate that nobody checks', undefined, silent, 'Warning InsecureTLSConfigured ConfigurationValidation'],
  ])('%s', (_, previous, changes, wanted) => {
    const { cause } = decideAvailability(inputOf(changes));
    const events = nextEvents({ spec: insecure.spec, previous }, statusOf(changes), cause);
    expect(events.map(({ type, reason, action }) => `${type} ${reason} ${action}`)).toContain(wanted);
  });
});
