import type { CompositeKind, CompositeViolation, Expansion } from '../core/composites/composite-kind.ts';
import { mcpPool } from '../core/composites/mcp-pool.ts';
import { compositeStructures } from '../core/composites/structures.gen.ts';
import { errorsOf as errorsOfPool } from '../core/composites/validate-pool.gen.ts';
import { toStored } from '../core/mcpserver/as-stored.ts';
import { toSchemaViolation } from '../core/mcpserver/schema.ts';
import type { SchemaError } from '../core/mcpserver/validate.gen.ts';
import { renderPath, type FieldPath } from '../core/mcpserver/violation.ts';
import { completeMetadata } from './judge-manifest.ts';

/** By plural, of those whose schema says more than that of the MCPServers that their objects become. */
const validators: Readonly<Record<string, (data: unknown) => readonly SchemaError[]>> = {
  [mcpPool.plural]: errorsOfPool,
};

/** What is said of an object of a kind above by itself. */
export interface OwnJudgement {
  readonly violations: readonly CompositeViolation[];
  /** What the API server drops. */
  readonly unknownFields: readonly FieldPath[];
}

/**
 * What is wrong with the object itself, and what its CRD says besides: in a cluster the API server asks that first, so whoever
 * expands it there need not say it.
 */
export function judgeOwnSchema(of: CompositeKind, value: unknown, expansion: Expansion): OwnJudgement {
  const { object, unknownFields } = toStored(
    completeMetadata(value, ''),
    compositeStructures[`${of.plural}.${of.group}`],
  );
  const errors = validators[of.plural]?.(object) ?? [];
  const { violations } = expansion;
  const known = new Set(
    violations.filter(({ reason }) => reason !== limitExceeded).map(({ path }) => renderPath(path)),
  );
  const found = errors
    .map((error): CompositeViolation => ofItsServer({ ...toSchemaViolation(error, object), reason: 'Invalid' }))
    .filter(({ path }) => !known.has(renderPath(path)));
  const wrong = new Set(found.map(({ path }) => renderPath(path)));
  // What is no limit is not exceeded.
  return { violations: [...found, ...violations.filter(({ path }) => !wrong.has(renderPath(path)))], unknownFields };
}

const limitExceeded = 'LimitExceeded';

function ofItsServer(violation: CompositeViolation): CompositeViolation {
  const [, list, server] = violation.path;
  return list === 'servers' && typeof server === 'number' ? { ...violation, server } : violation;
}
