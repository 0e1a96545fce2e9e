import type { RuleInput } from '../../engine/rule.ts';
import type { Reference } from '../../mcpserver/references.ts';
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
  if (references.length === 0) return [];
  const { namespace } = server.metadata;
  const where = namespace === undefined ? '' : ` in namespace '${namespace}'`;
  return references
    .filter((reference) => concern.includes(reference) && !reference.isOptional && reference.name !== '')
    .flatMap(({ kind, name, path }) => {
      const found = facts.lookUp(kind, name);
      switch (found.state) {
        case 'found':
          return [];
        case 'missing':
          return [{ path, headline: `${kind} '${name}' not found${where}`, detail: concern.consequence }];
        case 'unknown':
          return [notChecked({ kind, name, path }, found.reason)];
      }
    });
}

function notChecked({ kind, name, path }: Pick<Reference, 'kind' | 'name' | 'path'>, reason: string): Violation {
  return {
    path,
    headline: `${kind} '${name}' not checked`,
    detail: reason,
    remedy: 'Make sure that it exists.',
  };
}
