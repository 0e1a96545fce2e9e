import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import type { Reference } from '../mcpserver/references.ts';

export const referencesNamed: Rule = {
  id: 'references-named',
  severity: 'deny',
  summary: 'Every reference to a ConfigMap or Secret must say its name.',
  rationale:
    "Kubernetes' own types allow a reference without a name, and refuse it later, in the Deployment. An optional " +
    'reference is no exception: a pod with a nameless volume is never created.',
  remedy: 'Set the name of the object.',
  examples: {
    accepts: [
      {
        title: 'a reference with a name',
        spec: { config: { envFrom: [{ configMapRef: { name: 'settings' } }] } },
        configMaps: { settings: [] },
      },
    ],
    rejects: [
      {
        title: 'a mounted ConfigMap without a name',
        spec: { config: { storage: [{ path: '/etc/search', source: { type: 'ConfigMap', configMap: {} } }] } },
      },
      {
        title: 'an optional Secret without a name',
        spec: { config: { envFrom: [{ secretRef: { name: '', optional: true } }] } },
      },
    ],
  },
  check: ({ references }) => {
    if (!references.some(isNameless)) return none;
    return references.filter(isNameless).map(({ kind, path }) => ({
      path,
      headline: `the reference to a ${kind} has no name`,
      detail: 'found no name',
    }));
  },
};

function isNameless({ name }: Reference): boolean {
  return name === '';
}
