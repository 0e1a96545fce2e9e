import type { ReferencedKind } from '../engine/facts.ts';
import type { RuleInput } from '../engine/rule.ts';
import type { Reference } from '../mcpserver/references.ts';
import type { Violation } from '../mcpserver/violation.ts';

/** What is to be said about the references to one kind: those that are missing, and those that nobody looked at. */
export function checkReferences(kind: ReferencedKind, { server, facts, references }: RuleInput): readonly Violation[] {
  if (references.length === 0) return [];
  const { namespace } = server.metadata;
  const where = namespace === undefined ? '' : ` in namespace '${namespace}'`;
  return references
    .filter((reference) => reference.kind === kind && !reference.isOptional && reference.name !== '')
    .flatMap((reference) => {
      const found = facts.lookUp(kind, reference.name);
      switch (found.state) {
        case 'found':
          return [];
        case 'missing':
          return [missing(reference, where)];
        case 'unknown':
          return [notChecked(reference, found.reason)];
      }
    });
}

function missing({ kind, name, path }: Reference, where: string): Violation {
  return {
    path,
    headline: `${kind} '${name}' not found${where}`,
    detail: 'the server stays Accepted=False until it exists',
  };
}

function notChecked({ kind, name, path }: Reference, reason: string): Violation {
  return {
    path,
    headline: `${kind} '${name}' not checked`,
    detail: reason,
    remedy: 'Make sure that it exists.',
  };
}
