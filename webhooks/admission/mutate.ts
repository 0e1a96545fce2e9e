import { applyStoredDefaults } from '../core/defaults/apply.ts';
import type { Policy } from '../core/engine/policy.ts';
import { diff } from '../core/defaults/json-patch.ts';
import { parseMCPServer } from '../core/mcpserver/parse.ts';
import { allowed, patched } from './admission-review.ts';
import type { Handler } from './handler.ts';
import { skipReasonOf, type SkipReason } from './scope.ts';

export interface MutateOptions {
  /** Read for every request, so it may be another one from then on. */
  readonly policy: Pick<Policy, 'compatibility'>;
  readonly onSkipped: (reason: SkipReason) => void;
}

/**
 * Adds what the author left out. Never refuses: what it cannot read is left as it is, and the schema, the validating
 * webhook and the reconciler (which all judge the defaulted object anyway) speak next.
 */
export function createMutate(options: MutateOptions): Handler {
  return (request) => {
    const skip = skipReasonOf(request);
    if (skip !== undefined) {
      options.onSkipped(skip);
      return allowed();
    }
    const parsed = parseMCPServer(request.object);
    if (!parsed.ok) return allowed();
    return patched(diff(parsed.server, applyStoredDefaults(parsed.server, options.policy.compatibility)));
  };
}
