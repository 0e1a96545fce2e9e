import { defineRule, type Rule } from '../engine/rule.ts';
import { checkMostReplicas } from './parts/most-replicas.ts';

const parameters = { max: 5 };

export const maxReplicas: Rule = defineRule({
  id: 'max-replicas',
  severity: 'deny',
  isOptIn: true,
  isAboutReplicas: true,
  summary: 'A server must not have more replicas than the policy allows.',
  rationale:
    'Each replica takes its requests of CPU and memory away from everybody else on the cluster, and one digit too many in a ' +
    'manifest, or an autoscaler that follows a wrong metric, takes all there is. `kubectl scale` and autoscalers are judged ' +
    'as well, by a webhook of their own that fails open, so that scaling works without us; what gets past it is not ' +
    'built: the reconciler leaves what runs as it is until the number is within the limit. A server that has more when the ' +
    'policy comes keeps them, and can be scaled to a number within the limit only.',
  remedy: 'Lower spec.runtime.replicas, and maxReplicas of an autoscaler that sets it.',
  parameters: {
    max: { type: 'integer', minimum: 0, default: 10, help: 'Most replicas of one server.' },
  },
  examples: {
    accepts: [
      { title: 'a server that says nothing about replicas', parameters },
      { title: 'as many as are allowed', spec: { runtime: { replicas: 5 } }, parameters },
      {
        title: 'an autoscaler within the limit',
        spec: { extensions: { autoscaling: { maxReplicas: 5 } } },
        parameters,
      },
    ],
    rejects: [
      { title: 'one more than is allowed', spec: { runtime: { replicas: 6 } }, parameters },
      {
        title: 'an autoscaler that may go further',
        spec: { extensions: { autoscaling: { maxReplicas: 6 } } },
        parameters,
      },
    ],
  },
  check: ({ server: { spec } }, { max }) =>
    checkMostReplicas(spec, max, (replicas) => ({
      headline: 'there are more replicas than are allowed here',
      detail: `found ${replicas}`,
      remedy: `Use at most ${max}, also as maxReplicas of an autoscaler.`,
    })),
});
