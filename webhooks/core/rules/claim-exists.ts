import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { checkReferences, type Concern } from './parts/missing-reference.ts';

export const claimExists: Rule = {
  id: 'claim-exists',
  severity: 'warn',
  stricterIn: 2,
  summary: 'Every PersistentVolumeClaim that the server mounts must exist.',
  rationale:
    'A pod whose PersistentVolumeClaim does not exist is scheduled onto no node and waits. The claim may arrive later, and ' +
    'the pods start then by themselves, so this is a warning and not a refusal. The claim is yours: mcp-lifecycle neither ' +
    'creates nor deletes one.',
  remedy: 'Create it, or correct the name.',
  examples: {
    accepts: [
      {
        title: 'a claim that exists',
        spec: { extensions: { storage: [{ claimName: 'search-index', path: '/index' }] } },
        claims: { 'search-index': ['ReadWriteOnce'] },
      },
    ],
    rejects: [
      {
        title: 'a claim that does not exist',
        spec: { extensions: { storage: [{ claimName: 'search-index', path: '/index' }] } },
      },
    ],
  },
  check(input) {
    const mayName = input.server.spec.extensions?.storage !== undefined;
    return mayName ? checkReferences(input, concern) : none;
  },
};

const concern = {
  includes: ({ usage }) => usage === 'claim',
  consequence: 'the pods wait until it exists',
} satisfies Concern;
