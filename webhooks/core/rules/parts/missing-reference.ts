import type { RuleInput } from '../../engine/rule.ts';
import { referableKinds, type Reference } from '../../mcpserver/references.ts';
import type { Violation } from '../../mcpserver/violation.ts';

/** What somebody waits for while configuration is missing, be it an object or a key of one. */
export const whileMissing = 'the server stays Accepted=False until it exists';

/** Which references a rule is about, and what their absence means. */
export interface Concern {
  readonly includes: (reference: Reference) => boolean;
  /** Completes "ConfigMap 'x' not found: …". */
  readonly consequence: string;
}

/** What is to be said about the objects that are referenced: those that are missing, and those that nobody looked at. */
export function checkReferences({ server, facts, references }: RuleInput, concern: Concern): readonly Violation[] {
  const violations: Violation[] = [];
  for (const reference of references) {
    if (!concern.includes(reference) || reference.isOptional || reference.name === '') continue;
    const found = facts.lookUp(reference.kind, reference.name);
    if (found.state === 'missing') violations.push(notFound(reference, server.metadata.namespace, concern));
    if (found.state === 'unknown') violations.push(notChecked(reference, found.reason));
  }
  return violations;
}

function notFound({ kind, name, path }: Reference, namespace: string | undefined, concern: Concern): Violation {
  const isOfNamespace = namespace !== undefined && !referableKinds[kind].isOfCluster;
  const where = isOfNamespace ? ` in namespace '${namespace}'` : '';
  return { path, headline: `${kind} '${name}' not found${where}`, detail: concern.consequence };
}

function notChecked({ kind, name, path }: Reference, reason: string): Violation {
  const headline = `${kind} '${name}' not checked`;
  return { path, headline, detail: reason, remedy: 'Make sure that it exists.', isUnchecked: true };
}
