import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import type { RolloutSettings } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { strategyOf } from '../rollout/settings.ts';

const path = ['spec', 'extensions', 'rollout'] as const;

const writtenClaim = { storage: [{ claimName: 'search-index', path: '/index', permissions: 'ReadWrite' }] };

export const rolloutHasEffect: Rule = {
  id: 'rollout-has-effect',
  severity: 'warn',
  stricterIn: 5,
  summary: 'What is said of proving a new version should have an effect.',
  rationale:
    'A new version is proven in a pod beside those that serve, which has its deadline. With `strategy: Recreate` the old pods go ' +
    'first, and nothing is proven and nothing put back; a server that writes to a claim has that strategy unless it says ' +
    'otherwise. With `verify: AfterSwitch` there is no such pod, and nothing that the deadline would be for. Who asks for a ' +
    'proof, or gives it a time, relies on something that does not happen.',
  remedy: 'Remove it, or set spec.extensions.rollout.strategy to RollingUpdate.',
  examples: {
    accepts: [
      {
        title: 'a candidate that has ten minutes',
        spec: { extensions: { rollout: { verify: 'Candidate', deadlineSeconds: 600 } } },
      },
      {
        title: 'a server that writes to a claim and is proven by its own wish',
        spec: {
          extensions: {
            ...writtenClaim,
            rollout: { strategy: 'RollingUpdate', verify: 'Candidate', deadlineSeconds: 600 },
          },
        },
      },
      {
        title: 'old pods that go first, and no proof that is asked for',
        spec: { extensions: { rollout: { strategy: 'Recreate', verify: 'AfterSwitch', minReadySeconds: 5 } } },
      },
    ],
    rejects: [
      {
        title: 'a candidate where old pods go first',
        spec: { extensions: { rollout: { strategy: 'Recreate', verify: 'Candidate' } } },
      },
      {
        title: 'a candidate and its deadline, and a claim that the server writes to',
        spec: { extensions: { ...writtenClaim, rollout: { verify: 'Candidate', deadlineSeconds: 600 } } },
      },
      {
        title: 'a deadline where old pods go first',
        spec: { extensions: { rollout: { strategy: 'Recreate', verify: 'AfterSwitch', deadlineSeconds: 600 } } },
      },
      {
        title: 'a deadline without a candidate',
        spec: { extensions: { rollout: { verify: 'AfterSwitch', deadlineSeconds: 600 } } },
      },
    ],
  },
  check({ server }) {
    const { rollout } = server.spec.extensions ?? {};
    if (rollout === undefined) return none;
    if (strategyOf(server) === 'Recreate') return checkRecreate(rollout);
    return rollout.verify === 'AfterSwitch' && rollout.deadlineSeconds !== undefined ? [withoutCandidate] : none;
  },
};

function checkRecreate({ strategy, verify, deadlineSeconds }: RolloutSettings): readonly Violation[] {
  const isSaid = strategy !== undefined;
  const why = isSaid ? 'strategy Recreate' : 'a claim that the server writes to, which makes the strategy Recreate';
  const common = { detail: `found ${why}`, cause: [isSaid ? 'strategy' : 'claim'] };
  const found: Violation[] = [];
  if (verify === 'Candidate') found.push({ path: [...path, 'verify'], headline: 'nothing is proven here', ...common });
  if (deadlineSeconds !== undefined) {
    found.push({
      path: [...path, 'deadlineSeconds'],
      headline: 'nothing is proven here, so it has no deadline',
      ...common,
    });
  }
  return found;
}

const withoutCandidate: Violation = {
  path: [...path, 'deadlineSeconds'],
  headline: 'without a candidate it has no effect',
  detail: 'found verify AfterSwitch',
  remedy: 'Remove it, or set spec.extensions.rollout.verify to Candidate.',
  cause: ['AfterSwitch'],
};
