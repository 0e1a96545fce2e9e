import { describe, expect, it } from '@jest/globals';
import { digestOfNone } from '../contract/contract.ts';
import type { MCPServerStatus, PodFailure } from '../mcpserver/types.gen.ts';
import { deployment } from '../resources/deployment.ts';
import { service } from '../resources/service.ts';
import { anMCPServer, withGeneration, withReplicas, withSpec } from '../testing/builders.ts';
import { findProblem } from './child-problem.ts';
import type { DeploymentStatus, OfferCounts, ServerInfo, Verification } from './observed.ts';
import { formerPortsOf, servedUrl } from './served-address.ts';
import type { StatusInput } from './status-input.ts';
import { nextStatus } from './status.ts';
import { toolEvents } from './tools-status.ts';

const server = anMCPServer(withGeneration(2));

function aDeployment(
  conditions: Readonly<Record<string, string>>,
  changes: Partial<DeploymentStatus> = {},
): DeploymentStatus {
  return {
    generation: 5,
    observedGeneration: 5,
    replicas: 1,
    updatedReplicas: 1,
    readyReplicas: 0,
    conditions: Object.entries(conditions).map(([type, text]) => {
      const [status = '', message = ''] = text.split('/');
      return { type, status, message };
    }),
    ...changes,
  };
}

const healthy = aDeployment({ Available: 'True', Progressing: 'True' }, { readyReplicas: 1 });
const serverInfo: ServerInfo = {
  name: 'search',
  version: '1',
  protocolVersion: '2025-06-18',
  capabilities: { tools: true, resources: false, prompts: false, logging: false, completions: false },
};
const verified: Verification & { readonly state: 'verified' } = { state: 'verified', era: 'stateless', serverInfo };
const failed: Verification & { readonly state: 'failed' } = { state: 'failed', message: 'connection refused' };

/** All pods that serve are of this generation. */
const servedBy = (generation: number): StatusInput['serving'] => ({ generation, podSet: 'a', isRolling: false });
/** Pods of an older template are there, too. */
const rolling: StatusInput['serving'] = { generation: undefined, podSet: 'a', isRolling: true };

function statusOf(changes: Partial<StatusInput>): MCPServerStatus {
  return nextStatus({
    server,
    serving: servedBy(2),
    accepted: { state: 'valid' },
    deployment: healthy,
    serviceExists: true,
    verification: { state: 'not-attempted' },
    clusterDomain: 'cluster.local',
    now: '2026-01-01T00:00:00Z',
    ...changes,
  });
}

const said = (status: MCPServerStatus, type: string): string => {
  const condition = status.conditions?.find((one) => one.type === type);
  return condition === undefined ? 'absent' : `${condition.status}/${condition.reason}: ${condition.message}`;
};

const replicas = (count: number): Partial<StatusInput> => ({ server: anMCPServer(withReplicas(count)) });
const invalid: Partial<StatusInput> = { accepted: { state: 'invalid', message: 'no', cause: 'digest' } };
const notChecked: Partial<StatusInput> = {
  accepted: { state: 'not-checked', message: "ConfigMap 'x' not checked: forbidden" },
};
const refused: Partial<StatusInput> = {
  problem: { reason: 'ServiceUnavailable', message: 'Failed to reconcile Service: x', cause: 'Service/a' },
};
const unavailable = 'False/DeploymentUnavailable: ';
const podFailure: PodFailure = { cause: 'ImagePull', image: 'x', detail: 'y', pod: 'z' };
const diagnosis = 'Image pull failed for "x": y (pod: z)';

