import { isRecord, ownValue } from './record.ts';
import type { MCPServer } from './types.gen.ts';
import { checkUnderstood } from './understood.ts';
import type { Violation } from './violation.ts';

export type ParsedMCPServer =
  { readonly ok: true; readonly server: MCPServer } | { readonly ok: false; readonly violations: readonly Violation[] };

/**
 * An MCPServer out of whatever came in; `violations` say in the API server's manner why it is none (at most 100).
 *
 * `server` is the object itself, typed; fields that the schema does not know stay in it. Two become a copy: an object that
 * has a generateName and no name, as mutating admission sees it, has an empty name then, and one with a status of a newer
 * release has none of what is not understood of that. So compare a changed server with `server`, not with `raw`, or the
 * comparison finds a name.
 */
export function parseMCPServer(raw: unknown): ParsedMCPServer {
  const parsed = checkUnderstood(awaitsName(raw) ? { ...raw, metadata: { ...raw.metadata, name: '' } } : raw);
  if (!parsed.ok) return parsed;
  const { name, generateName = '' } = parsed.server.metadata;
  return name === '' && generateName === '' ? { ok: false, violations: [nameless] } : parsed;
}

const nameless: Violation = {
  path: ['metadata', 'name'],
  headline: 'required value',
  detail: 'found neither a name nor a generateName',
  remedy: 'Set metadata.name.',
};

function awaitsName(raw: unknown): raw is { readonly metadata: object } {
  const metadata = ownValue(raw, 'metadata');
  return (
    isRecord(metadata) && ownValue(metadata, 'generateName') !== undefined && ownValue(metadata, 'name') === undefined
  );
}
