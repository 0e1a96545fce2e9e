import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { SYSTEM_PRIORITY_PREFIX } from '../mcpserver/references.ts';

const path = ['spec', 'extensions', 'scheduling', 'priorityClassName'];

export const priorityClassOfSystem: Rule = {
  id: 'priority-class-of-system',
  severity: 'warn',
  stricterIn: 2,
  summary: "A server should not have one of Kubernetes' own PriorityClasses.",
  rationale:
    'Pods of `system-cluster-critical` and `system-node-critical` go before all others: where room is short they evict DNS, ' +
    'storage and the network of the cluster, which need these classes. Kubernetes lets any namespace use them unless a ' +
    'ResourceQuota of the administrator says otherwise, which then keeps the pods from being created.',
  remedy: 'Name a PriorityClass of your own, or leave the field out.',
  examples: {
    accepts: [
      {
        title: 'a PriorityClass of the platform',
        spec: { extensions: { scheduling: { priorityClassName: 'business-hours' } } },
        priorityClasses: ['business-hours'],
      },
    ],
    rejects: [
      {
        title: 'a PriorityClass of the cluster itself',
        spec: { extensions: { scheduling: { priorityClassName: 'system-cluster-critical' } } },
      },
    ],
  },
  check({ server }) {
    const name = server.spec.extensions?.scheduling?.priorityClassName;
    if (name?.startsWith(SYSTEM_PRIORITY_PREFIX) !== true) return none;
    const headline = 'the pods would go before those that the cluster needs';
    return [{ path, headline, detail: `found '${name}'` }];
  },
};