describe('Available', () => {
  it.each<[string, Partial<StatusInput>, string, string]>([
    [
      'an invalid server, before all else',
      { ...invalid, ...refused },
      'False/ConfigurationInvalid: Configuration must be fixed before server can start',
      'Failed',
    ],
    [
      'a server whose references could not be checked',
      { ...notChecked, ...replicas(0) },
      'Unknown/Initializing: Waiting until references can be checked',
      'Pending',
    ],
    [
      'a refused child, before scaling',
      { ...replicas(0), ...refused },
      'False/ServiceUnavailable: Failed to reconcile Service: x',
      'Failed',
    ],
    [
      'no replicas wanted',
      { ...replicas(0), deployment: undefined },
      'True/ScaledToZero: Server is ready (scaled to 0 replicas)',
      'Running',
    ],
    [
      'no Deployment yet',
      { deployment: undefined },
      'Unknown/Initializing: Waiting for Deployment to report status',
      'Pending',
    ],
    [
      'a Deployment without conditions',
      { deployment: aDeployment({}) },
      'Unknown/Initializing: Waiting for Deployment to report status',
      'Pending',
    ],
    [
      'a roll-out, when nothing is ready',
      { deployment: aDeployment({ Progressing: 'True' }, { generation: 6 }) },
      `${unavailable}Deployment is processing spec update`,
      'Pending',
    ],
    [
      'a roll-out behind instances that are ready',
      { deployment: { ...healthy, generation: 6 } },
      'True/Available: MCP server is ready (1 of 1 instances healthy)',
      'Running',
    ],
    [
      'more healthy instances than are wanted',
      { deployment: { ...healthy, replicas: 2, readyReplicas: 2 } },
      'True/Available: MCP server is ready (1 of 1 instances healthy)',
      'Running',
    ],
    ['healthy instances', {}, 'True/Available: MCP server is ready (1 of 1 instances healthy)', 'Running'],
    [
      'some healthy instances',
      { ...replicas(3) },
      'True/Available: MCP server is ready (1 of 3 instances healthy)',
      'Running',
    ],
    [
      'available without an instance',
      { deployment: aDeployment({ Available: 'True', Progressing: 'True' }) },
      `${unavailable}Waiting for instances to become healthy`,
      'Pending',
    ],
    [
      'progressing',
      { deployment: aDeployment({ Available: 'False', Progressing: 'True' }) },
      `${unavailable}Waiting for instances to become healthy`,
      'Pending',
    ],
    [
      'progressing with a failing pod',
      { deployment: aDeployment({ Progressing: 'True' }), podFailure },
      unavailable + diagnosis,
      'Failed',
    ],
    [
      'a failing pod beside a ready one',
      { deployment: aDeployment({ Progressing: 'True' }, { readyReplicas: 1 }), podFailure },
      `${unavailable}Waiting for instances to become healthy`,
      'Pending',
    ],
    [
      'no progress',
      { deployment: aDeployment({ Progressing: 'False/deadline exceeded' }) },
      `${unavailable}No healthy instances (pod details unavailable): deadline exceeded`,
      'Failed',
    ],
    [
      'no progress and a failing pod',
      { deployment: aDeployment({ Progressing: 'False' }), podFailure },
      unavailable + diagnosis,
      'Failed',
    ],
    [
      'pods that cannot be created',
      { deployment: aDeployment({ ReplicaFailure: 'True/quota', Progressing: 'True/going' }) },
      `${unavailable}No healthy instances (pod details unavailable): quota`,
      'Failed',
    ],
    [
      'a failure without a message',
      { deployment: aDeployment({ ReplicaFailure: 'True/', Progressing: 'True/going' }) },
      `${unavailable}No healthy instances (pod details unavailable): going`,
      'Failed',
    ],
    [
      'a failure without any message',
      { deployment: aDeployment({ ReplicaFailure: 'True/' }) },
      `${unavailable}No healthy instances (pod details unavailable)`,
      'Failed',
    ],
  ])('%s', (_, changes, wanted, phase) => {
    const status = statusOf(changes);
    expect(said(status, 'Available')).toBe(wanted);
    expect(status.phase).toBe(phase);
    const isUp = wanted.startsWith('True/Available');
    expect(said(status, 'Verified')).toBe('Unknown/NotVerified: Handshake has not been attempted');
    expect(said(status, 'Ready')).toBe(isUp ? 'Unknown/Initializing: Waiting for the MCP handshake' : wanted);
  });
});

describe('Verified and Ready', () => {
  const ready = 'True/Available: MCP server is ready (1 of 1 instances healthy)';
  const broken = 'MCP endpoint is not serving a valid MCP protocol: connection refused';

  it.each<[string, Verification, string, string, string]>([
    ['a handshake', verified, 'True/Verified: MCP handshake succeeded', ready, 'Running'],
    [
      'an endpoint that wants credentials',
      { state: 'auth-required', statusCode: 401 },
      'True/AuthSkipped: Endpoint returned auth error, treated as reachable',
      ready,
      'Running',
    ],
    [
      'an endpoint that wants credentials, in its own words',
      { state: 'auth-required', statusCode: 403, said: 'Forbidden: no token' },
      'True/AuthSkipped: Endpoint returned auth error, treated as reachable: Forbidden: no token',
      ready,
      'Running',
    ],
    [
      'an endpoint that asks not to be asked',
      { state: 'throttled', message: 'answered HTTP 429 (Retry-After: 30): slow down' },
      'Unknown/NotVerified: Endpoint asks not to be asked now: answered HTTP 429 (Retry-After: 30): slow down',
      'Unknown/Initializing: Endpoint asks not to be asked now: answered HTTP 429 (Retry-After: 30): slow down',
      'Running',
    ],
    [
      'a failed handshake',
      failed,
      `False/EndpointUnavailable: ${broken}`,
      `False/MCPEndpointUnavailable: ${broken}`,
      'Failed',
    ],
  ])('%s', (_, verification, wanted, ofReady, phase) => {
    const status = statusOf({ verification });
    expect(said(status, 'Verified')).toBe(wanted);
    expect(said(status, 'Ready')).toBe(ofReady);
    expect(status.phase).toBe(phase);
  });

  describe('of a server that ends whenever it is asked', () => {
    const down = { deployment: aDeployment({ Progressing: 'True' }) };
    const gone = (times: number): Verification => ({ state: 'not-attempted', gone: times });
    const text = (status: MCPServerStatus): string => said(status, 'Verified');
    const image = 'ghcr.io/example/search:1.4.0';

    it('do not say that nobody has asked it, but how often it was gone, and where to look', () => {
      expect(text(statusOf({ ...down, verification: gone(1) }))).toMatch(
        /^Unknown\/NotVerified: .*: once, the server closed/,
      );
      const status = statusOf({ ...down, verification: gone(4) });
      expect(text(status)).toMatch(/: 4\+ times in a row, the server closed .* its log says why/);
      expect(status.extensions?.verification).toEqual({ goneWhenAsked: 4, image });
    });

    it('say the same after a restart of ours, and between two questions', () => {
      const before = statusOf({ ...down, verification: gone(4) });
      const later = { previous: before, verification: { state: 'not-attempted' } as const };
      expect(statusOf({ ...down, ...later })).toBe(before);
      expect(text(statusOf(later))).toBe(text(before));
    });

    it('count on where status left off only for the same image', () => {
      const previous: MCPServerStatus = { extensions: { verification: { goneWhenAsked: 4, image: 'other:1' } } };
      const status = statusOf({ ...down, previous, verification: gone(1) });
      expect(status.extensions?.verification).toEqual({ goneWhenAsked: 1, image });
    });

    it.each<[string, Verification]>([
      ['is verified', verified],
      ['wants credentials', { state: 'auth-required', statusCode: 401 }],
    ])('forget it when the server %s', (_, verification) => {
      const previous = statusOf({ ...down, verification: gone(4) });
      expect(previous.extensions?.verification?.goneWhenAsked).toBe(4);
      expect(statusOf({ previous, verification }).extensions?.verification?.goneWhenAsked).toBeUndefined();
    });

    it.each<[string, Partial<StatusInput>]>([
      ['is scaled to zero', replicas(0)],
      ['is invalid', invalid],
    ])('say nothing of it when the server %s', (_, changes) => {
      expect(text(statusOf({ ...changes, verification: gone(4) }))).toMatch(/Handshake has not been attempted$/);
    });
  });

  it.each<[string, Partial<StatusInput>]>([
    ['is not available', { deployment: aDeployment({ Progressing: 'True' }) }],
    ['is scaled to zero', replicas(0)],
    ['is invalid', invalid],
  ])('forget an old handshake when the server %s', (_, changes) => {
    const status = statusOf({ verification: verified, ...changes });
    expect(said(status, 'Verified')).toMatch(/^Unknown\/NotVerified/);
    expect(status).not.toHaveProperty('serverInfo');
  });
});

