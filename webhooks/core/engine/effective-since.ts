import type { MCPServerExtensions } from '../mcpserver/types.gen.ts';
import type { FieldPath } from '../mcpserver/violation.ts';

/**
 * Since which revision of the catalogue of rules a field of the spec has an effect; 0, or not here: since before there were revisions.
 * A new field has the revision of the rules that came with it (docs/decisions/0096).
 */
const since = {
  gateway: 8,
  'extensions.autoscaling': 8,
  'extensions.ingress': 11,
  'extensions.metrics': 1,
  'extensions.metrics.from': 10,
  'extensions.network': 12,
  'extensions.network.egressHosts': 13,
  'extensions.rollout': 3,
  'extensions.scheduling': 1,
  'extensions.startupProbe': 1,
  'extensions.stdio': 6,
  'extensions.storage': 1,
  'extensions.toolContract': 4,
  'extensions.verification': 0,
} as const satisfies Record<`extensions.${keyof MCPServerExtensions}`, number> & Partial<Record<string, number>>;

const revisions = new Map<string, number>(Object.entries(since));

/** How many fields the longest name above has. */
const depth = 3;

/**
 * Whether what is at this path had no effect yet for a release with that revision (undefined: one before there were revisions): it
 * did nothing with the field, so it has accepted nothing there, and nothing runs of it.
 */
export function hadNoEffect([root, ...fields]: FieldPath, revision = 0): boolean {
  if (root !== 'spec') return false;
  const names = Array.from({ length: depth }, (_, index) => fields.slice(0, index + 1).join('.'));
  return names.some((name) => (revisions.get(name) ?? 0) > revision);
}
