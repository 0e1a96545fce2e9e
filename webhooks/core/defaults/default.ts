import type { CompatibilityProfile } from '../mcpserver/compatibility.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import type { Additions } from './additions.ts';

/** One value that an MCPServer gets when its author said nothing. One default = one file. */
export interface Default {
  /** Kebab-case, equals the file name. */
  readonly id: string;
  /**
   * Why admission does not store it with the object: what is stored outlives the reason for it, since a later
   * `kubectl apply` sends only what its author wrote (docs/decisions/0007). Such a default is added wherever a server is
   * judged or expanded, as all are. Either its object is one whole to its author, and half of another one would be
   * merged with ours; or it depends on fields that the author may change, and would go stale. Absent: it is stored, and
   * `apply` must look at nothing but the field that it sets.
   */
  readonly notStored?: 'is one whole' | 'reads other fields';
  /** Whose it is; the two profiles have no default in common. Absent: ours. */
  readonly profile?: CompatibilityProfile;
  /** One sentence for the documentation. Ends with a full stop. */
  readonly summary: string;
  /**
   * Says what it adds to the server, if anything; looks at what the author wrote alone, and never changes it. Applying
   * twice equals once.
   */
  apply(server: MCPServer, added: Additions): void;
}