describe('while another generation rolls out', () => {
  const at = (generation: number): Partial<StatusInput> => ({ server: anMCPServer(withGeneration(generation)) });
  const now = '2026-02-02T00:00:00Z';
  const answeredBy = { generation: 2, podSet: 'a' };
  const release = '1';
  const ready = statusOf({ verification: verified, answeredBy, release });
  const changed = { ...at(3), previous: ready, verification: verified, answeredBy, release, now };
  const surging = {
    ...healthy,
    generation: 6,
    observedGeneration: 6,
    replicas: 2,
    updatedReplicas: 1,
    readyReplicas: 1,
  };
  const complete = { ...healthy, generation: 6, observedGeneration: 6 };
  const generations = (status: MCPServerStatus): Record<string, string> =>
    Object.fromEntries(
      (status.conditions ?? []).map(({ type, status: holds, observedGeneration = 0 }) => [
        type,
        `${holds}@${observedGeneration}`,
      ]),
    );

  it.each<[string, Partial<StatusInput>]>([
    ['it is written', { deployment: { ...healthy, generation: 6 }, serving: rolling }],
    ['its first pod starts', { deployment: surging, serving: rolling }],
    [
      'pods of both are ready',
      { deployment: { ...surging, readyReplicas: 2 }, serving: { ...rolling, podSet: 'a+b' } },
    ],
    ['nobody has told of pods', { deployment: surging, serving: { ...rolling, podSet: '' } }],
  ])(
    'keeps what serves Ready and of its own generation when %s, and says that a change is on its way',
    (_, changes) => {
      const status = statusOf({ ...changed, ...changes });
      expect(generations(status)).toEqual({
        ...{ Ready: 'True@2', Accepted: 'True@3', Available: 'True@2', Verified: 'True@2', Reconciling: 'True@3' },
      });
      expect(status).toMatchObject({ observedGeneration: 3, phase: 'Running', serverInfo });
      expect(said(status, 'Available')).toContain('1 of 1 instances');
    },
  );

  it('speaks of the new pods as soon as they alone serve, but vouches for no answer of those before them', () => {
    const serving = { ...servedBy(3), podSet: 'b' };
    const status = statusOf({ ...changed, deployment: complete, serving });
    expect(generations(status)).toEqual({
      ...{ Ready: 'True@2', Accepted: 'True@3', Available: 'True@3', Verified: 'True@2', Reconciling: 'True@3' },
    });
    const asked = { previous: status, answeredBy: { generation: 3, podSet: 'b' } };
    const done = { Ready: 'True@3', Accepted: 'True@3', Available: 'True@3', Verified: 'True@3' };
    expect(generations(statusOf({ ...changed, deployment: complete, serving, ...asked }))).toEqual(done);
    const broken = statusOf({ ...changed, deployment: complete, serving, ...asked, verification: failed });
    expect(generations(broken)).toEqual({ ...done, Ready: 'False@3', Verified: 'False@3' });
  });

  it('moves on unasked when the same pods serve the new generation', () => {
    const status = statusOf({ ...changed, serving: servedBy(3), deployment: complete });
    expect(generations(status)).toEqual({
      Ready: 'True@3',
      Accepted: 'True@3',
      Available: 'True@3',
      Verified: 'True@3',
    });
  });

  it('goes on while the old pod is gone and no new one is there (0 of 0 were all)', () => {
    const between = { ...complete, wantedReplicas: 1, replicas: 0, updatedReplicas: 0, readyReplicas: 0 };
    expect(said(statusOf({ ...changed, deployment: between }), 'Reconciling')).toBe('True/RollingOut: Rolling out');
  });

  it('goes on while it is about to be written, and what is complete is the version before (it was told to serve)', () => {
    const about = { ...changed, serving: rolling, isApplied: false };
    expect(said(statusOf(about), 'Reconciling')).toBe(
      'True/RollingOut: Rolling out; what served before goes on serving',
    );
  });

  describe('and is put back', () => {
    const target = { template: 'D', generation: 3, since: now };
    const stable = { template: 'S', replicaSet: 'old', generation: 2 };
    const rollout = {
      phase: 'RolledBack',
      target,
      stable,
      reason: 'NewPodsNotVerified',
      message: 'They fail',
    } as const;
    const servedByPodsOf = (replicaSets: readonly string[]): Partial<StatusInput> => ({
      ...{ ...changed, deployment: surging, isApplied: false, rollout, verification: failed },
      ...{ answeredBy: { generation: 3, podSet: 'new' } },
      serving: { generation: undefined, podSet: replicaSets.join('+'), isRolling: true, replicaSets },
    });

    it('speaks of what serves while that is what has failed (it named the generation that was not there)', () => {
      const status = statusOf(servedByPodsOf(['new']));
      expect(generations(status)).toMatchObject({ Available: 'True@3', Verified: 'False@3', Ready: 'False@3' });
      expect(said(status, 'Stalled')).toBe(
        'True/NewPodsNotVerified: They fail; they serve until those of generation 2, which are put back, are ready',
      );
    });

    it.each([['old'], ['new', 'old']])('speaks of those before it as soon as one of them serves (%s)', (...serving) => {
      const status = statusOf(servedByPodsOf(serving));
      expect(generations(status)).toMatchObject({ Available: 'True@2' });
      expect(said(status, 'Stalled')).toBe('True/NewPodsNotVerified: They fail; those of generation 2 go on serving');
    });

    it('says that those do not serve well either (it said that they go on serving)', () => {
      const answered = { verification: failed, answeredBy: { generation: 2, podSet: 'old' } };
      const status = statusOf({ ...servedByPodsOf(['old']), ...answered });
      expect(generations(status)).toMatchObject({ Available: 'True@2', Verified: 'False@2' });
      const { message = '' } = status.conditions?.find(({ type }) => type === 'Verified') ?? {};
      expect(said(status, 'Stalled')).toBe(
        `True/NewPodsNotVerified: They fail; those of generation 2 do not serve well either: ${message}`,
      );
    });

    it.each([
      ['says of a configuration what pods that start anew read', 2, true],
      ['says nothing of the kind of another spec', 3, false],
    ])('%s', (_, generation, isSaid) => {
      const rejected = { ...rollout, phase: 'Rejected', target: { ...target, generation } } as const;
      const server = anMCPServer(withGeneration(3));
      const { config } = server.spec;
      const reading = { ...server.spec, config: { ...config, envFrom: [{ configMapRef: { name: 'set' } }] } };
      const before = {
        ...servedByPodsOf(['old']),
        verification: { state: 'not-attempted' },
        rollout: rejected,
      } as const;
      const status = statusOf({ ...before, server: { ...server, spec: reading } });
      const read =
        '; a pod that starts anew reads ConfigMaps and Secrets as they are now, so correct those that have changed';
      expect(said(status, 'Stalled')).toBe(
        `True/NewPodsNotVerified: They fail; those of generation 2 go on serving${isSaid ? read : ''}`,
      );
      expect(said(statusOf({ ...before, server }), 'Stalled')).not.toContain('starts anew');
    });

    it('speaks of those before it also when the next change is proven by then', () => {
      const previous = statusOf(servedByPodsOf(['new']));
      const proving = { phase: 'Proving', target: { template: 'E', generation: 4, since: now }, stable } as const;
      const next = statusOf({ ...servedByPodsOf(['old']), ...at(4), previous, rollout: proving });
      expect(generations(next)).toMatchObject({ Available: 'True@2' });
    });
  });

  it('stays available while more instances are started', () => {
    const scaled = anMCPServer(withGeneration(3), withReplicas(3));
    const deployment = aDeployment(
      { Available: 'False', Progressing: 'True' },
      { replicas: 3, updatedReplicas: 3, readyReplicas: 1 },
    );
    const status = statusOf({ ...changed, server: scaled, deployment, serving: servedBy(3) });
    expect(said(status, 'Available')).toBe('True/Available: MCP server is ready (1 of 3 instances healthy)');
    expect(said(status, 'Ready')).toMatch(/^True/);
  });

  it('stays verified until the new pods were asked, also after a restart of ours', () => {
    const serving = { ...servedBy(3), podSet: 'b' };
    const restarted = { verification: { state: 'not-attempted' }, answeredBy: undefined } as const;
    const status = statusOf({ ...changed, ...restarted, deployment: complete, serving });
    expect(generations(status)).toMatchObject({ Ready: 'True@2', Verified: 'True@2' });
    expect(status.serverInfo).toEqual(serverInfo);
  });

  it('says after a restart of ours what was said of a server that asks not to be asked', () => {
    const throttled: Verification = { state: 'throttled', message: 'answered HTTP 429' };
    const before = statusOf({ verification: throttled, answeredBy });
    expect(said(before, 'Ready')).toContain('answered HTTP 429');
    expect(statusOf({ previous: before, now })).toBe(before);
  });

  const crash: PodFailure = { cause: 'Crashing', exitCode: 3, restarts: 2, pod: 'new-1' };
  const crashes = 'Container crashing: exit code 3, restarts: 2+ (pod: new-1)';
  const late = aDeployment({ Available: 'True' }, { replicas: 2, updatedReplicas: 1, readyReplicas: 1 });
  const exceeded = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'timed out' };
  const deadline = { ...late, conditions: [...late.conditions, exceeded] };
  const goesOn = '; those of generation 2 go on serving';

  it.each<[string, Partial<StatusInput>, string]>([
    [
      'whose pod crashes behind a good old one',
      { deployment: surging, podFailure: crash },
      `PodsFailing: New pods do not come up: ${crashes}${goesOn}`,
    ],
    [
      'whose deadline has passed',
      { deployment: deadline },
      `ProgressDeadlineExceeded: New pods do not come up: timed out${goesOn}`,
    ],
    [
      'whose deadline has passed, and a pod says why',
      { deployment: deadline, podFailure: crash },
      `ProgressDeadlineExceeded: New pods do not come up: ${crashes}; timed out${goesOn}`,
    ],
    [
      'whose pods are not created',
      { deployment: aDeployment({ Available: 'True', ReplicaFailure: 'True/quota' }, { readyReplicas: 1 }) },
      `PodsNotCreated: New pods do not come up: quota${goesOn}`,
    ],
  ])('tells of a release %s, and leaves what serves as it is', (_, changes, wanted) => {
    const status = statusOf({ ...changed, serving: rolling, ...changes });
    expect(said(status, 'Progressing')).toBe(`False/${wanted}`);
    expect(said(status, 'Stalled')).toBe(`True/${wanted}`);
    expect(said(status, 'Reconciling')).toBe('absent');
    expect(generations(status)).toMatchObject({ Ready: 'True@2', Available: 'True@2', Verified: 'True@2' });
    expect(status.phase).toBe('Running');
    expect(status.extensions?.podFailure).toEqual(changes.podFailure);
    expect(statusOf({ ...changed, serving: rolling, ...changes, previous: status })).toBe(status);
  });

  it('is stalled also where nothing serves, and where a child is refused', () => {
    const first = statusOf({ deployment: aDeployment({ Progressing: 'True' }, { replicas: 2 }), podFailure: crash });
    expect(said(first, 'Stalled')).toBe(`True/PodsFailing: New pods do not come up: ${crashes}`);
    const overdue = { ...deadline, readyReplicas: 0, conditions: [exceeded] };
    expect(statusOf({ deployment: overdue, podFailure: crash, previous: first })).toBe(first);
    expect(first.phase).toBe('Failed');
    expect(said(statusOf(refused), 'Stalled')).toBe('True/ServiceUnavailable: Failed to reconcile Service: x');
  });

  it.each<[string, Partial<StatusInput>]>([
    ['an invalid change', invalid],
    ['a server that is scaled to zero', { server: anMCPServer(withGeneration(3), withReplicas(0)) }],
    [
      'a server that nobody changes and whose pod fails',
      { deployment: aDeployment({ Progressing: 'True' }), podFailure: crash },
    ],
  ])('says nothing of a roll-out of %s', (_, changes) => {
    const status = statusOf({ ...changes });
    for (const type of ['Progressing', 'Reconciling', 'Stalled']) expect(said(status, type)).toBe('absent');
  });

  it.each<[string, MCPServerStatus | undefined, number]>([
    ['simply an older one', undefined, 3],
    ['the one that was accepted before', { extensions: { policy: { revision: 1, generation: 1 } } }, 1],
    ['no other than before', ready, 2],
  ])('takes what serves for %s where it cannot be told', (_, previous, wanted) => {
    const status = statusOf({ ...at(4), previous, deployment: surging, serving: rolling });
    expect(generations(status)['Available']).toBe(`True@${wanted}`);
  });

  describe('the status of a release that wrote the newest generation into each condition', () => {
    const ofFormer = statusOf({ verification: verified, answeredBy });
    const stuck = aDeployment({ Available: 'True' }, { replicas: 2, updatedReplicas: 1, readyReplicas: 1 });
    const beginning = { ...healthy, generation: healthy.generation + 1 };

    it.each<[string, StatusInput['deployment'], MCPServerStatus, number]>([
      ['of the one before, while pods of that are there', stuck, ofFormer, 1],
      ['of the newest one, where a roll-out of it only begins', beginning, ofFormer, 2],
      ['of the newest one, where the release says which it means', stuck, ready, 2],
    ])('is taken to speak %s', (_, deployment, previous, wanted) => {
      const server = anMCPServer(withGeneration(2));
      const status = statusOf({ server, previous, deployment, serving: rolling, release });
      expect(generations(status)).toMatchObject({ Ready: `True@${wanted}`, Available: `True@${wanted}` });
    });
  });
});

