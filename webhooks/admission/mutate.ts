import { applyStoredDefaults } from '../core/defaults/apply.ts';
import type { Policy } from '../core/engine/policy.ts';
import { diff } from '../core/defaults/json-patch.ts';
import { keptReplicas } from '../core/mcpserver/kept-replicas.ts';
import { parseMCPServer } from '../core/mcpserver/parse.ts';
import type { MCPServer } from '../core/mcpserver/types.gen.ts';
import { allowed, patched } from './admission-review.ts';
import type { Handler } from './handler.ts';
import { skipReasonOf, type SkipReason } from './scope.ts';

export interface MutateOptions {
  /** Read for every request, so it may be another one from then on. */
  readonly policy: Pick<Policy, 'compatibility'>;
  readonly onSkipped: (reason: SkipReason) => void;
}

/**
 * Adds what the author left out, and keeps the number of pods that an autoscaler has set. Never refuses: what it cannot read is left as it is, and the schema, the validating
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
    const defaulted = applyStoredDefaults(parsed.server, options.policy.compatibility);
    const kept = request.operation === 'UPDATE' ? keptReplicas(parsed.server, request.oldObject) : undefined;
    if (kept === undefined) return patched(diff(parsed.server, defaulted));
    return patched(diff(parsed.server, withReplicas(defaulted, kept)), { warnings: [sayKept(kept)] });
  };
}

function withReplicas({ spec, ...rest }: MCPServer, replicas: number): MCPServer {
  return { ...rest, spec: { ...spec, runtime: { ...spec.runtime, replicas } } };
}

function sayKept(replicas: number): string {
  return `spec.runtime.replicas stays ${replicas}: the autoscaler sets it; kubectl scale sets another number`;
}
