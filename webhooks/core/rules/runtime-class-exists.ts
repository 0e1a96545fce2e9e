import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { checkReferences, type Concern } from './parts/missing-reference.ts';

export const runtimeClassExists: Rule = {
  id: 'runtime-class-exists',
  severity: 'warn',
  stricterIn: 2,
  summary: 'The RuntimeClass of the pods must exist.',
  rationale:
    'A RuntimeClass names a runtime of the nodes, such as one that gives each pod a virtual machine of its own. Kubernetes ' +
    'creates no pod with one that does not exist: the Deployment is there and stays without pods, or with those of its last ' +
    'version. The class may arrive later, and the pods are created then, so this is a warning and not a refusal. Whether the ' +
    'nodes have the runtime is nothing that can be looked up: pods stay in ContainerCreating where they do not. ' +
    'RuntimeClasses are objects of the cluster: an installation that is limited to some namespaces may not read them, and ' +
    'says that it has not checked.',
  remedy: 'Have it created, or correct the name.',
  examples: {
    accepts: [
      {
        title: 'a RuntimeClass that exists',
        spec: { extensions: { scheduling: { runtimeClassName: 'kata' } } },
        runtimeClasses: ['kata'],
      },
    ],
    rejects: [
      {
        title: 'a RuntimeClass that does not exist',
        spec: { extensions: { scheduling: { runtimeClassName: 'kata' } } },
      },
    ],
  },
  check(input) {
    const mayName = input.server.spec.extensions?.scheduling !== undefined;
    return mayName ? checkReferences(input, concern) : none;
  },
};

const concern = {
  includes: ({ usage }) => usage === 'runtime-class',
  consequence: 'no pod is created until it exists',
} satisfies Concern;