describe('by whom it is written', () => {
  it('is said of what is written, and no reason to write good news again', () => {
    const by = (release: string, previous?: MCPServerStatus): MCPServerStatus =>
      statusOf({ verification: verified, release, previous });
    const first = by('1');
    expect(first.extensions?.release).toBe('1');
    expect(by('2', first)).toBe(first);
    const changed = statusOf({ verification: verified, release: '2', previous: first, serviceExists: false });
    expect(changed.extensions?.release).toBe('2');
  });

  describe('when it was another release', () => {
    const ofNow = statusOf({ verification: verified, release: '1' });
    const said = {
      type: 'Later',
      status: 'False',
      reason: 'R',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    } as const;
    it.each<[string, MCPServerStatus]>([
      ['a condition', { ...ofNow, conditions: [...(ofNow.conditions ?? []), said] }],
      ['data', { ...ofNow, extensions: { ...ofNow.extensions, ...{ later: 1 } } }],
    ])('%s that only that one knows goes with one write, and is not compared any more', (_, previous) => {
      const byLater = { ...previous, extensions: { ...previous.extensions, release: '2' } };
      const written = statusOf({ verification: verified, release: '1', previous: byLater });
      expect(written).toEqual(ofNow);
      // What is of somebody else stays beside it.
      expect(statusOf({ verification: verified, release: '1', previous })).toBe(previous);
    });
  });

  it('is no reason to write bad news again either', () => {
    const first = statusOf({ ...invalid, release: '1' });
    expect(statusOf({ ...invalid, release: '2', previous: first })).toBe(first);
  });
});

