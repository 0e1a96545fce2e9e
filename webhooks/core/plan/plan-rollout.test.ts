import { describe, expect, it } from '@jest/globals';
import { applyDefaults } from '../defaults/apply.ts';
import { present } from '../mcpserver/record.ts';
import type { MCPServerStatus, RolloutStatus } from '../mcpserver/types.gen.ts';
import { deployment } from '../resources/deployment.ts';
import { anMCPServer, withGeneration, withSpec, withUid } from '../testing/builders.ts';
import type { Option } from '../testing/builders.ts';
import type { ObservedChild } from './observed.ts';
import { planRollout } from './plan-rollout.ts';
import type { PlannedRollout, PlanRolloutInput } from './plan-rollout.ts';

const isTrue = (type: string, reason: string) => ({
  ...{ type, status: 'True' as const, reason, message: '', observedGeneration: 1 },
  lastTransitionTime: '2026-01-01T00:00:00Z',
});
const status: MCPServerStatus = { conditions: [isTrue('Available', 'Available'), isTrue('Verified', 'Verified')] };

type Said = Partial<Pick<PlanRolloutInput, 'isRemembered' | 'compatibility' | 'now'>> & {
  readonly rollout?: RolloutStatus;
  readonly conditions?: MCPServerStatus['conditions'];
};

function planned(
  {
    isRemembered = true,
    compatibility,
    rollout,
    conditions,
    now = '2026-01-01T00:01:00Z',
    ...child
  }: Partial<ObservedChild> & Said,
  ...options: readonly Option[]
): PlannedRollout {
  const server = {
    ...applyDefaults(anMCPServer(withUid('u'), withGeneration(2), ...options)),
    status: { ...status, ...(conditions && { conditions }), extensions: present({ rollout }) },
  };
  const [object] = deployment.build({ server });
  if (object === undefined) throw new Error('every server has a Deployment');
  const controller = { apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', name: 'search', uid: 'u' };
  const observed: ObservedChild = {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'search', uid: 'd', resourceVersion: '1', isDeleting: false },
    ...{ controller, templateHash: 'before', ...child },
  };
  const digest = (text: string): string => String(text.length);
  return planRollout({
    server,
    deployment: object,
    observed: [observed],
    replicaSet: '5d4f',
    isRemembered,
    compatibility,
    digest,
    now,
  });
}

describe('a new version of a server that is verified', () => {
  it('is to begin, and what serves is known with its generation', () => {
    expect(planned({})).toMatchObject({
      instructions: { template: 'to-begin' },
      serving: { template: 'before', replicaSet: '5d4f', generation: 1, isVerified: true, isUnasked: false },
    });
  });

  it.each<[string, Parameters<typeof planned>]>([
    ['status cannot say how far it is: an older CRD', [{ isRemembered: false }]],
    ['somebody else says how pods are replaced', [{ hasStrategyOfOthers: true }]],
    ['the installation does as the reference operator', [{ compatibility: 'reference' }]],
    ['the spec says Recreate', [{}, withSpec({ extensions: { rollout: { strategy: 'Recreate' } } })]],
    [
      'two versions would write to the same claim',
      [{}, withSpec({ extensions: { storage: [{ claimName: 'a', path: '/a', permissions: 'ReadWrite' }] } })],
    ],
  ])('is rolled out at once where %s', (_, args) => {
    expect(planned(...args)).toMatchObject({ instructions: { template: 'wanted', candidate: 'none' } });
  });

  it.each<[string, string, Parameters<typeof planned>[0]]>([
    ['stays out where somebody says since how pods are replaced', 'held', { hasStrategyOfOthers: true }],
    ['stays out where status is not taken any more, as long as it stands there', 'held', { isRemembered: false }],
    [
      'is followed where the installation does as the reference operator since',
      'wanted',
      { compatibility: 'reference' },
    ],
  ])('that has failed %s', (_, template, said) => {
    const at = '2026-01-01T00:00:00Z';
    const { template: digested } = planned({}).wanted;
    const failed = [{ template: digested, reason: 'CandidateNotReady', message: '', at }];
    const rollout = { phase: 'Rejected', target: { template: digested, since: at }, failed } as const;
    expect(planned({ ...said, rollout }).instructions.template).toBe(template);
  });

  it('is proven also where the installation does as the reference operator, if its author asks for it by name', () => {
    const spec = withSpec({ extensions: { rollout: { verify: 'Candidate' } } });
    expect(planned({ compatibility: 'reference' }, spec)).toMatchObject({ instructions: { template: 'to-begin' } });
  });

  it('is proven beside what writes to the same claim where its author says RollingUpdate', () => {
    const storage = [{ claimName: 'a', path: '/a', permissions: 'ReadWrite' as const }];
    const spec = withSpec({ extensions: { storage, rollout: { strategy: 'RollingUpdate' } } });
    expect(planned({}, spec)).toMatchObject({ instructions: { template: 'to-begin' } });
  });
});

describe('what served is taken to be on its way back', () => {
  const at = '2026-01-01T00:00:30Z';
  const failed = [{ template: 'D', reason: 'NewPodsNotVerified', message: '', at }];
  const stable = { template: 'S', replicaSet: '5d4f' };
  const target = { template: 'D', since: at };
  const rolledBack: RolloutStatus = { phase: 'RolledBack', target, stable, failed };
  const proving: RolloutStatus = { ...rolledBack, phase: 'Proving', target: { template: 'E', since: at } };
  const verified = (holds: 'True' | 'False' | 'Unknown', lastTransitionTime = '2026-01-01T00:00:10Z') => [
    isTrue('Available', 'Available'),
    { ...isTrue('Verified', 'R'), status: holds, lastTransitionTime },
  ];
  const forTools = [{ ...failed[0], template: 'D', reason: 'ToolNotAllowed', message: '', at }];

  it.each<[string, boolean, Parameters<typeof planned>[0]]>([
    ['while nobody has found it good since', true, { rollout: rolledBack, conditions: verified('False') }],
    ['while nobody knows', true, { rollout: rolledBack, conditions: verified('Unknown', '2026-01-01T00:00:50Z') }],
    ['also while the next change is proven', true, { rollout: proving, conditions: verified('False') }],
    [
      'also when it was put back for its tools',
      true,
      { rollout: { ...rolledBack, failed: forTools }, conditions: verified('False') },
    ],
    [
      'not when it has been good and is not any more',
      false,
      { rollout: rolledBack, conditions: verified('False', '2026-01-01T00:00:50Z') },
    ],
    ['not when it is good', false, { rollout: rolledBack, conditions: verified('True') }],
    [
      'not after five minutes',
      false,
      { rollout: rolledBack, conditions: verified('False'), now: '2026-01-01T00:05:30Z' },
    ],
    [
      'not where nothing has failed',
      false,
      { rollout: { phase: 'Proving', target, stable }, conditions: verified('False') },
    ],
    [
      'not where a candidate has failed, which never served',
      false,
      {
        rollout: { ...proving, failed: [{ template: 'D', reason: 'CandidateNotVerified', message: '', at }] },
        conditions: verified('False'),
      },
    ],
  ])('%s', (_, isComingBack, said) => {
    expect(planned(said).serving?.isComingBack ?? false).toBe(isComingBack);
  });
});
