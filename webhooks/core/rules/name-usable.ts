import type { Rule } from '../engine/rule.ts';

/** Longest DNS-1035 label, and longest label value: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
const maxNameLength = 63;

const label = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;

export const nameUsable: Rule = {
  id: 'name-usable',
  severity: 'deny',
  // Nothing under such a name could ever run; and by its denial admission is told to be there (await-admission.ts).
  isMandatory: true,
  summary: "The server's name must also work as the name of a Service.",
  rationale:
    'The Deployment, the Service and the NetworkPolicy carry the name of the MCPServer, and so does a label. Kubernetes ' +
    'lets an MCPServer be called `search.v2` or `7days`, but refuses a Service of that name: nothing would ever answer. ' +
    'A name cannot be changed later, so it is refused before the object exists. A name made from `generateName` is ' +
    'judged as it comes out.',
  remedy: 'Use at most 63 lower case letters, digits and hyphens, a letter first and no hyphen last.',
  examples: {
    accepts: [
      { title: 'a name of letters, digits and hyphens', name: 'search-v2' },
      { title: 'a name of 63 characters', name: 'a'.repeat(63) },
    ],
    rejects: [
      { title: 'a name with a dot', name: 'search.v2' },
      { title: 'a name that starts with a digit', name: '7days' },
      { title: 'a name that is longer than a label can be', name: 'a'.repeat(64) },
    ],
  },
  check({ server }) {
    const { name } = server.metadata;
    const problem = findProblem(name);
    return problem === undefined
      ? []
      : [{ path: ['metadata', 'name'], headline: `name ${problem}`, detail: `found '${name}'` }];
  },
};

function findProblem(name: string): string | undefined {
  if (name.length > maxNameLength) return `is longer than ${maxNameLength} characters, the limit for a Service`;
  if (name.includes('.')) return 'contains a dot, which a Service name cannot';
  if (!/^[a-z]/.test(name)) return 'does not start with a lower case letter, which a Service name must';
  return label.test(name) ? undefined : 'is not usable as the name of a Service';
}