describe('what bad news come from', () => {
  const causes = (changes: Partial<StatusInput>) => statusOf(changes).extensions?.causes;
  const failed = { state: 'failed', message: 'answered HTTP 500', cause: 'HTTP 500' } as const;

  it('is kept beside them in no words, and of good news nothing is', () => {
    expect(causes(invalid)).toEqual({ Accepted: 'digest', Available: 'invalid' });
    expect(causes({ verification: failed })).toEqual({ Verified: 'HTTP 500' });
    expect(causes({ verification: verified })).toBeUndefined();
  });

  it('stands with what was found out before, until somebody was asked again', () => {
    const previous = statusOf({ verification: failed });
    const believed = { state: 'failed', message: '', isBelieved: true } as const;
    expect(causes({ verification: believed, previous })).toEqual({ Verified: 'HTTP 500' });
  });
});

describe('nextStatus', () => {
  it('says where the server runs and what it is', () => {
    expect(statusOf({ verification: verified })).toMatchObject({
      observedGeneration: 2,
      phase: 'Running',
      deploymentName: 'search',
      serviceName: 'search',
      address: { url: 'http://search.mcp.svc.cluster.local:8080/mcp' },
      serverInfo,
      replicas: 1,
      readyReplicas: 1,
      selector: 'mcp-server=search',
    });
  });

  it('says how much the server lists, as far as it is known', () => {
    const counted = (offers: OfferCounts): MCPServerStatus => statusOf({ verification: { ...verified, offers } });
    const asked = { era: 'Stateless', image: 'ghcr.io/example/search:1.4.0' };
    expect(counted({ tools: 3, prompts: 0 }).extensions).toEqual({
      verification: { ...asked, toolCount: 3, promptCount: 0 },
    });
    expect(counted({}).extensions).toEqual({ verification: asked });
    expect(statusOf({ verification: verified }).extensions).toEqual({ verification: asked });
  });

  it('says which era was learnt, which tools there were, and why a list has no number', () => {
    const image = 'ghcr.io/example/search:1.4.0';
    const counted: Verification = {
      ...verified,
      offers: { tools: 3 },
      tools: { digest: 'sha256:d', listed: '01234567 89abcdef rd- search', truncated: 2 },
      notCounted: 'prompts/list failed',
    };
    const tools = {
      ...{ digest: 'sha256:d', image, changedAt: '2026-01-01T00:00:00Z', truncated: 2 },
      list: [{ name: 'search', interface: '01234567', wording: '89abcdef', readOnly: true, destructive: true }],
    };
    const before = statusOf({ verification: counted });
    expect(before.extensions).toEqual({
      verification: { era: 'Stateless', image, toolCount: 3, notCounted: 'prompts/list failed' },
      tools,
    });
    const kept = { verification: { era: 'Stateless', image }, tools };
    expect(statusOf({ previous: before, verification: failed }).extensions).toEqual(kept);
    const down = { deployment: aDeployment({ Progressing: 'True' }) };
    const notAttempted: Verification = { state: 'not-attempted' };
    expect(statusOf({ ...down, previous: before, verification: notAttempted }).extensions).toEqual({
      ...{ ...kept, causes: { Available: 'waiting' } },
    });
  });

  it('replaces what a version before 0.2 wrote of tools in one write, when they are listed again', () => {
    const listed: Verification = {
      ...{ ...verified, offers: { tools: 1 } },
      tools: { digest: 'sha256:d', listed: '01234567 89abcdef rd- search', truncated: 0 },
    };
    const old = statusOf({ verification: { ...verified, offers: { tools: 1 } } });
    const verification = { ...old.extensions?.verification, toolsDigest: 'of names' };
    const former = { ...old, extensions: { ...old.extensions, verification } };
    // Believed after the restart: nothing is written.
    expect(statusOf({ previous: former, verification: { ...verified, offers: { tools: 1 } } })).toBe(former);
    const next = statusOf({ previous: former, verification: listed });
    expect(next.extensions?.verification).not.toHaveProperty('toolsDigest');
    expect(next.extensions?.tools?.digest).toBe('sha256:d');
    expect(statusOf({ previous: next, verification: listed })).toBe(next);
  });

  it('has no tools left of a server that does not offer them any more, and says so', () => {
    const tools = { digest: 'sha256:d', listed: '01234567 89abcdef rd- search', truncated: 0 };
    const before = statusOf({ verification: { ...verified, tools } });
    const capabilities = { ...verified.serverInfo.capabilities, tools: false };
    const without = { ...verified, serverInfo: { ...verified.serverInfo, capabilities } };
    const next = statusOf({ previous: before, verification: without });
    expect(next.extensions?.tools).toMatchObject({ digest: digestOfNone, list: [] });
    expect(toolEvents(before, next).map(({ reason }) => reason)).toEqual(['ToolsRemoved']);
    expect(statusOf({ previous: next, verification: without })).toBe(next);
    expect(statusOf({ verification: without }).extensions).not.toHaveProperty('tools');
  });

  it('keeps the tools of the image before until another one has listed its own', () => {
    const tools = { digest: 'sha256:d', listed: '01234567 89abcdef rd- search', truncated: 0 };
    const before = statusOf({ verification: { ...verified, tools } });
    const { extensions } = before;
    const ofOther = { ...extensions, tools: { ...extensions?.tools, image: 'x:0' }, verification: { image: 'x:0' } };
    const failing = statusOf({ previous: { ...before, extensions: ofOther }, verification: verified });
    expect(failing.extensions?.tools).toEqual(ofOther.tools);
    expect(failing.extensions?.verification?.image).not.toBe('x:0');
    const image = failing.extensions?.verification?.image;
    const listed = statusOf({ previous: failing, verification: { ...verified, tools } });
    expect(listed.extensions?.tools).toEqual({ ...ofOther.tools, image });
  });

  it('keeps the contract that was read last beside why there is none now, and when it changed', () => {
    const tools = { digest: 'sha256:d', listed: '01234567 89abcdef rd- search', truncated: 0 };
    const before = statusOf({ verification: { ...verified, tools } });
    const unstable = {
      ...verified,
      tools: { reason: 'ContractUnstable', why: 'two lists differ' },
    } as const satisfies Verification;
    const next = statusOf({ previous: before, verification: unstable });
    expect(next.extensions?.tools).toEqual({
      ...before.extensions?.tools,
      ...{ reason: 'ContractUnstable', message: 'two lists differ' },
    });
    expect(statusOf({ previous: next, verification: unstable })).toBe(next);
    expect(statusOf({ previous: next, verification: { ...verified, tools } }).extensions).toEqual(before.extensions);
  });

  it('says which era a failure has taught, and forgets it with the image', () => {
    const before = statusOf({ verification: { ...failed, era: 'handshake' } });
    expect(before.extensions?.verification).toMatchObject({ era: 'Handshake' });
    const resting = statusOf({ verification: { state: 'not-attempted', era: 'handshake' } });
    expect(resting.extensions?.verification).toMatchObject({ era: 'Handshake' });
    const containerImage = { ref: 'ghcr.io/example/search:2.0.0' };
    const other = { ...server, spec: { ...server.spec, source: { ...server.spec.source, containerImage } } };
    expect(statusOf({ server: other, previous: before, verification: failed })).not.toHaveProperty('extensions');
  });

  it('says how often the verification failed, and no zero where no number was', () => {
    const failing = statusOf({ verification: { ...failed, failures: 8 } });
    expect(failing.handshakeRetryCount).toBe(8);
    expect(statusOf({ verification: verified, previous: failing }).handshakeRetryCount).toBe(0);
    expect(statusOf({ verification: verified })).not.toHaveProperty('handshakeRetryCount');
  });

  it('publishes the address as soon as the Service exists, verified or not', () => {
    expect(statusOf({ verification: failed })).toHaveProperty('address');
    expect(statusOf({ serviceExists: false })).not.toHaveProperty('address');
  });

  it('keeps the counts of an invalid server, and nothing that asks to connect', () => {
    const status = statusOf({ ...invalid, verification: verified });
    expect(status).toMatchObject({ replicas: 1, readyReplicas: 1 });
    for (const field of ['deploymentName', 'serviceName', 'address', 'serverInfo'])
      expect(status).not.toHaveProperty(field);
    expect(said(status, 'Accepted')).toBe('False/Invalid: no');
  });

  describe('of a server with a gateway', () => {
    const server = anMCPServer(withGeneration(2), withSpec({ gateway: { provider: 'httproute' } }));
    const registration = { gatewayBinding: { name: 'b', provider: 'httproute' }, url: 'https://mcp.example.com/mcp' };
    const clusterURL = 'http://search.mcp.svc.cluster.local:8080/mcp';
    const condition = (status: 'True' | 'False') => [{ type: 'GatewayRegistered', status, reason: 'R', message: 'm' }];
    const registered = statusOf({ server, verification: verified, optional: condition('True'), registration });

    it('has the address of the gateway, and beside it the one inside the cluster', () => {
      expect(registered).toMatchObject({
        ...{ address: { url: 'https://mcp.example.com/mcp' }, extensions: { clusterURL } },
        gatewayBinding: { name: 'b', provider: 'httproute' },
      });
      expect(said(registered, 'GatewayRegistered')).toBe('True/R: m');
    });

    it('is Ready whatever becomes of the gateway, and has its own address until then', () => {
      const refused = statusOf({ server, verification: verified, optional: condition('False'), registration: {} });
      expect(refused).toMatchObject({ address: { url: clusterURL }, extensions: { clusterURL } });
      expect(said(refused, 'Ready')).toMatch(/^True/);
      expect(refused).not.toHaveProperty('gatewayBinding');
    });

    it('falls back to its own address when it asks for none any more', () => {
      const changed = { server: anMCPServer(withGeneration(3)), serving: servedBy(3) };
      const next = statusOf({ ...changed, verification: verified, optional: [], previous: registered });
      expect(next).toMatchObject({ address: { url: clusterURL } });
      expect(next.extensions).not.toHaveProperty('clusterURL');
      expect(next).not.toHaveProperty('gatewayBinding');
      expect(said(next, 'GatewayRegistered')).toBe('absent');
    });

    it('keeps what was said of it while nothing is brought about', () => {
      const next = statusOf({ server, verification: verified, previous: registered });
      expect(next).toBe(registered);
    });

    it('is asked inside the cluster while an older generation serves, never where a gateway says', () => {
      const moved = anMCPServer(withGeneration(3), withSpec({ gateway: { provider: 'x' }, config: { port: 9090 } }));
      expect(servedUrl({ server: moved, previous: registered, clusterDomain: 'cluster.local' }, false)).toBe(
        clusterURL,
      );
      const elsewhere = { ...registered, address: { url: 'https://gateway.example.com:7777/mcp' } };
      expect(formerPortsOf({ ...moved, status: elsewhere })).toEqual([8080]);
    });
  });

  const later = '2026-02-02T00:00:00Z';

  it('gives back the same object when nothing changed', () => {
    const previous = statusOf({ verification: verified });
    expect(statusOf({ verification: verified, previous, now: later })).toBe(previous);
  });

  it('recognises its own words in what the API server stored beside those of others', () => {
    const { conditions = [], ...fields } = statusOf({ verification: verified });
    const condition = { type: 'Mine', status: 'True' as const, reason: 'R', message: '', lastTransitionTime: later };
    const previous = { conditions: [condition, ...conditions.toReversed()], ...fields };
    expect(statusOf({ verification: verified, previous, now: later })).toBe(previous);
  });

  it('moves the transition time only of conditions whose status changes', () => {
    const previous = statusOf({ verification: verified });
    const next = statusOf({ previous, verification: failed, now: later, ...replicas(2) });
    expect(next.conditions?.map(({ type, lastTransitionTime }) => [type, lastTransitionTime === later])).toEqual([
      ['Ready', true],
      ['Accepted', false],
      ['Available', false],
      ['Verified', true],
    ]);
    expect(said(next, 'Available')).toContain('1 of 2');
  });

  it('drops a condition that does not apply any more', () => {
    const said = { type: 'GatewayRegistered', status: 'False', reason: 'R', message: '' } as const;
    const previous = statusOf({ optional: [said] });
    expect(statusOf({ previous, optional: [said] })).toBe(previous);
    expect(statusOf({ previous, optional: [] })).not.toBe(previous);
  });

  it.each<[string, Verification, object[], boolean]>([
    ['that lets in only some, when nothing came back', { ...failed, isUnanswered: true }, [{}], true],
    ['that lets in everybody', { ...failed, isUnanswered: true }, [], false],
    ['that lets in only some, but answered', failed, [{}], false],
  ])('blames the policy only of a server %s', (_, verification, ingressFrom, isBlamed) => {
    const closed = anMCPServer(withSpec({ network: { ingressFrom } }));
    const message = said(statusOf({ server: closed, verification }), 'Verified');
    expect(message).toContain('connection refused');
    expect(message.includes('spec.network.ingressFrom')).toBe(isBlamed);
  });

  const entry = { rule: 'image', path: 'spec.x', message: 'm', fingerprint: 'f' };
  const policy = { revision: 1, generation: 2, tolerated: [entry] };

  const where = 'see status.extensions.policy.tolerated';

  it.each([
    ['nothing', { revision: 1, generation: 2 }, ''],
    ['one violation', policy, `; 1 violation is tolerated because it was there before, ${where}`],
    [
      'many',
      { ...policy, toleratedNotListed: 9 },
      `; 10 violations are tolerated because they were there before, ${where}`,
    ],
  ])('says in Accepted and in the extensions that it tolerates %s', (_, state, text) => {
    const status = statusOf({ policy: state });
    expect(said(status, 'Accepted')).toBe(`True/Valid: Configuration is valid${text}`);
    expect(status.extensions).toMatchObject({ policy: state });
    expect(statusOf({ policy: { ...state }, previous: status, now: later })).toBe(status);
  });

  it('keeps what was tolerated while nothing can be judged, and leaves what others extend to them', () => {
    const previous = { extensions: { policy, ...{ other: 1 } } };
    const digest = 'see revision';
    expect(statusOf({ ...notChecked, previous }).extensions).toEqual({ policy: { digest, ...policy } });
    expect(statusOf({ policy: { revision: 2 }, previous }).extensions).toEqual({ policy: { digest, revision: 2 } });
    const { extensions, ...more } = statusOf({ policy });
    const beside = { ...more, extensions: { ...extensions, ...{ other: 1 } } };
    expect(statusOf({ policy, previous: beside, now: later })).toBe(beside);
  });

  it('has a digest for releases that read no policy without one, which is their own where they wrote it', () => {
    expect(statusOf({ policy: { revision: 1 } }).extensions?.policy?.digest).toBe('see revision');
    expect(statusOf({ policy: { digest: 'd' } }).extensions?.policy?.digest).toBe('d');
  });

  it('has no extensions when there is nothing to extend', () => {
    expect(statusOf({})).not.toHaveProperty('extensions');
  });

  it('keeps messages on one line and within bounds', () => {
    const [text = ''] =
      statusOf({ verification: { state: 'failed', message: `a\nb\u001b${'x'.repeat(9999)}` } })
        .conditions?.filter(({ type }) => type === 'Verified')
        .map(({ message }) => message) ?? [];
    expect(text).not.toMatch(/\p{Cc}/u);
    expect(text.length).toBeLessThanOrEqual(4096);
  });
});

describe('what is said of optional kinds', () => {
  const applied = { type: 'Monitored', status: 'True', reason: 'Applied', message: 'x' } as const;
  const before = { ...applied, observedGeneration: 1, lastTransitionTime: 't' };
  const ofOptional = ({ conditions = [] }: MCPServerStatus) => conditions.filter(({ type }) => type === 'Monitored');
  const ofOthers = ({ conditions = [] }: MCPServerStatus) => conditions.filter(({ type }) => type !== 'Monitored');

  it('stands beside the other conditions, touches none of them and goes when nobody asks any more', () => {
    const without = statusOf({});
    const off = { ...applied, status: 'False', reason: 'FeatureDisabled' } as const;
    const lacking = statusOf({ optional: [off] });
    expect(ofOptional(lacking)).toMatchObject([{ ...off, observedGeneration: 2 }]);
    expect({ ...lacking, conditions: ofOthers(lacking) }).toEqual(without);
    expect(ofOptional(statusOf({ previous: { ...without, conditions: [before] }, optional: [] }))).toEqual([]);
  });

  it('stays as it was when nothing was brought about', () => {
    const previous = { ...statusOf({}), conditions: [...(statusOf({}).conditions ?? []), before] };
    expect(statusOf({ previous })).toBe(previous);
  });
});

describe('findProblem', () => {
  const ofService = { type: 'conflict', of: service, name: 'search', message: 'Service search is not ours' } as const;
  const ofDeployment = { type: 'delete', of: deployment, name: 'x', uid: 'u' } as const;

  it('is nothing when everything is done', () => {
    expect(findProblem([{ action: ofDeployment, result: 'done' }])).toBeUndefined();
  });

  it('names the Deployment before the Service', () => {
    const failed = { result: 'failed', cause: 'Forbidden', retry: false } as const;
    const conflict = { ...failed, action: ofService, message: ofService.message };
    const refusal = { ...failed, action: ofDeployment, message: 'quota' };
    expect(findProblem([conflict, refusal])).toEqual({
      reason: 'DeploymentUnavailable',
      message: 'Failed to reconcile Deployment: quota',
      cause: 'Deployment/x Forbidden',
    });
    expect(findProblem([conflict])).toEqual({
      reason: 'ServiceUnavailable',
      message: 'Failed to reconcile Service: Service search is not ours',
      cause: 'Service/search Forbidden',
    });
  });
});
